"""The report as one HTML file that needs no network.

Everything from the user passes through `html.escape`. A content security policy lets only the two
scripts of this page run and forbids every request, so that a hostile label can do nothing.
"""

import base64
import hashlib
import html
from collections.abc import Sequence
from dataclasses import dataclass, field
from string import Template
from typing import Any

import plotly.io
from plotly.offline import get_plotlyjs

from lowrnn.report.conditions import Conditions
from lowrnn.report.style import DASHES, FONT, GREY, INK, PALE


@dataclass(frozen=True, eq=False)
class Figure:
    """A plotly figure with what is said under it; `narrow` ones stand two abreast."""

    plot: Any
    caption: str
    narrow: bool = False


@dataclass(frozen=True, eq=False)
class Picture:
    """A PNG image with what is said under it."""

    png: bytes
    caption: str


@dataclass(frozen=True, eq=False)
class Table:
    """Rows of plain text under a header."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, eq=False)
class Section:
    """One part of the report. All text is plain: it is escaped here.

    Attributes
    ----------
    title : str
        Heading.
    text : sequence of str
        Paragraphs.
    tiles : sequence of (str, str)
        Numbers to see at once: value and what it is.
    figures : sequence of Figure
    pictures : sequence of Picture
    table : Table, optional
    points : sequence of str
        A list under the rest.
    listing : str
        Preformatted text, folded away.
    """

    title: str
    text: Sequence[str] = ()
    tiles: Sequence[tuple[str, str]] = ()
    figures: Sequence[Figure] = ()
    pictures: Sequence[Picture] = ()
    table: Table | None = None
    points: Sequence[str] = field(default=())
    listing: str = ""


def render(
    title: str, subtitle: str, sections: Sequence[Section], lines: Conditions | None = None
) -> str:
    """The whole page; the key of `lines`, the same in all figures, stays in view."""
    bundle = get_plotlyjs()
    contents = "".join(
        f'<a href="#s{i}">{html.escape(section.title)}</a>' for i, section in enumerate(sections)
    )
    return _PAGE.substitute(
        policy=f"default-src 'none'; script-src {_hash(bundle)} {_hash(_SCRIPT)};"
        " style-src 'unsafe-inline'; img-src data: blob:",
        style=_STYLE,
        bundle=bundle,
        script=_SCRIPT,
        title=html.escape(title),
        subtitle=html.escape(subtitle),
        contents=contents,
        legend=_legend(lines) if lines is not None else "",
        sections="\n".join(_section(i, section) for i, section in enumerate(sections)),
    )


def _hash(script: str) -> str:
    digest = hashlib.sha256(script.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _section(index: int, section: Section) -> str:
    parts = [f'<section id="s{index}"><h2>{html.escape(section.title)}</h2>']
    if section.tiles:
        tiles = "".join(
            f"<div><b>{html.escape(value)}</b><span>{html.escape(name)}</span></div>"
            for value, name in section.tiles
        )
        parts.append(f'<div class="tiles">{tiles}</div>')
    parts += [f"<p>{_prose(text)}</p>" for text in section.text]
    if section.figures:
        parts.append('<div class="figures">')
        parts += [_figure(figure) for figure in section.figures]
        parts.append("</div>")
    parts += [_picture(picture) for picture in section.pictures]
    if section.table is not None:
        parts.append(_table(section.table))
    if section.points:
        points = "".join(f"<li>{_prose(point)}</li>" for point in section.points)
        parts.append(f"<ul>{points}</ul>")
    if section.listing:
        listing = html.escape(section.listing)
        parts.append(f"<details><summary>config.yaml</summary><pre>{listing}</pre></details>")
    return "\n".join([*parts, "</section>"])


def _prose(text: str) -> str:
    """Text in which no line ends between a number and its per cent sign."""
    return html.escape(text).replace(" %", "&nbsp;%")


def _legend(conditions: Conditions) -> str:
    """The key of the lines, as HTML; a click hides a line in the whole report."""
    if len(conditions.groups) == 1:
        return ""
    keys = "".join(
        f'<button data-group="{i}"><svg width="26" height="8"><line x1="1" x2="25" y1="4" y2="4"'
        f' stroke="{group.colour}" stroke-width="2.5" stroke-dasharray="{DASHES[group.dash][1]}"/>'
        f"</svg>{html.escape(group.label)}</button>"
        for i, group in enumerate(conditions.groups)
    )
    return f'<div class="legend"><span>Conditions:</span>{keys}</div>'


def _figure(figure: Figure) -> str:
    # "<" cannot end the script element once it is written as an escape of JSON.
    spec = plotly.io.to_json(figure.plot, validate=False).replace("<", "\\u003c")
    height = int(figure.plot.layout.height)
    width = "narrow" if figure.narrow else "wide"
    return (
        f'<figure class="{width}"><div class="plot" style="height:{height}px"></div>'
        f'<script type="application/json">{spec}</script>'
        f"<figcaption>{_prose(figure.caption)}"
        ' <button class="save">Save as SVG</button></figcaption></figure>'
    )


def _picture(picture: Picture) -> str:
    data = base64.b64encode(picture.png).decode()
    caption = html.escape(picture.caption)
    return (
        f'<figure class="picture"><img src="data:image/png;base64,{data}" alt="{caption}">'
        f"<figcaption>{caption}</figcaption></figure>"
    )


def _table(table: Table) -> str:
    head = "".join(f"<th>{html.escape(cell)}</th>" for cell in table.header)
    rows = "".join(
        "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>"
        for row in table.rows
    )
    header = f"<tr>{head}</tr>" if any(table.header) else ""
    return f'<div class="table"><table>{header}{rows}</table></div>'


_SCRIPT = """
for (const box of document.querySelectorAll(".plot")) {
  const spec = JSON.parse(box.nextElementSibling.textContent);
  Plotly.newPlot(box, spec.data, spec.layout, {responsive: true, displayModeBar: false});
  box.parentElement.querySelector(".save").addEventListener("click", () => {
    Plotly.downloadImage(box, {
      format: "svg", filename: "lowrnn", width: box.clientWidth, height: box.clientHeight,
    });
  });
}
const hidden = new Set();
for (const key of document.querySelectorAll(".legend button")) {
  key.addEventListener("click", () => {
    const group = key.dataset.group;
    hidden.has(group) ? hidden.delete(group) : hidden.add(group);
    key.classList.toggle("off", hidden.has(group));
    for (const box of document.querySelectorAll(".plot")) {
      const traces = box.data.flatMap((t, i) => (t.legendgroup === "group" + group ? [i] : []));
      if (traces.length) Plotly.restyle(box, {visible: !hidden.has(group)}, traces);
    }
  });
}
"""

_STYLE = f"""
* {{ box-sizing: border-box; }}
body {{ font: 16px/1.5 {FONT}; color: {INK}; background: white; margin: 0 auto;
  max-width: 1120px; padding: 24px 28px 60px; }}
