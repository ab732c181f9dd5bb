"""Tables for a terminal: text laid out for its width, bold and coloured only where somebody looks at it."""

from __future__ import annotations

import math
import shutil
import sys
import textwrap
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TextIO

import numpy as np
import xarray as xr

from runs.questions import Answer, answers
from runs.reading import BAND, Column, Reader, Row
from runs.results import quantiles

NARROW = 72
"""Below this width a row's label stands on a line of its own."""
LABEL = 20
GAP = 2
LARGEST_WIDTH = 110
JOINTS = ":_/.,"
"""Where a name that is wider than the terminal may be cut."""

PLAIN = str.maketrans({"±": "+-", "–": "-", "−": "-", "·": "|", "∞": "inf"})


@dataclass(frozen=True)
class Line:
    """A line of output and how it is shown: heading, answer, header, figure, band or note."""

    text: str
    style: str = ""


STYLES = {
    "title": "bold",
    "heading": "bold cyan",
    "header": "dim",
    "label": "bold",
    "band": "dim",
    "note": "dim italic",
}


def run_lines(dataset: xr.Dataset, width: int) -> list[Line]:
    """What a run says to each question: sentence, then median and 90 % band by year."""
    run = Reader(dataset)
    a = dataset.attrs
    lines = wrapped(f"{a['title']}", width, "title")
    worlds = f"{run.worlds:,} world" + ("s" if run.worlds > 1 else "")
    lines += wrapped(f"{a['scenario']} · {worlds}, seed {a['seed']} · {run.quarters[0]} to {run.end}", width, "note")
    for answer in answers(dataset):
        lines += _answer_lines(answer, run.columns, run.worlds, width)
    lines.append(Line(""))
    if run.worlds > 1:
        note = (
            "Medians, and below them the band from the 5 % to the 95 % quantile of the worlds; each line by itself, "
            "so parts need not add up. (±) is the 95 % Monte Carlo error of odds, in points. Conditional on the "
            "scenario and the ranges of its parameters: no forecast."
        )
    else:
        note = "One world: a possible path, without odds. Take more with --worlds."
    return lines + wrapped(note, width, "note")


def _answer_lines(answer: Answer, columns: Sequence[Column], worlds: int, width: int) -> list[Line]:
    lines = [Line(""), *wrapped(f"Q{answer.number}. {answer.question}", width, "heading")]
    lines += wrapped(answer.sentence, width, "answer")
    cells = [_cells(row, worlds) for row in answer.rows]
    labels = [column.label.replace(" to ", "-") for column in columns]
    widths = [
        GAP + max(len(text) for text in (label, *(text for row in cells for text in row[place])))
        for place, label in enumerate(labels)
    ]
    names = [row.label if worlds > 1 or row.mean else f"{row.label}, {row.unit}" for row in answer.rows]
    indent = max(LABEL, *(len(name) for name in names)) if width >= NARROW else 0
    for part in _blocks(widths, width - indent):
        lines.append(Line(" " * indent + _cat(labels, widths, part), "header"))
        for row, name, pairs in zip(answer.rows, names, cells, strict=True):
            middles = _cat([middle for middle, _ in pairs], widths, part)
            bands = _cat([band for _, band in pairs], widths, part)
            lines += _row_lines(row, name, middles, bands, indent, width)
    return lines


def _blocks(widths: Sequence[int], room: int) -> list[range]:
    """The columns in as few blocks as fit into the room, about equally many in each."""
    fit, used = 1, widths[0]
    while fit < len(widths) and used + max(widths[fit:]) <= room:
        used += widths[fit]
        fit += 1
    count = math.ceil(len(widths) / fit)
    size = math.ceil(len(widths) / count)
    return [range(first, min(first + size, len(widths))) for first in range(0, len(widths), size)]


def _cat(texts: Sequence[str], widths: Sequence[int], part: range) -> str:
    return "".join(f"{texts[place]:>{widths[place]}}" for place in part)


def _row_lines(row: Row, name: str, middles: str, bands: str, indent: int, width: int) -> list[Line]:
    """The medians beside the label, the bands beside the unit; both below label and unit where there is no room."""
    if indent == 0:
        names = wrapped(f"{row.label.strip()}, {row.unit}", width, "label")
        return [*names, Line(middles, "figure"), *([Line(bands, "band")] if bands.strip() else [])]
    if row.mean or name != row.label:
        return [Line(f"{name:<{indent}}{middles}", "figure")]
    margin = " " * (len(row.label) - len(row.label.lstrip()))
    return [
        Line(f"{name:<{indent}}{middles}", "figure"),
        Line(f"{margin + row.unit:<{indent}}{bands}".rstrip(), "band"),
    ]


