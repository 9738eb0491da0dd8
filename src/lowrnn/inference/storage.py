"""Posteriors on disk, as safetensors: arrays and plain text, nothing that can run."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as to_bytes

from lowrnn.errors import InputError
from lowrnn.files import atomic
from lowrnn.inference.classifier import Classifier
from lowrnn.inference.flows import FlowPosterior, rebuilt, settings_of, state_of
from lowrnn.inference.posterior import Posterior, with_density
from lowrnn.inference.prior import BoxPrior
from lowrnn.inference.rejection import RejectionPosterior
from lowrnn.inference.selection import SelectedPosterior
from lowrnn.inference.truncation import Region, TruncatedPosterior

#: What a file holds: the settings of a posterior and of those it is made of, and all arrays.
_Packed = tuple[dict[str, Any], dict[str, torch.Tensor]]

_ARRAYS = ("theta", "statistics", "projection")


def save_posterior(posterior: Posterior, path: str | Path, *, summary: str = "") -> None:
    """Write a posterior to `path`, atomically: what is read draws the same numbers.

    Parameters
    ----------
    posterior : FlowPosterior, RejectionPosterior, TruncatedPosterior or SelectedPosterior
        With the region of its rounds and `p(ok | theta)`, where it has them.
    path : path
        The file.
    summary : str
        `Summary.identity` of the summaries that it was fitted to.

    Raises
    ------
    InputError
        If it is of another class.
    """
    settings, tensors = _packed(posterior)
    content = to_bytes(
        # A copy of each: flows may share memory between tensors, which the format has no word for.
        {name: value.detach().clone().contiguous() for name, value in tensors.items()},
        metadata={"lowrnn": json.dumps({"summary": summary, "posterior": settings})},
    )
    with atomic(path) as temporary:
        temporary.write_bytes(content)


def load_posterior(path: str | Path, *, summary: str | None = None) -> Posterior:
    """Read a posterior that `save_posterior` wrote.

    Parameters
    ----------
    path : path
        The file.
    summary : str, optional
        `Summary.identity` of the observation; a posterior of other summaries is refused.

    Raises
    ------
    InputError
        If there is no such file, it is damaged or something else, or the summaries differ.
    """
    if not Path(path).is_file():
        raise InputError(f"posterior {path} does not exist: give the path of a saved posterior")
    try:
        with safe_open(path, framework="pt") as stream:
            header = json.loads((stream.metadata() or {})["lowrnn"])
            tensors = {name: stream.get_tensor(name) for name in stream.keys()}  # noqa: SIM118
        posterior = _unpacked(header["posterior"], tensors)
        own = str(header["summary"])
    except (
        SafetensorError, LookupError, TypeError, AttributeError, ValueError, RuntimeError, OSError
    ) as error:  # fmt: skip
        said = (str(error).splitlines() or [type(error).__name__])[0]
        if isinstance(error, KeyError):
            said = f"it has no {said}"
        raise InputError(
            f"posterior {path} cannot be read ({said}): give a file that save_posterior wrote"
        ) from None
    if summary is not None and own != summary:
        raise InputError(
            f"posterior {path} is of summaries {own!r}, not {summary!r}: summarise the observation"
            " in the same way, or fit anew"
        )
    return posterior


def _packed(posterior: Posterior) -> _Packed:
    """A posterior as plain data and arrays; those of its parts have names that begin with it."""
    if isinstance(posterior, FlowPosterior):
        return (
            {"kind": "flows", "prior": posterior.prior.to_dict(), "flows": settings_of(posterior)},
            _tensors({"mean": posterior.mean, "scale": posterior.scale})
            | _under("state", state_of(posterior)),
        )
    if isinstance(posterior, RejectionPosterior):
        settings = {
            "kind": "rejection", "prior": posterior.prior.to_dict(),
            "quantile": posterior.quantile, "adjust": posterior.adjust,
        }  # fmt: skip
        return settings, _tensors({name: getattr(posterior, name) for name in _ARRAYS})
    if isinstance(posterior, TruncatedPosterior):
        inner, tensors = _packed(posterior.posterior)
        region, others = _packed_region(posterior.region)
        return (
            {"kind": "truncated", "posterior": inner, "region": region},
            _under("posterior", tensors) | _under("region", others),
        )
    if isinstance(posterior, SelectedPosterior):
        inner, tensors = _packed(posterior.posterior)
        success = posterior.success
        return (
            {"kind": "selected", "posterior": inner, "classes": success.classes},
            _under("posterior", tensors) | _under("success", _tensors(success.arrays)),
        )
    raise InputError(
        f"posterior is a {type(posterior).__name__}, of which there is no file: give one that fit_*"
        " or infer made"
    )


def _packed_region(region: Region) -> _Packed:
    """A region, with those of the rounds before it."""
    inner, tensors = _packed(region.posterior)
    settings = {"box": region.box.to_dict(), "threshold": region.threshold, "posterior": inner}
    packed = _tensors({"x": region.x}) | _under("posterior", tensors)
    if region.within is not None:
        settings["within"], others = _packed_region(region.within)
        packed |= _under("within", others)
    return settings, packed


def _unpacked(settings: Mapping[str, Any], tensors: Mapping[str, torch.Tensor]) -> Posterior:
    """The posterior that `_packed` took apart."""
    kind = settings["kind"]
    if kind == "truncated":
        return TruncatedPosterior(
            _unpacked(settings["posterior"], _below("posterior", tensors)),
            _unpacked_region(settings["region"], _below("region", tensors)),
        )
    if kind == "selected":
        return SelectedPosterior(
            _unpacked(settings["posterior"], _below("posterior", tensors)),
            Classifier(tuple(settings["classes"]), _arrays(_below("success", tensors))),
        )
    prior = BoxPrior.of(settings["prior"])
    if kind == "flows":
        mean, scale = (tensors[name].numpy() for name in ("mean", "scale"))
        return rebuilt(prior, mean, scale, settings["flows"], _below("state", tensors))
    if kind == "rejection":
        return RejectionPosterior(
            prior, **_arrays(tensors), quantile=settings["quantile"], adjust=settings["adjust"]
        )
    raise ValueError(f"its kind is {kind!r}")


def _unpacked_region(settings: Mapping[str, Any], tensors: Mapping[str, torch.Tensor]) -> Region:
    """The region that `_packed_region` took apart."""
    within = settings.get("within")
    return Region(
        BoxPrior.of(settings["box"]),
        with_density(_unpacked(settings["posterior"], _below("posterior", tensors))),
        tensors["x"].numpy(),
        float(settings["threshold"]),
        None if within is None else _unpacked_region(within, _below("within", tensors)),
    )


def _tensors(arrays: Mapping[str, Any]) -> dict[str, torch.Tensor]:
    return {name: torch.tensor(value) for name, value in arrays.items()}


def _arrays(tensors: Mapping[str, torch.Tensor]) -> dict[str, Any]:
    return {name: np.asarray(value.numpy()) for name, value in tensors.items()}


def _under(part: str, tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Tensors of a part of a posterior, by their names in the whole."""
    return {f"{part}/{name}": value for name, value in tensors.items()}


def _below(part: str, tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The inverse of `_under`."""
    prefix = f"{part}/"
    return {
        name.removeprefix(prefix): value
        for name, value in tensors.items()
        if name.startswith(prefix)
    }
