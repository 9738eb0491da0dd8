"""A theory written in YAML: which networks, at which input."""

from pathlib import Path
from typing import Any, Literal

from lowrnn.errors import InputError
from lowrnn.networks.mixture import GaussianMixture
from lowrnn.recordings.schema import Strict, load_yaml, validate
from lowrnn.theory.families import rank_one
from lowrnn.theory.mean_field import MeanField

Number = float | int
Block = Number | list[Any]


class RankOne(Strict):
    """Keys of `rank_one`: the arguments of `lowrnn.theory.families.rank_one`."""

    overlap: Number | None = None
    by: Literal["covariance", "means"] = "covariance"
    mean_m: Number = 0.0
    mean_n: Number = 0.0
    sigma_m: Number = 1.0
    sigma_n: Number | None = None
    cov_mn: Number = 0.0
    mean_I: Number = 0.0
    sigma_mI: Number = 0.0
    sigma_nI: Number = 0.0
    sigma_perp: Number = 0.0


class Moments(Strict):
    """Keys of `moments`: the arguments of `GaussianMixture.from_moments`."""

    rank: int
    inputs: int = 0
    outputs: int = 0
    weights: Block = 1.0
    nm: Block
    mm: Block = 1.0
    nn: Block | None = None
    mB: Block = 0.0
    nB: Block = 0.0
    BB: Block | None = None
    wm: Block = 0.0
    wn: Block = 0.0
    wB: Block = 0.0
    ww: Block | None = None
    mean_m: Block = 0.0
    mean_n: Block = 0.0
    mean_B: Block = 0.0
    mean_w: Block = 0.0


class Mixture(Strict):
    """Keys of `mixture`: the arguments of `GaussianMixture`."""

    rank: int
    inputs: int = 0
    outputs: int = 0
    weights: list[Number]
    means: list[list[Number]]
    covariances: list[list[list[Number]]]


class TheorySpec(Strict):
    """A family of infinite networks: exactly one of `rank_one`, `moments` and `mixture`."""

    rank_one: RankOne | None = None
    moments: Moments | None = None
    mixture: Mixture | None = None
    g: Number = 0.0
    nonlinearity: str = "tanh"
    noise_std: Number = 0.0
    input: list[Number] | Number | None = None

    def build(self) -> tuple[MeanField, list[float] | None]:
        """The theory, and the constant input.

        Raises
        ------
        InputError
            If not exactly one form is given, or what it says cannot be.
        """
        forms = {"rank_one": self.rank_one, "moments": self.moments, "mixture": self.mixture}
        given = [name for name, form in forms.items() if form is not None]
        if len(given) != 1:
            raise InputError(
                f"the networks are given by {' and '.join(given) or 'nothing'}: give exactly one"
                f" of {', '.join(forms)}"
            )
        if self.rank_one is not None:
            mixture = rank_one(**self.rank_one.model_dump())
        elif self.moments is not None:
            mixture = GaussianMixture.from_moments(**self.moments.model_dump())
        else:
            assert self.mixture is not None
            mixture = GaussianMixture(**self.mixture.model_dump())
        theory = MeanField(
            mixture, self.g, nonlinearity=self.nonlinearity, noise_std=self.noise_std
        )
        if self.input is None:
            return theory, None
        values = self.input if isinstance(self.input, list) else [self.input]
        return theory, [float(value) for value in values]


def read_theory(path: str | Path) -> TheorySpec:
    """Read a theory from a YAML file.

    Raises
    ------
    InputError
        If the file cannot be read, or a key or value is not as it should be.
    """
    return validate(TheorySpec, load_yaml(Path(path)), str(path))
