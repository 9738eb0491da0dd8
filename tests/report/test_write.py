import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from lowrnn import RNN, FullRank, InputError, LowRank
from lowrnn.report import headline_figure, write_report
from lowrnn.report.page import _hash

WriteRun = Callable[..., Path]

HOSTILE = "<script>alert(1)</script>"


class Page(HTMLParser):
    """The text of a page, its figures as JSON, and whatever could reach out of it."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.text: list[str] = []
        self.figures: list[dict] = []
        self.scripts: list[str] = []
        self.policy = ""
        self.links: list[str] = []
        self._inside = ""
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list) -> None:
        given = dict(attrs)
        self._inside = given.get("type", tag) if tag == "script" else tag
        self.policy = given.get("content", "") if "http-equiv" in given else self.policy
        self.links += [given[key] for key in ("src", "href", "action") if key in given]

    def handle_data(self, data: str) -> None:
        if self._inside == "application/json":
            self.figures.append(json.loads(data))
        elif self._inside == "script":
            self.scripts.append(data)
        elif self._inside != "style":
            self.text.append(data)

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def said(self) -> str:
        return " ".join(" ".join(self.text).split())


def axis_titles(figure: dict) -> dict[str, str]:
    axes = {k: v for k, v in figure["layout"].items() if re.fullmatch(r"[xy]axis\d*", k)}
    return {k: axis.get("title", {}).get("text", "") for k, axis in axes.items()}


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_report_of_a_fit(run_folder: WriteRun, rank: int) -> None:
    path = write_report(run_folder(rank=rank))
    page = Page(path)
    said = page.said()
    assert path.name == "report.html"
    for words in (
        "Low-rank network fitted to session.npz",
        "R² on held-out conditions",
        "noise ceiling",
        "The data at a glance",
        "R² against rank",
        "Fit of single neurons",
        "Flow and fixed points",
        "Connectivity loadings",
        "Activity constrains n only through what n reads of it",
        "lowrnn fit session.yaml --rank 1:4",
        "rank: 1:4",
        "ab" * 32,
    ):
        assert words in said
    assert len(page.figures) == {1: 11, 2: 12, 3: 12}[rank]
    for figure in page.figures:
        titles = axis_titles(figure)
        assert any(titles[axis] for axis in titles if axis.startswith("x"))
        assert any(titles[axis] for axis in titles if axis.startswith("y"))
    planes = [
        (titles["xaxis"], titles["yaxis"])
        for titles in map(axis_titles, page.figures)
        if titles["xaxis"] == "κ₁" and len(titles) == 2
    ]
    assert planes == [("κ₁", "κ₂"), ("κ₁", "κ₃")][: rank - 1]
    assert ("A flow field of rank 3 does not fit a plane" in said) == (rank == 3)


def test_one_key_serves_all_figures(run_folder: WriteRun) -> None:
    path = write_report(run_folder(rank=2))
    keys = re.findall(r'<button data-group="(\d+)"', path.read_text(encoding="utf-8"))
    assert len(keys) == len(set(keys)) > 1
    lines = {
        trace["legendgroup"].removeprefix("group")
        for figure in Page(path).figures
        for trace in figure["data"]
        if trace.get("legendgroup", "").startswith("group")
    }
    assert lines == set(keys)


def test_held_out_scores_come_before_fitted_ones(run_folder: WriteRun) -> None:
    folder = run_folder()
    said = Page(write_report(folder)).said()
    row = json.loads((folder / "metrics.json").read_text())["ranks"][0]
    held, fitted = (100 * row[name] for name in ("r2_heldout_conditions", "r2_train"))
    assert f"1 latent dimension {held / 100:.3f} R² on held-out conditions" in said
    assert "R² on the fitted data" not in said
    assert f"the network explains {held:.1f} % of the variance of held-out conditions" in said
    assert f"It explains {fitted:.1f} % of the data it was fitted to" in said


def test_report_of_a_training(run_folder: WriteRun) -> None:
    page = Page(write_report(run_folder(kind="train", rank=2)))
    assert "Network trained on context_decision" in page.said()
    assert "97.0 % of the answers are right" in page.said()
    assert len(page.figures) == 9
    assert "Without input there are" in page.said()


def test_a_full_rank_network_has_a_report(run_folder: WriteRun) -> None:
    folder = run_folder(kind="train", rank=1)
    rnn = RNN.load(folder / "network.safetensors")
    full = RNN(FullRank(rnn.connectivity.dense()), rnn.inputs, rnn.readout, dt=rnn.dt, tau=rnn.tau)
    full.save(folder / "network.safetensors")
    results = xr.load_dataset(folder / "results.nc").drop_vars("kappa")
    results.to_netcdf(folder / "results.nc", engine="h5netcdf")
    said = Page(write_report(folder)).said()
    assert "A network of full rank has no latents of its own" in said
    assert "<h2>Flow and fixed points</h2>" not in (folder / "report.html").read_text()
    headline_figure(folder)


def test_a_network_without_isolated_fixed_points_has_a_report(run_folder: WriteRun) -> None:
    folder = run_folder()
    rnn = RNN.load(folder / "network.safetensors")
    line = LowRank(np.ones((rnn.neurons, 1)), np.ones((rnn.neurons, 1)))
    rnn.replace(connectivity=line, nonlinearity="identity").save(folder / "network.safetensors")
    assert "fixed points are not isolated" in Page(write_report(folder)).said()


def test_one_rank_alone_is_not_plotted(run_folder: WriteRun) -> None:
    folder = run_folder()
    metrics = json.loads((folder / "metrics.json").read_text())
    metrics["ranks"] = metrics["ranks"][:1]
    (folder / "metrics.json").write_text(json.dumps(metrics))
    results = xr.load_dataset(folder / "results.nc").isel(rank=[0])
    results.to_netcdf(folder / "results.nc", engine="h5netcdf")
    page = Page(write_report(folder))
    assert "Rank 1 was fitted alone" in page.said()
    assert len(page.figures) == 10


def test_what_is_missing_is_said(run_folder: WriteRun) -> None:
    folder = run_folder(ceiling=False, area=())
    results = xr.load_dataset(folder / "results.nc")
    results = results.drop_vars(["loss", "r2_heldout_neurons"])
    results["r2_heldout_conditions"] = results["r2_heldout_conditions"] * np.nan
    results.to_netcdf(folder / "results.nc", engine="h5netcdf")
    metrics = json.loads((folder / "metrics.json").read_text())
    for row in metrics["ranks"]:
        row |= {"r2_heldout_conditions": None, "r2_heldout_neurons": None}
    metrics["baselines"] = {"condition_mean": None}
    (folder / "metrics.json").write_text(json.dumps(metrics))
    said = Page(write_report(folder)).said()
    assert "No noise ceiling is known" in said
    assert "Not measured in this run: held-out conditions and held-out neurons" in said
    assert "No conditions were held out" in said
    assert "This run holds no course of its loss" in said
    assert "For comparison" not in said


def test_nothing_is_fetched_and_only_our_scripts_run(run_folder: WriteRun) -> None:
    page = Page(write_report(run_folder()))
    assert all(link.startswith("#") for link in page.links)
    assert len(page.scripts) == 2
    assert "default-src 'none'" in page.policy
    assert all(_hash(script) in page.policy for script in page.scripts)


def test_hostile_labels_stay_text(run_folder: WriteRun) -> None:
    folder = run_folder(area=(HOSTILE, "<img src=x onerror=alert(2)>", '"><a href="http://x">'))
    results = xr.load_dataset(folder / "results.nc").assign_attrs(unit=HOSTILE)
    results = results.assign_coords(input=[HOSTILE] * 4)
    results = results.rename(context="<script><b>context")
    results.to_netcdf(folder / "results.nc", engine="h5netcdf")
    (folder / "config.yaml").write_text(f"name: '{HOSTILE}</pre>'\n")
    metrics = json.loads((folder / "metrics.json").read_text())
    metrics["provenance"] |= {"data_file": HOSTILE, "command": HOSTILE, HOSTILE: HOSTILE}
    metrics["baselines"] = {HOSTILE: 0.1}
    (folder / "metrics.json").write_text(json.dumps(metrics))
    page = Page(write_report(folder))
    assert len(page.scripts) == 2
    assert all(link.startswith("#") for link in page.links)
    assert HOSTILE in page.said()
    drawn = json.dumps(page.figures)
    assert "&lt;script&gt;" in drawn
    assert "<script" not in drawn
    assert "<img" not in drawn
    assert "<a href" not in drawn


def test_damaged_folders_are_refused(run_folder: WriteRun, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"has no config\.yaml"):
        write_report(tmp_path / "nowhere")
    folder = run_folder("kind")
    (folder / "metrics.json").write_text('{"kind": "cake"}')
    with pytest.raises(InputError, match=r"kind in .* is 'cake'"):
        write_report(folder)
    folder = run_folder("json")
    (folder / "metrics.json").write_text('{"kind": ')
    with pytest.raises(InputError, match="holds a damaged file"):
        write_report(folder)
    folder = run_folder("netcdf")
    whole = (folder / "results.nc").read_bytes()
    (folder / "results.nc").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="holds a damaged file"):
        write_report(folder)
    folder = run_folder("variable")
    results = xr.load_dataset(folder / "results.nc").drop_vars("model")
    results.to_netcdf(folder / "results.nc", engine="h5netcdf")
    with pytest.raises(InputError, match=r"model in .* is absent"):
        write_report(folder)
    assert not (folder / "report.html").exists()


@pytest.mark.parametrize(
    ("kind", "change", "message"),
    [
        ("fit", {"rank_selected": None}, "rank_selected is None: input should be a valid integer"),
        ("fit", {"rank_selected": "one"}, "rank_selected is 'one'"),
        ("fit", {"ranks": {"1": 0.5}}, "ranks is .*: input should be a valid list"),
        ("fit", {"ranks": []}, r"ranks is \[\]"),
        ("fit", {"ranks": [{"r2_train": 0.5}]}, r"ranks\.0\.rank is missing"),
        ("fit", {"ranks": [{"rank": 1, "r2_train": "high"}]}, r"ranks\.0\.r2_train is 'high'"),
        ("fit", {"noise_ceiling": [0.9]}, r"noise_ceiling is \[0\.9\]"),
        ("fit", {"noise_ceiling": float("nan")}, "noise_ceiling is nan"),
        ("fit", {"baselines": [0.4]}, r"baselines is \[0\.4\]"),
        ("fit", {"baselines": {"linear": {"two": 0.4}}}, r"baselines\.linear.*two"),
        ("fit", {"conditions": "many"}, "conditions is 'many'"),
        ("fit", {"provenance": "lab"}, "provenance is 'lab'"),
        ("fit", {"kind": ["fit"]}, r"kind in .* is \['fit'\]"),
        ("train", {"accuracy": "good"}, "accuracy is 'good'"),
        ("train", {"steps": 1.5}, "steps is 1.5"),
        ("train", {"seconds": "long"}, "seconds is 'long'"),
    ],
)
def test_edited_metrics_are_refused(
    run_folder: WriteRun, kind: str, change: dict, message: str
) -> None:
    folder = run_folder(kind=kind)
    metrics = json.loads((folder / "metrics.json").read_text())
    (folder / "metrics.json").write_text(json.dumps(metrics | change))
    with pytest.raises(InputError, match=message) as error:
        write_report(folder)
    assert "\n" not in str(error.value)
    assert not (folder / "report.html").exists()


@pytest.mark.parametrize(
    ("kind", "metrics"),
    [
        ("fit", {"rank_selected": 1, "ranks": [{"rank": 1}, {"rank": 2}]}),
        ("fit", {"rank_selected": 9, "ranks": [{"rank": 3}]}),
        ("train", {}),
    ],
)
def test_few_metrics_make_a_report(run_folder: WriteRun, kind: str, metrics: dict) -> None:
    folder = run_folder(kind=kind)
    (folder / "metrics.json").write_text(json.dumps({"kind": kind} | metrics))
    results = xr.load_dataset(folder / "results.nc")
    if kind == "fit":
        scores = ("r2_train", "r2_heldout_conditions", "r2_heldout_neurons")
        results = results.drop_vars(scores).drop_dims("rank", errors="ignore")
    results.to_netcdf(folder / "results.nc", engine="h5netcdf")
    assert "Summary" in Page(write_report(folder)).said()


@pytest.mark.parametrize(("kind", "rank", "panels"), [("fit", 1, 3), ("fit", 2, 3), ("fit", 3, 2)])
def test_headline_figure(run_folder: WriteRun, kind: str, rank: int, panels: int) -> None:
    folder = run_folder(kind=kind, rank=rank)
    figure = headline_figure(folder)
    assert len(figure.axes) == panels
    assert all(axes.get_xlabel() and axes.get_ylabel() for axes in figure.axes)
    figure.savefig(folder / "headline.png", dpi=40)
