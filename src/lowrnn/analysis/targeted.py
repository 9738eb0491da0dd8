"""Targeted dimensionality reduction: the axes of task variables in the space of neurons."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from lowrnn.analysis.selectivity import design_matrix, regress
from lowrnn.errors import InputError, check_array

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class TargetedAxes:
    """Axes of task variables.

    Attributes
    ----------
    variables : tuple of str
        In the order in which they were made orthogonal.
    axes : array (neuron, variable)
        Orthonormal: each the direction that encodes a variable, less what it shares with those
        before it. Activity moves along it in the positive sense as the variable grows.
    directions : array (neuron, variable)
        The same before, of length 1: not orthogonal.
    coefficients : array (time, neuron, variable)
        Regression coefficients that they come from, denoised.
    peak : array (variable,) of int
        The step at which the coefficients of each variable are largest, whose direction is taken.
    """

    variables: tuple[str, ...]
    axes: Array
    directions: Array
    coefficients: Array
    peak: NDArray[np.intp]

    def project(self, activity: ArrayLike) -> Array:
        """Activity (..., neuron) on the axes, (..., variable)."""
        values = np.asarray(activity, np.float64)
        values = check_array("activity", values, (*values.shape[:-1], len(self.axes)))
        projected: Array = values @ self.axes
        return projected

    def alignment(self, vectors: ArrayLike) -> Array:
        """Absolute cosines with vectors (neuron, vector), such as loadings: (variable, vector)."""
        given = check_array("vectors", vectors, (len(self.axes), "vector"), dtype=np.float64)
        length = np.linalg.norm(given, axis=0)
        cosines: Array = np.abs(self.axes.T @ given) / np.where(length > 0, length, np.nan)
        return cosines


def targeted_axes(
    activity: ArrayLike,
    conditions: pd.DataFrame,
    variables: Sequence[str],
    *,
    components: int | None = 12,
) -> TargetedAxes:
    """The axes along which a population encodes task variables (Mante, Sussillo et al. 2013).

    The activity of each neuron at each step is regressed on all variables and a constant, over
    trials or conditions. The coefficients of a variable form a direction that changes in time; it
    is projected on the leading principal components of the activity and taken at the step where
    its length is largest. A QR decomposition makes the directions orthogonal, in the given order.

    Parameters
    ----------
    activity : array (trial, time, neuron)
        Rates or states, of single trials or averaged by condition.
    conditions : pandas.DataFrame
        One row a trial, such as `Trials.conditions`.
    variables : sequence of str
        Numeric columns, the most important first: published with choice, then the stimuli, then
        context. Those first keep what they share with later ones.
    components : int, optional
        Principal components of the activity over trials and steps; None for all.

    Returns
    -------
    TargetedAxes

    Raises
    ------
    InputError
        If a variable is unknown or no number, variables depend on each other linearly, activity
        does not encode one of them, or there are fewer components than variables.

    References
    ----------
    Mante, Sussillo, Shenoy & Newsome, Nature 503 (2013) 78-84.
    """
    rates = check_array("activity", activity, ("trial", "time", "neuron"), dtype=np.float64)
    names = tuple(variables)
    neurons = rates.shape[2]
    most = neurons if components is None else min(components, neurons)
    if not 1 <= len(names) <= most:
        raise InputError(
            f"variables are {len(names)} with {most} components: give at least one variable, and no"
            " fewer components than variables"
        )
    design = design_matrix(conditions, names, len(rates))
    beta = regress(rates, design, names, intercept=True)
    if components is not None and components < neurons:
        basis = _principal_components(rates, components)
        beta = (beta @ basis) @ basis.T
    length = np.linalg.norm(beta, axis=2)
    peak = length.argmax(axis=1)
    chosen = beta[np.arange(len(names)), peak].T
    longest = length.max(axis=1)
    silent = np.flatnonzero(longest <= 1e-12 * max(1.0, float(np.abs(rates).max())))
    if silent.size:
        raise InputError(
            f"variable {names[silent[0]]!r} has no effect on activity: leave it out, or give steps"
            " at which it has one"
        )
    directions = chosen / longest
    axes, triangle = np.linalg.qr(directions)
    own = np.diag(triangle)
    if np.abs(own).min() < 1e-8:
        dependent = names[int(np.abs(own).argmin())]
        raise InputError(
            f"variable {dependent!r} is encoded along the axes of those before it: leave it out"
        )
    return TargetedAxes(names, axes * np.sign(own), directions, np.moveaxis(beta, 0, 2), peak)


def _principal_components(rates: Array, components: int) -> Array:
    """Leading principal components over trials and steps, (neuron, component)."""
    flat = rates.reshape(-1, rates.shape[2])
    centred = flat - flat.mean(axis=0)
    _, vectors = np.linalg.eigh(centred.T @ centred)
    leading: Array = vectors[:, ::-1][:, :components]
    return leading
