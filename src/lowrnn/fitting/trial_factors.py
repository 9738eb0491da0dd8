"""Trial factors that vary smoothly over trials: a Gaussian process, and what is inferred in it."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.linalg
from numpy.typing import ArrayLike, NDArray

from lowrnn.errors import InputError, check_array, check_number

Array = NDArray[np.float64]

#: Share of the variance on the diagonal, without which smooth covariances have no Cholesky factor.
_RELATIVE_JITTER = 1e-6


@dataclass(frozen=True, eq=False)
class TrialProcess:
    """A process over trials: a smooth part, and a jitter of each trial by itself.

    Attributes
    ----------
    smooth : array (trial, trial)
        Covariance of the smooth part.
    jitter : float
        Standard deviation of the other.
    """

    smooth: Array
    jitter: float

    @cached_property
    def covariance(self) -> Array:
        """Covariance of both, (trial, trial), in double precision and safe to factorise."""
        variance = self.smooth[0, 0] + self.jitter**2
        extra = self.jitter**2 + _RELATIVE_JITTER * variance
        return np.asarray(self.smooth + extra * np.eye(len(self.smooth)))

    @cached_property
    def root(self) -> Array:
        """`L` with `L Lᵀ` the covariance: `L ξ` is a sample for white ξ (trial, component)."""
        return np.asarray(np.linalg.cholesky(self.covariance))

    @cached_property
    def filter(self) -> Array:
        """What takes deviations from the mean to the expected smooth part, (trial, trial)."""
        return np.asarray(scipy.linalg.solve(self.covariance, self.smooth, assume_a="pos").T)

    def smooth_sd(self, scale: ArrayLike, information: ArrayLike) -> Array:
        """Standard deviation of the smooth part given data, (trial, component).

        Parameters
        ----------
        scale : array (component,)
            By how much a component varies more than the process says.
        information : array (trial, component)
            Inverse variance with which data alone tell each factor.
        """
        sizes, told = np.asarray(scale, np.float64), np.asarray(information, np.float64)
        spread = np.empty(told.shape)
        for r, size in enumerate(sizes):
            # Of the whole, from the Woodbury identity, which bears information of 0.
            root = size * self.root
            seen = root * np.sqrt(told[:, r])[:, None]
            whole = root @ np.linalg.solve(np.eye(len(told)) + seen.T @ seen, root.T)
            within = size**2 * (self.smooth - self.filter @ self.smooth)
            variance = np.diag(self.filter @ whole @ self.filter.T + within)
            spread[:, r] = np.sqrt(np.maximum(variance, 0))
        return spread


def trial_process(
    ids: ArrayLike,
    epochs: ArrayLike | None = None,
    *,
    smoothness: float = 15.0,
    amplitude: float = 0.1,
    jitter: float = 0.1,
) -> TrialProcess:
    """The rational quadratic process of Pellegrino et al. 2023, `σ² / (1 + d² / (2 l²))`.

    Parameters
    ----------
    ids : array (trial,)
        Numbers of the trials in the session, whose differences are d: trials that were left out
        leave gaps.
    epochs : array (trial,), optional
        Labels; the smooth parts of two epochs are independent, so that factors can jump between.
    smoothness : float
        l, in trials. The correlation is 0.67, 0.33 and 0.18 at l, 2 l and 3 l. 0 makes each trial
        independent.
    amplitude : float
        σ.
    jitter : float
        Standard deviation of what each trial has for itself.

    Raises
    ------
    InputError
        If a number is out of range, amplitude and jitter are both 0, or shapes disagree.
    """
    number = check_array("trial_ids", ids, ("trial",), dtype=np.float64)
    length = check_number("smoothness", smoothness, at_least=0)
    size = check_number("amplitude", amplitude, at_least=0)
    own = check_number("jitter", jitter, at_least=0)
    if size == own == 0:
        raise InputError("amplitude and jitter are 0: give one above 0, or fit a static network")
    apart = number[:, None] - number
    if length:
        smooth = size**2 / (1 + apart**2 / (2 * length**2))
    else:
        smooth = size**2 * np.eye(len(number))
    if epochs is not None:
        labels = np.asarray(epochs)
        if labels.shape != number.shape:
            raise InputError(
                f"epochs has shape {labels.shape}: give one label for each of {len(number)} trials"
            )
        smooth = np.where(labels[:, None] == labels, smooth, 0.0)
    return TrialProcess(smooth, own)
