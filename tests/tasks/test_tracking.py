import numpy as np
import pandas as pd

from lowrnn.tasks import Trials
from lowrnn.tasks.tracking import followed


def test_ninety_per_cent_of_the_variance_over_the_steps_that_count() -> None:
    targets = np.zeros((4, 6, 1))
    targets[:3, :, 0] = [0, 1, 2, 3, 99, 99]
    mask = np.array([[1, 1, 1, 1, 0, 0]] * 4)
    trials = Trials(np.zeros((4, 6, 1)), targets, mask, pd.DataFrame({"a": range(4)}), 0.1)
    outputs = targets.copy()
    outputs[:, 4:] = 0
    # The variance sums to 5 over four steps: an offset of 0.35 leaves 0.49, one of 0.36 0.52.
    outputs[1, :4] += 0.35
    outputs[2, :4] += 0.36
    np.testing.assert_array_equal(followed(outputs, trials), [1, 1, 0, np.nan])