h1 {{ font-size: 27px; line-height: 1.2; margin: 8px 0 4px; }}
h2 {{ font-size: 20px; margin: 0 0 8px; }}
header p {{ color: {GREY}; margin: 0 0 14px; }}
nav {{ display: flex; flex-wrap: wrap; gap: 4px 18px; font-size: 14px;
  border-top: 1px solid {PALE}; border-bottom: 1px solid {PALE}; padding: 8px 0; }}
nav a {{ color: #0060a0; text-decoration: none; }}
section {{ margin-top: 40px; scroll-margin-top: 48px; }}
p, ul {{ max-width: 78ch; margin: 0 0 10px; }}
li {{ margin-bottom: 4px; }}
.tiles {{ display: flex; flex-wrap: wrap; gap: 12px 40px; margin: 8px 0 16px; }}
.tiles div {{ display: flex; flex-direction: column; }}
.tiles b {{ font-size: 28px; font-weight: 600; line-height: 1.2; }}
.tiles span {{ color: {GREY}; font-size: 14px; }}
.figures {{ display: flex; flex-wrap: wrap; gap: 12px 24px; }}
figure {{ margin: 8px 0; min-width: 0; }}
figure.wide {{ flex: 1 1 100%; overflow-x: auto; }}
figure.wide .plot {{ min-width: 760px; }}
figure.narrow {{ flex: 1 1 440px; }}
figure.picture img {{ max-width: 100%; }}
figcaption {{ color: #555; font-size: 14px; max-width: 90ch; }}
.save {{ font: inherit; color: #0060a0; background: none; border: 0; padding: 0; cursor: pointer; }}
.legend {{ display: flex; flex-wrap: wrap; gap: 2px 4px; padding: 8px 0; position: sticky; top: 0;
  z-index: 1; background: rgba(255, 255, 255, 0.94); border-bottom: 1px solid {PALE}; }}
.legend span {{ font-size: 13px; color: {GREY}; padding-right: 8px; }}
.legend button {{ font: 13px {FONT}; color: {INK}; background: none; border: 0;
  padding: 2px 8px 2px 0; cursor: pointer; display: flex; align-items: center; gap: 6px; }}
.legend button.off {{ opacity: 0.3; }}
.table {{ overflow-x: auto; margin: 10px 0; }}
table {{ border-collapse: collapse; font-size: 14px; }}
th, td {{ text-align: left; vertical-align: top; padding: 4px 18px 4px 0;
  border-bottom: 1px solid {PALE}; overflow-wrap: break-word; }}
th {{ font-weight: 600; white-space: nowrap; }}
pre {{ font-size: 13px; background: #f6f6f6; padding: 12px; overflow-x: auto; }}
summary {{ cursor: pointer; color: #0060a0; font-size: 14px; }}
@media print {{ nav, .save {{ display: none; }} .legend {{ position: static; }}
  section {{ break-inside: avoid-page; }} }}
"""

_PAGE = Template("""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="$policy">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<style>$style</style>
<script>$bundle</script>
</head>
<body>
<header><h1>$title</h1><p>$subtitle</p></header>
<nav>$contents</nav>
$legend
$sections
<script>$script</script>
</body>
</html>
""")
