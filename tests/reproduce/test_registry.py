"""The registry: what can be asked for, and what every paper's file must be."""

import re
import subprocess
import sys

import pytest

from lowrnn import InputError
from lowrnn.reproduce import PAPERS, find_claims, paper_claims

ALL = find_claims("all")


def test_listing_is_light():
    program = (
        "import sys; from lowrnn.reproduce import find_claims; find_claims('all');"
        "print(*{m.split('.')[0] for m in sys.modules})"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    heavy = {"torch", "numba", "scipy", "pandas", "sklearn", "matplotlib", "plotly"}
    assert not heavy & set(answer.stdout.split())


def test_ids_are_unique():
    ids = [claim.id.lower() for claim in ALL]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("paper", PAPERS)
def test_claims_belong_to_their_paper(paper):
    assert paper_claims(paper)
    assert all(claim.paper == paper and claim.label for claim in paper_claims(paper))


@pytest.mark.parametrize("claim", ALL, ids=lambda claim: claim.id)
def test_a_claim_is_complete(claim):
    assert claim.statement.endswith(".")
    assert claim.figure
    assert claim.remark, "say where the number comes from"
    assert claim.tolerance >= 0
    assert claim.relation in ("equal", "at least", "at most")
    assert isinstance(claim.published, float)


def test_every_headline_of_trained_networks_has_a_claim():
    claims = paper_claims("dubreuil2022") + paper_claims("valente2022")
    rows = {int(re.match(r"H(\d+)", claim.label)[1]) for claim in claims}
    assert rows == set(range(1, 17)) - {7}


def test_names_are_claims_papers_or_all():
    paper = next(iter(PAPERS))
    assert find_claims(paper) == tuple(claim for claim in ALL if claim.paper == paper)
    assert find_claims(ALL[-1].id) == ALL[-1:]
    assert len(ALL) == sum(len(find_claims(paper)) for paper in PAPERS)


@pytest.mark.parametrize("name", ["valente2021", "Valente2022", "valente2022."])
def test_an_unknown_name_has_close_matches(name):
    with pytest.raises(InputError, match=f"claim is '{name}': give .*valente2022"):
        find_claims(name)


def test_a_name_like_no_other_shows_what_there_is():
    with pytest.raises(InputError, match=r"give .*valente2022.* or all, or see --list"):
        find_claims("?")