def _cells(row: Row, worlds: int) -> list[tuple[str, str]]:
    """(median, band) as text for each column, or (mean, nothing)."""
    if row.mean:
        return [(f"{float(column.mean()):.0f} %", "") for column in row.values]
    low, middle, high = quantiles(row.values, BAND)
    between = ".." if (np.nan_to_num(low) < 0.0).any() else "–"
    whole = 0 if row.decimals == 0 else None
    return [
        (
            figure(m, row.decimals),
            "" if worlds == 1 or math.isnan(m) else figure(lo, whole) + between + figure(hi, whole),
        )
        for lo, m, hi in zip(low, middle, high, strict=True)
    ]


def figure(value: float, digits: int | None = None) -> str:
    """A number with so many digits after the point, or else with two or three that count."""
    if math.isnan(value):
        return "."
    if abs(value) >= 20_000.0:
        return f"{value / 1000.0:,.0f}k"
    if digits is None:
        digits = 0 if abs(value) >= 9.95 else 1 if abs(value) >= 0.995 else 2
    text = f"{value:,.{digits}f}"
    return "0" if float(text.replace(",", "")) == 0.0 else text


def plain_table(
    header: Sequence[str], rows: Iterable[Sequence[str]], width: int, wrap: int = -1, numbers: Collection[int] = ()
) -> list[Line]:
    """A table of texts, those of the columns `numbers` to the right.

    The column `wrap` takes the room that the others leave; where that is little, its text stands on lines of its own.
    """
    rows = [list(row) for row in rows]
    wrap %= len(header)
    widths = [max(len(str(row[k])) for row in [list(header), *rows]) for k in range(len(header))]
    room = width - sum(w + 2 for k, w in enumerate(widths) if k != wrap)
    lines: list[Line] = []
    if room < 24:
        for row in rows:
            others = [
                f"{header[k]} {row[k]}" if numbers else str(row[k]) for k in range(len(row)) if k != wrap and row[k]
            ]
            own, rest = wrapped(str(row[wrap]), width, "label"), wrapped("  ".join(others), width, "figure", "    ")
            lines += (
                own + rest
                if wrap == 0
                else wrapped("  ".join(others), width, "label") + wrapped(str(row[wrap]), width, "figure", "    ")
            )
        return lines
    widths[wrap] = min(widths[wrap], room)
    for place, row in enumerate([list(header), *rows]):
        parts = textwrap.wrap(str(row[wrap]), widths[wrap]) or [""]
        for line, part in enumerate(parts):
            cells = [part if k == wrap else (str(cell) if line == 0 else "") for k, cell in enumerate(row)]
            texts = [
                f"{cell:>{w}}" if k in numbers else f"{cell:<{w}}"
                for k, (cell, w) in enumerate(zip(cells, widths, strict=True))
            ]
            lines.append(Line("  ".join(texts).rstrip(), "header" if place == 0 else "figure"))
    return lines


def wrapped(text: str, width: int, style: str, indent: str = "", hanging: str | None = None) -> list[Line]:
    """Text in lines of at most this width, the first behind `indent`, the others behind `hanging` (or the same)."""
    rest = indent if hanging is None else hanging
    parts = textwrap.wrap(
        text, width, initial_indent=indent, subsequent_indent=rest, break_on_hyphens=False, break_long_words=False
    )
    fitting = [piece for part in parts for piece in _cut(part, width, rest)]
    return [Line(part.replace("\u00a0", " "), style) for part in fitting]


def _cut(line: str, width: int, hanging: str) -> list[str]:
    """A line in pieces that fit: one long name is cut behind its joints, and within a word only if it has none."""
    pieces = []
    while len(line) > width:
        least = len(line) - len(line.lstrip())
        at = max(line.rfind(joint, least + 1, width) for joint in JOINTS) + 1
        at = at if at > least + 1 else width
        pieces.append(line[:at])
        line = hanging + line[at:]
    return [*pieces, line]


def terminal_width() -> int:
    """The width to lay out for: that of the terminal, within reason."""
    return max(min(shutil.get_terminal_size((80, 24)).columns, LARGEST_WIDTH), 36)


def show(lines: Iterable[Line], stream: TextIO | None = None) -> None:
    """Print the lines: with colours on a terminal, as plain text into a file or pipe."""
    out = sys.stdout if stream is None else stream
    if out.isatty():
        from rich.console import Console
        from rich.text import Text

        console = Console(file=out, highlight=False, soft_wrap=True)
        for line in lines:
            console.print(Text(line.text, style=STYLES.get(line.style, "")))
        return
    for line in lines:
        out.write(readable(line.text, out.encoding) + "\n")


def readable(text: str, encoding: str | None) -> str:
    """The text with its few special signs written out where the stream cannot show them."""
    try:
        text.encode(encoding or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return text.translate(PLAIN).encode("ascii", "replace").decode("ascii")
    return text


__all__ = ["NARROW", "Line", "figure", "plain_table", "readable", "run_lines", "show", "terminal_width", "wrapped"]
