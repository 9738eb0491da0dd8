import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from lowrnn.report import write_report

WriteRun = Callable[..., Path]

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-logging=stderr",
    "--virtual-time-budget=10000",
]


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
@pytest.mark.parametrize(("kind", "rank"), [("fit", 2), ("train", 1)])
def test_every_figure_is_drawn(run_folder: WriteRun, tmp_path: Path, kind: str, rank: int) -> None:
    hostile = "<script>document.title='owned'</script><img src=x onerror=document.title='owned'>"
    path = write_report(run_folder(kind=kind, rank=rank, area=(hostile, "PL", "ILA"), task=hostile))
    answer = subprocess.run(
        [str(CHROMIUM), *FLAGS, f"--user-data-dir={tmp_path}", "--dump-dom", path.as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    console = [line for line in answer.stderr.splitlines() if "CONSOLE" in line]
    assert console == []
    page = answer.stdout
    wanted = path.read_text(encoding="utf-8").count('<div class="plot"')
    drawn = re.findall(r'<div class="plot js-plotly-plot[^>]*><div class="plot-container', page)
    assert len(drawn) == wanted > 5
    assert page.count('class="trace scatter') > 50
    assert "<title>owned" not in page
