"""A task that is over in fourteen steps."""

import pytest

from lowrnn.tasks import PerceptualDecision


@pytest.fixture
def short() -> PerceptualDecision:
    return PerceptualDecision(fixation=0.02, stimulus=0.16, delay=0.04, decision=0.06)
