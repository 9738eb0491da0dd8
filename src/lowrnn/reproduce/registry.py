"""Which papers there are, and their claims by name."""

import difflib
import importlib

from lowrnn.errors import InputError
from lowrnn.reproduce.claim import Claim

PAPERS = {
    "mastrogiuseppe2018": "Mastrogiuseppe & Ostojic, Neuron 99 (2018) 609-623: Linking"
    " connectivity, dynamics, and computations in low-rank recurrent neural networks",
    "beiran2021": "Beiran, Dubreuil, Valente, Mastrogiuseppe & Ostojic, Neural Computation 33"
    " (2021) 1572-1615: Shaping dynamics with multiple populations in low-rank recurrent networks",
    "dubreuil2022": "Dubreuil, Valente, Beiran, Mastrogiuseppe & Ostojic, Nature Neuroscience 25"
    " (2022) 783-794: The role of population structure in computations through neural dynamics",
    "valente2022": "Valente, Pillow & Ostojic, NeurIPS 2022: Extracting computational mechanisms"
    " from neural data using low-rank RNNs",
    "clark2024": "Clark & Abbott, Physical Review X 14 (2024) 021001: Theory of coupled"
    " neuronal-synaptic dynamics",
    "krause2022": "Krause, Cook, Kollmorgen, Mante & Indiveri, NeurIPS 2022: Operative dimensions"
    " in unconstrained connectivity of recurrent neural networks",
    "liu2024": "Liu, Baratin, Cornford, Mihalas, Shea-Brown & Lajoie, ICLR 2024: How connectivity"
    " structure shapes rich and lazy learning in neural circuits",
    "beiran2023": "Beiran, Meirhaeghe, Sohn, Jazayeri & Ostojic, Neuron 111 (2023) 739-753:"
    " Parametric control of flexible timing through low-dimensional neural manifolds",
    "pellegrino2023": "Pellegrino, Cayco-Gajic & Chadwick, NeurIPS 2023: Low tensor rank learning"
    " of neural dynamics",
    "turner2023": "Turner & Barak, NeurIPS 2023: The simplicity bias in multi-task RNNs: shared"
    " attractors, reuse of dynamics, and geometric representation",
    "costacurta2024": "Costacurta, Bhandarkar, Zoltowski & Linderman, NeurIPS 2024: Structured"
    " flexibility in recurrent neural networks via neuromodulation",
    "clark2025": "Clark, Marschall, van Meegen & Litwin-Kumar, Physical Review X 15 (2025):"
    " Connectivity structure and dynamics of nonlinear recurrent neural networks",
    "ratzon2024": "Ratzon, Derdikman & Barak, eLife 12 (2024) RP90069: Representational drift as a"
    " result of implicit regularization",
    "schuessler2020": "Schuessler, Mastrogiuseppe, Dubreuil, Ostojic & Barak, NeurIPS 2020: The"
    " interplay between randomness and structure during learning in RNNs",
    "schuessler2024": "Schuessler, Mastrogiuseppe, Ostojic & Barak, eLife 13 (2024) RP93060:"
    " Aligned and oblique dynamics in recurrent neural networks",
    "mastrogiuseppe2025": "Mastrogiuseppe, Carmona & Machens, PLoS Computational Biology 2025:"
    " Stochastic activity in low-rank recurrent neural networks",
    "crespo2024": "Crespo, Maoutsa & Getz, Bernstein Conference 2024: Shaping low-rank RNNs with"
    " biological learning rules",
}
"""Citations by the name of the paper, which is also that of its file."""


def paper_claims(paper: str) -> tuple[Claim, ...]:
    """The claims of one paper of `PAPERS`, from its file."""
    claims: tuple[Claim, ...] = importlib.import_module(f"lowrnn.reproduce.{paper}").CLAIMS
    return claims


def find_claims(name: str = "all") -> tuple[Claim, ...]:
    """The claims that a name stands for, in the order of the papers.

    Parameters
    ----------
    name : str
        A claim, such as `valente2022.H6a`; a paper, for all its claims; or `all`.

    Raises
    ------
    InputError
        If nothing has that name.
    """
    if name in PAPERS:
        return paper_claims(name)
    claims = tuple(claim for paper in PAPERS for claim in paper_claims(paper))
    if name == "all":
        return claims
    named = tuple(claim for claim in claims if claim.id == name)
    if not named:
        known = [*PAPERS, *(claim.id for claim in claims), "all"]
        close = difflib.get_close_matches(name, known) or [*PAPERS, "all"]
        raise InputError(f"claim is {name!r}: give {' or '.join(close)}, or see --list for others")
    return named
