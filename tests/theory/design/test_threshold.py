"""Where a stimulus switches the designs that hold a state."""

import numpy as np
import pytest

from lowrnn.errors import InputError
from lowrnn.theory.design import (
    context_go_nogo,
    context_integration,
    detection,
    go_nogo,
    threshold,
)


@pytest.mark.parametrize(("background", "expected"), [(1.0, 0.5503), (0.0, 0.6608)])
def test_detection(background, expected):
    fold = threshold(detection(background=background), 0, "stimulus")
    assert fold.kind == "fold"
    assert fold.value == pytest.approx(expected, abs=1e-4)
    assert fold.state.outlier.real == pytest.approx(1, abs=1e-6)
    assert fold.state.kappa[0] < 0


@pytest.mark.parametrize(
    ("cues", "relevant", "irrelevant"), [((0.08, -0.14), 0.674, 1.077), ((0.2, -0.4), 0.571, 1.57)]
)
def test_context_go_nogo(cues, relevant, irrelevant):
    """The reference values come from a scan over finite times: up to 0.002 above the fold."""
    task = context_go_nogo(relevant_cue=cues[0], irrelevant_cue=cues[1])
    found = [threshold(task, i, f"stimulus_{k}").value for i, k in enumerate("AB")]
    assert found == pytest.approx([relevant, irrelevant], abs=2e-3)
    mirrored = threshold(task, 3, "stimulus_B").value
    assert mirrored == pytest.approx(found[0], abs=1e-7)


def test_the_flow_switches_beyond_the_fold_alone():
    fold = threshold(context_go_nogo(), 0, "stimulus_A").value
    for factor, sign in ((0.99, -1), (1.01, 1)):
        state = context_go_nogo(amplitude=factor * fold).states()[0]
        assert np.sign(state.z[0]) == sign


def test_what_has_no_threshold_says_so():
    with pytest.raises(InputError, match="followed to 2 without a fold"):
        threshold(go_nogo(), 0, "go", limit=2.0)
    with pytest.raises(InputError, match="on a continuous attractor"):
        threshold(context_integration(), 0, "stimulus_A")
    with pytest.raises(InputError, match="input_name is 'sound': name one of go, nogo"):
        threshold(go_nogo(), 0, "sound")
    with pytest.raises(InputError, match="condition is 2"):
        threshold(go_nogo(), 2, "go")
    with pytest.raises(InputError, match="limit is 0"):
        threshold(go_nogo(), 0, "go", limit=0)
