"""`lowrnn theory`: flags and files, JSON, run folders, and what is refused."""

import json

import numpy as np
import pytest
import xarray as xr
import yaml
from typer.testing import CliRunner

from lowrnn import RNN
from lowrnn.cli import app

FIGURE_1 = ["--g", "0.8", "--mean-m", "1.1", "--mean-n", "2"]


def run(*arguments):
    return CliRunner().invoke(app, ["theory", *map(str, arguments)])


def answer(*arguments):
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_fixed_points():
    found = answer("fixed-points", *FIGURE_1)
    assert [branch["stable"] for branch in found["branches"]] == [True, False, True]
    top = found["branches"][0]
    assert top["kappa"] == pytest.approx(1.1544, abs=1e-4)
    assert top["delta0"] == pytest.approx(1.7400, abs=1e-4)
    assert top["bulk_radius"] == pytest.approx(0.4003, abs=1e-4)
    assert not top["homogeneous"]
    assert not top["chaotic"]
    assert found["branches"][1]["homogeneous"]
    assert found["residual"] < 1e-10


def test_overlap_by_covariance_and_chaos():
    branches = answer("fixed-points", "--g", 2.5, "--mn", 3)["branches"]
    (top, *_) = (b for b in branches if b["chaotic"] and b["stable"])
    assert top["kappa"] == pytest.approx(0.9428, abs=1e-4)
    assert top["psi0"] == pytest.approx(4.0498, abs=1e-4)
    assert top["delta_inf"] == pytest.approx(2.6690 + 0.9428**2, abs=2e-4)


def test_input_along_n():
    flags = ["--g", 0.8, "--mean-m", 3.5, "--mean-n", 1, "--sigma-ni", 0.4, "--sigma-n", 1]
    found = answer("fixed-points", *flags, "--input", 1)
    kappas = [branch["kappa"] for branch in found["branches"]]
    np.testing.assert_allclose(kappas, [0.9614, -0.2418, -0.8592], atol=1e-4)


def test_a_file_says_the_same_as_flags(tmp_path):
    path = tmp_path / "theory.yaml"
    path.write_text("g: 0.5\nrank_one: {mean_m: 1.1, mean_n: 2.0}\n")
    from_file = answer("fixed-points", path, "--g", 0.8)
    assert from_file["branches"] == answer("fixed-points", *FIGURE_1)["branches"]


def test_a_mixture_of_rank_two(tmp_path):
    path = tmp_path / "ring.yaml"
    path.write_text("g: 1.5\nmoments: {rank: 2, nm: 2.56, mm: 4.0}\n")
    branches = answer("fixed-points", path)["branches"]
    (ring,) = (b for b in branches if b["neutral"])
    assert np.hypot(*ring["kappa"]) == pytest.approx(0.7107, abs=1e-4)


def test_spectrum_of_j_and_around_a_state():
    flags = ["--g", 0.4, "--mean-m", 1.1, "--mean-n", 1.3 / 1.1, "--neurons", 300, "--exact"]
    found = answer("spectrum", *flags)
    assert found["outliers"][0]["real"] == pytest.approx(1.3)
    sd = found["outliers"][0]["sd"]
    assert found["largest_eigenvalues"][0][0] == pytest.approx(1.3, abs=4 * sd)
    around = answer("spectrum", *flags, "--state", 0)
    assert around["bulk_radius"] < 0.4
    assert around["largest_eigenvalues"][0][0] == pytest.approx(
        around["outliers"][0]["real"], abs=0.1
    )


def test_compare_leaves_a_run_folder(tmp_path):
    found = answer(
        "compare", *FIGURE_1, "--neurons", "60,120", "--draws", 2, "--out", tmp_path / "run"
    )
    assert {row["neurons"] for row in found["rows"]} == {60, 120}
    files = {path.name for path in (tmp_path / "run").iterdir()}
    assert files == {"config.yaml", "figure.png", "figure.svg", "metrics.json", "report.html"}
    config = yaml.safe_load((tmp_path / "run" / "config.yaml").read_text())
    assert config["command"]["neurons"] == [60, 120]
    report = (tmp_path / "run" / "report.html").read_text()
    assert "data:image/png;base64," in report


def test_the_report_can_be_written_anew(tmp_path):
    answer("fixed-points", *FIGURE_1, "--out", tmp_path)
    before = (tmp_path / "report.html").read_text()
    (tmp_path / "report.html").unlink()
    assert CliRunner().invoke(app, ["report", str(tmp_path)]).exit_code == 0
    assert (tmp_path / "report.html").read_text() == before


