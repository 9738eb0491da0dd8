"""Posteriors on disk, as safetensors: arrays and plain text, nothing that can run."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as to_bytes

from lowrnn.errors import InputError
from lowrnn.files import atomic
from lowrnn.inference.flows import FlowPosterior, rebuilt, settings_of, state_of
from lowrnn.inference.prior import BoxPrior
from lowrnn.inference.rejection import RejectionPosterior

_OWN = "flows."


def save_posterior(
    posterior: FlowPosterior | RejectionPosterior, path: str | Path, *, summary: str = ""
) -> None:
    """Write a posterior to `path`, atomically.

    Parameters
    ----------
    posterior : FlowPosterior or RejectionPosterior
        As it was fitted.
    path : path
        The file.
    summary : str
        `Summary.identity` of the summaries that it was fitted to.
    """
    settings: dict[str, Any] = {"prior": posterior.prior.to_dict(), "summary": summary}
    if isinstance(posterior, FlowPosterior):
        settings |= {"kind": "flows", "flows": settings_of(posterior)}
        state = {_OWN + name: value for name, value in state_of(posterior).items()}
        arrays = {"mean": posterior.mean, "scale": posterior.scale}
    else:
        settings |= {
            "kind": "rejection", "quantile": posterior.quantile, "adjust": posterior.adjust,
        }  # fmt: skip
        state = {}
        names = ("theta", "statistics", "projection")
        arrays = {name: getattr(posterior, name) for name in names}
    tensors = {name: torch.tensor(value) for name, value in arrays.items()} | state
    content = to_bytes(
        # A copy of each: flows may share memory between tensors, which the format has no word for.
        {name: value.detach().clone().contiguous() for name, value in tensors.items()},
        metadata={"lowrnn": json.dumps(settings)},
    )
    with atomic(path) as temporary:
        temporary.write_bytes(content)


def load_posterior(
    path: str | Path, *, summary: str | None = None
) -> FlowPosterior | RejectionPosterior:
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
            settings = json.loads((stream.metadata() or {})["lowrnn"])
            tensors = {name: stream.get_tensor(name) for name in stream.keys()}  # noqa: SIM118
        if summary is not None and settings["summary"] != summary:
            raise InputError(
                f"posterior {path} is of summaries {settings['summary']!r}, not {summary!r}:"
                " summarise the observation in the same way, or fit anew"
            )
        prior = BoxPrior.of(settings["prior"])
        state = {
            name.removeprefix(_OWN): tensors.pop(name)
            for name in list(tensors)
            if name.startswith(_OWN)
        }
        arrays = {name: np.asarray(value.numpy()) for name, value in tensors.items()}
        if settings["kind"] == "flows":
            return rebuilt(prior, arrays["mean"], arrays["scale"], settings["flows"], state)
        return RejectionPosterior(
            prior, **arrays, quantile=settings["quantile"], adjust=settings["adjust"]
        )
    except (SafetensorError, LookupError, TypeError, RuntimeError, json.JSONDecodeError) as error:
        raise InputError(
            f"posterior {path} cannot be read ({error}): give a file that save_posterior wrote"
        ) from None
