"""The inverse problem: a network whose latents move as wanted."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from scipy.stats import qmc

from lowrnn.errors import ConvergenceError, InputError, check_array, check_number
from lowrnn.networks.mixture import GaussianMixture
from lowrnn.networks.nonlinearity import check_nonlinearity
from lowrnn.networks.threads import one_thread
from lowrnn.theory.design.flow_design import FlowDesign
from lowrnn.theory.design.flow_populations import (
    LARGEST_SPREAD,
    FlowProblem,
    Populations,
    whole_neurons,
)
from lowrnn.theory.mean_field import MeanField

Array = NDArray[np.float64]

#: Random populations that the greedy choice has, and points at which a function is sampled.
CANDIDATES, POINTS = 200, 1024
#: Of samples, one in so many is held out.
HELD_OUT = 5


def design_flow(
    target: Callable[..., ArrayLike] | tuple[ArrayLike, ArrayLike],
    region: ArrayLike | None = None,
    *,
    rank: int,
    inputs: int = 0,
    populations: int = 20,
    tolerance: float | None = None,
    neurons: int | None = 1000,
    exact: bool = True,
    tau: float = 1.0,
    nonlinearity: str = "tanh",
    spread: float = 0.5,
    ridge: float = 1e-9,
    candidates: int = CANDIDATES,
    steps: int = 200,
    points: int = POINTS,
    seed: int = 0,
) -> FlowDesign:
    """A Gaussian mixture of loadings whose latents obey `dkappa/dt = target(kappa, v)`.

    Mixtures of enough populations give any flow on a bounded region (Beiran et al. 2021, section
    5): for given loadings m and B, least squares give the mean of n and its covariances with them.
    Random loadings need huge n, and networks of finite size are then far from the flow. Here the
    moments of all loadings minimise the expected squared error of the flow of networks of
    `neurons` neurons, the sampling noise of which is known in closed form: a greedy choice among
    random populations, then gradient steps in the statistics of m and B and the shares of the
    populations, each with the best n.

    Outside the region the flow is not controlled, and there may be further attractors:
    `mean_field.stationary(design.input())` finds them.

    Parameters
    ----------
    target : callable, or pair of arrays (point, rank + inputs) and (point, rank)
        The flow: a function of kappa (point, rank), and of v (point, input) if there are inputs,
        that returns velocities (point, rank); or points, latents first and then inputs, and the
        velocities there, a fifth of which is held out. v is the filtered input,
        `tau dv/dt = -v + u`. Where points are denser, the flow will be more accurate.
    region : float or array (rank + inputs, 2), optional
        Lowest and highest latents and filtered inputs, or the half-width of a cube around zero.
        Needed for a function; samples bring their own.
    rank, inputs : int
        Numbers of latents and of inputs of the target.
    populations : int
        Number of populations, or the largest if there is a tolerance.
    tolerance : float, optional
        Use the fewest populations with which the relative error at `neurons` is not larger.
    neurons : int or None
        Size of the networks to design for. None designs an infinite network: only `ridge` bounds
        n.
    exact : bool
        Whether networks will be sampled with exact means and covariances, which leaves less noise.
    tau : float
        Time constant of the network, in the unit of time of the target.
    nonlinearity : str
        phi, by name.
    spread : float
        Smallest standard deviation of the loadings m and B within a population, over one over the
        half-width of the region along their axis; at most 2. The smaller, the more alike are the
        neurons of a population and the smaller is the error.
    ridge : float
        Weight of the sum of squares of all `share · (mean of n, coefficients of n on the whitened
        m and B)` beside the squared error.
    candidates : int
        Random populations to choose from. As many as populations, with no steps and no neurons,
        is the method of Beiran et al.
    steps : int
        Steps of the gradient search (L-BFGS), at most. The search is local: more steps, or another
        seed, can lower the error further.
    points : int
        Points at which a function is sampled, quasi-random; as many others measure the held-out
        error.
    seed : int
        Determines candidates, points and which samples are held out.

    Returns
    -------
    FlowDesign

    Raises
    ------
    InputError
        If the target is not finite, has another shape or is zero, there are fewer points than
        coefficients, or fewer neurons than the populations need.
    ConvergenceError
        If the tolerance is not reached.
    """
    if rank < 1 or inputs < 0 or populations < 1 or candidates < populations:
        raise InputError(
            f"rank is {rank}, inputs {inputs}, populations {populations}, candidates {candidates}:"
            " give a rank and populations of at least 1 and no fewer candidates than populations"
        )
    check_number("tau", tau, above=0)
    check_number("ridge", ridge, above=0)
    check_number("points", points, at_least=2)
    if tolerance is not None:
        check_number("tolerance", tolerance, above=0)
    if check_number("spread", spread, above=0) > LARGEST_SPREAD:
        raise InputError(f"spread is {spread}: give at most {LARGEST_SPREAD:g}")
    # Exact sampling needs more neurons than loadings, and its noise is known to leading order.
    least = 2 * (2 * rank + inputs + 2) if exact else 1
    if neurons is not None and neurons < populations * least:
        raise InputError(
            f"neurons is {neurons}: {populations} populations need {populations * least}, so give"
            " more neurons or fewer populations"
        )
    rng = np.random.default_rng(seed)
    box, (at, flow), held_out = _points(target, region, rank, inputs, points, rng)
    if len(at) < populations * (rank + inputs + 2):
        raise InputError(
            f"target has {len(at)} points for {populations * (rank + inputs + 2)} coefficients of"
            " each latent: give more points or fewer populations"
        )
    to_cube = _to_cube(box)
    problem = FlowProblem(
        np.column_stack([at, np.ones(len(at))]) @ to_cube.T,
        at[:, :rank] + tau * flow,
        nonlinearity=check_nonlinearity(nonlinearity),
        neurons=np.inf if neurons is None else neurons,
        exact=exact,
        ridge=ridge,
    )
    scale = float(tau * np.sqrt((flow**2).sum(axis=1).mean()))
    if scale == 0:
        raise InputError("target is zero at all points: give a flow that moves the latents")
    drawn = problem.draw(candidates, spread, rng)

    def design(number: int) -> FlowDesign:
        found = problem.choose(drawn, number)
        if steps:
            found = problem.refine(found, steps, spread)
        if neurons is not None:
            counts = whole_neurons(found.share.numpy(), neurons, least)
            found = Populations(found.centre, found.spread, torch.tensor(counts / neurons))
        coefficients, noise = problem.solve(found)
        mixture = _mixture(found, coefficients.numpy(), to_cube, rank)
        theory = MeanField(mixture, nonlinearity=nonlinearity)

        def error(at: Array, flow: Array) -> float:
            v = np.column_stack([at[:, rank:], np.ones(len(at))])
            missed = theory.flow(at[:, :rank], v) - tau * flow
            return float(np.sqrt((missed**2).sum(axis=1).mean()) / scale)

        return FlowDesign(
            mixture,
            nonlinearity,
            tau,
            neurons,
            exact,
            error=error(at, flow),
            held_out_error=error(*held_out),
            sampling_noise=float(np.sqrt(noise)) / scale,
        )

    with one_thread():
        if tolerance is None:
            return design(populations)
        for number in range(1, populations + 1):
            result = design(number)
            if result.network_error <= tolerance:
                return result
    raise ConvergenceError(
        f"the relative error is {result.network_error:.3g} with {populations} populations, above"
        f" the tolerance {tolerance:g}: give more populations or neurons, or a smaller spread"
    )


def _points(
    target: Callable[..., ArrayLike] | tuple[ArrayLike, ArrayLike],
    region: ArrayLike | None,
    rank: int,
    inputs: int,
    points: int,
    rng: np.random.Generator,
) -> tuple[Array, tuple[Array, Array], tuple[Array, Array]]:
    """The region, and points with their velocities: those of the design and those held out."""
    axes = rank + inputs
    if not callable(target):
        if region is not None:
            raise InputError("region is given beside samples: leave it out, the samples span it")
        if not isinstance(target, tuple | list) or len(target) != 2:
            raise InputError(
                f"target is a {type(target).__name__}: give a function, or a pair of arrays of"
                " points and velocities"
            )
        at = check_array("target[0]", target[0], ("point", axes), dtype=np.float64)
        flow = check_array("target[1]", target[1], (len(at), rank), dtype=np.float64)
        box = _check_box("target[0]", np.column_stack([at.min(axis=0), at.max(axis=0)]))
        order = rng.permutation(len(at))
        held, kept = np.split(order, [max(len(at) // HELD_OUT, 1)])
        return box, (at[kept], flow[kept]), (at[held], flow[held])
    if region is None:
        raise InputError("region is not given: say where the flow of the function is wanted")
    box = np.asarray(region, np.float64)
    if box.ndim == 0:
        box = np.outer(np.ones(axes), [-box, box])
    box = _check_box("region", check_array("region", box, (axes, 2), dtype=np.float64))

    def sampled() -> tuple[Array, Array]:
        unit = qmc.Sobol(axes, seed=rng).random_base2(int(np.ceil(np.log2(points))))
        at = qmc.scale(unit[:points], box[:, 0], box[:, 1])
        flow = target(at[:, :rank], at[:, rank:]) if inputs else target(at)
        return at, check_array("target's value", flow, (points, rank), dtype=np.float64)

    return box, sampled(), sampled()


def _check_box(field: str, box: Array) -> Array:
    """Lowest and highest value along each axis, the first below the second."""
    flat = np.flatnonzero(box[:, 0] >= box[:, 1])
    if len(flat):
        low, high = box[flat[0]]
        raise InputError(
            f"{field} reaches from {low:g} to {high:g} along axis {flat[0]}: give a range"
        )
    return box


def _to_cube(box: Array) -> Array:
    """The matrix that takes (kappa, v, 1) to coordinates between -1 and 1, and 1."""
    centre, half = box.mean(axis=1), np.diff(box, axis=1)[:, 0] / 2
    matrix = np.diag(np.append(1 / half, 1.0))
    matrix[:-1, -1] = -centre / half
    return matrix


def _mixture(found: Populations, coefficients: Array, to_cube: Array, rank: int) -> GaussianMixture:
    """The loadings of populations in the cube, in the coordinates of the target."""
    centre, spread = found.centre.numpy(), found.spread.numpy()
    a, w = np.split(coefficients, [1], axis=1)
    mean = centre @ to_cube
    scaled = spread[:, :, None] * to_cube
    own = scaled.swapaxes(1, 2) @ scaled
    with_n = w.swapaxes(1, 2) @ scaled
    return GaussianMixture.from_moments(
        with_n[:, :, :rank],
        mm=own[:, :rank, :rank],
        nn=w.swapaxes(1, 2) @ w,
        mB=own[:, :rank, rank:],
        nB=with_n[:, :, rank:],
        BB=own[:, rank:, rank:],
        mean_m=mean[:, :rank],
        mean_n=a[:, 0],
        mean_B=mean[:, rank:],
        weights=found.share.numpy(),
        rank=rank,
        inputs=mean.shape[1] - rank,
    )