def test_a_folder_that_was_edited_is_refused(tmp_path):
    answer("fixed-points", *FIGURE_1, "--out", tmp_path)
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    del metrics["result"]["branches"]
    (tmp_path / "metrics.json").write_text(json.dumps(metrics))
    result = CliRunner().invoke(app, ["report", str(tmp_path)])
    assert result.exit_code == 2
    assert "is not as lowrnn theory wrote it" in result.stderr


def test_design_of_a_computation(tmp_path):
    found = answer("design", "go-nogo", "--neurons", 400, "--out", tmp_path)
    (go, nogo) = (row["z"] for row in found["conditions"])
    assert go == pytest.approx(1.1041, abs=1e-4)
    assert nogo == pytest.approx(0, abs=1e-9)
    assert abs(found["conditions"][0]["z_network"] - go) < 0.15
    assert RNN.load(tmp_path / "network.safetensors").neurons == 400


def test_design_of_a_flow(tmp_path):
    kappa = np.linspace(-2, 2, 200)[:, None]
    np.savez(tmp_path / "flow.npz", points=kappa, velocities=kappa - kappa**3)
    found = answer(
        "design", tmp_path / "flow.npz", "--populations", 4, "--neurons", 2000,
        "--out", tmp_path / "run",
    )  # fmt: skip
    assert found["error"] < 0.05
    assert found["network_error"] < 3 * found["expected_network_error"] + 0.01
    assert (tmp_path / "run" / "figure.png").is_file()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["fixed-points", "--g", "-1"], "g is -1.0: give a number of at least 0"),
        (["fixed-points", "--nonlinearity", "sine"], "nonlinearity is 'sine': use one of tanh"),
        (
            ["fixed-points", "--mn", "3", "--sigma-n", "1"],
            "give at least 3, or smaller covariances",
        ),
        (["fixed-points", "absent.yaml"], "absent.yaml cannot be read"),
        (["spectrum", "--state", "9"], "state is 9: give one of 0 to"),
        (["compare", "--neurons", "many"], "neurons is 'many': give sizes such as 250,1000"),
        (["design", "juggling"], "the computation is 'juggling': give one of go-nogo"),
        (["design", "absent.npz"], "absent.npz cannot be read as NPZ"),
    ],
)
def test_what_it_refuses(arguments, sentence):
    result = run(*arguments)
    assert result.exit_code == 2
    assert sentence in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_key_that_is_not_known(tmp_path):
    path = tmp_path / "theory.yaml"
    path.write_text("g: 0.5\nrank_one: {mean_x: 1.1}\n")
    result = run("fixed-points", path)
    assert result.exit_code == 2
    assert "mean_x" in result.stderr


def test_no_solution_is_said():
    flags = ["--nonlinearity", "relu", "--mean-m", 1.5, "--mean-n", 1.5, "--mean-i", 1]
    result = run("fixed-points", *flags, "--input", 1)
    assert result.exit_code == 1
    assert "best residual" in result.stderr
    assert not result.stdout


def test_phase_diagram(tmp_path):
    found = answer("phase-diagram", "--x", "g=0.1:2.9:6", "--y", "mn=0.1:3.9:5", "--out", tmp_path)
    assert found["total"] == 30
    assert found["unsolved"] == 0
    assert found["points"]["trivial"] > 0
    assert found["points"]["structured-chaotic"] > 0
    assert found["axes"] == {"g": [0.1, 2.9], "overlap": [0.1, 3.9]}
    with xr.open_dataset(tmp_path / "results.nc", engine="h5netcdf") as results:
        assert results.sizes["g"] == 6
    assert (tmp_path / "report.html").is_file()


@pytest.mark.parametrize(
    ("x", "sentence"),
    [
        ("h=0:3", "x is 'h=0:3': name one of g, overlap"),
        ("g=0", "x is 'g=0': give NAME=LOW:HIGH"),
        ("g=3:0", "x is 'g=3:0': give LOW below HIGH"),
        ("mn=0:3", "x and y are both overlap: give two parameters"),
    ],
)
def test_axes_that_cannot_be(x, sentence):
    result = run("phase-diagram", "--x", x)
    assert result.exit_code == 2
    assert sentence in result.stderr
