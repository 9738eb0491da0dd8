"""Eigenvalues beside the disc and the outliers that theory expects."""

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from lowrnn.report.style import BLUE, GREY, INK, PALE, VERMILLION

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Complex = NDArray[np.complex128]


def spectrum_figure(
    bulk_radius: float,
    outliers: "Complex",
    eigenvalues: "Complex",
    *,
    std: "NDArray[np.float64] | None" = None,
    title: str = "",
) -> Figure:
    """Eigenvalues in the complex plane.

    Parameters
    ----------
    bulk_radius : float
        Radius of the disc that theory expects.
    outliers : complex array
        Eigenvalues that it expects outside.
    eigenvalues : complex array
        Those of a network; may be empty.
    std : array, optional
        Standard deviation of each outlier from network to network.
    title : str
        What was diagonalised.
    """
    figure = Figure(figsize=(5.2, 4.6), layout="constrained")
    axes: Any = figure.subplots()
    axes.axhline(0, color=PALE, linewidth=0.8, zorder=0)
    axes.axvline(1, color=GREY, linewidth=1, linestyle=":", label="instability", zorder=0)
    axes.plot(eigenvalues.real, eigenvalues.imag, ".", color=BLUE, markersize=3, label="network")
    axes.add_patch(
        Circle((0, 0), bulk_radius, fill=False, color=INK, linewidth=1.2, label="disc, theory")
    )
    axes.errorbar(
        outliers.real,
        outliers.imag,
        xerr=None if std is None else np.where(np.isfinite(std), std, 0),
        color=VERMILLION,
        linestyle="none",
        marker="x",
        markersize=8,
        markeredgewidth=2,
        capsize=3,
        label="outliers, theory" + ("" if std is None else " ± s.d."),
    )
    reach = 1.1 * max(1.0, bulk_radius, np.abs(np.append(outliers, eigenvalues)).max(initial=0))
    axes.set(
        xlim=(-reach, reach),
        ylim=(-reach, reach),
        aspect="equal",
        xlabel="real part",
        ylabel="imaginary part",
        title=title,
    )
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1, 1))
    return figure
