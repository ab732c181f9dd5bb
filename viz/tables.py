"""Tables for a terminal: text laid out for its width, bold and coloured only where somebody looks at it."""

from __future__ import annotations

import math
import shutil
import sys
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TextIO

import numpy as np
import xarray as xr

from runs.questions import Answer, answers
from runs.reading import BAND, Column, Reader, Row
from runs.results import quantiles

NARROW = 72
"""Below this width a row's label stands on a line of its own."""
LABEL = 26
LARGEST_WIDTH = 110

PLAIN = str.maketrans({"±": "+-", "–": "-", "−": "-", "·": "|", "…": "..."})


@dataclass(frozen=True)
class Line:
    """A line of output and how it is shown: heading, answer, header, figure, band or note."""

    text: str
    style: str = ""


STYLES = {"title": "bold", "heading": "bold cyan", "header": "dim", "band": "dim", "note": "dim italic"}


def run_lines(dataset: xr.Dataset, width: int) -> list[Line]:
    """What a run says to each question: sentence, then median and 90 % band by year."""
    run = Reader(dataset)
    a = dataset.attrs
    lines = _wrapped(f"{a['title']}", width, "title")
    worlds = f"{run.worlds:,} world" + ("s" if run.worlds > 1 else "")
    lines += _wrapped(f"{a['scenario']} · {worlds}, seed {a['seed']} · {run.quarters[0]} to {run.end}", width, "note")
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
    return lines + _wrapped(note, width, "note")


def _answer_lines(answer: Answer, columns: Sequence[Column], worlds: int, width: int) -> list[Line]:
    lines = [Line(""), *_wrapped(f"Q{answer.number}. {answer.question}", width, "heading")]
    lines += _wrapped(answer.sentence, width, "answer")
    cells = [_cells(row, worlds) for row in answer.rows]
    labels = [_label(column.label, width) for column in columns]
    widest = max(len(text) for row in cells for pair in row for text in pair)
    cell = max(widest, *(len(label) for label in labels)) + 2
    names = [f"{row.label}, {row.unit}" for row in answer.rows]
    indent = max(LABEL, *(len(name) for name in names)) if width >= NARROW else 0
    if indent + cell * len(columns) > width:
        indent = 0
    fit = max((width - indent) // cell, 1)
    for first in range(0, len(columns), fit):
        part = slice(first, first + fit)
        lines.append(Line(" " * indent + "".join(f"{label:>{cell}}" for label in labels[part]), "header"))
        for name, row in zip(names, cells, strict=True):
            if indent == 0:
                lines += _wrapped(name, width, "figure")
            start = f"{name:<{indent}}" if indent else ""
            lines.append(Line(start + "".join(f"{middle:>{cell}}" for middle, _ in row[part]), "figure"))
            if any(band for _, band in row[part]):
                lines.append(Line(" " * indent + "".join(f"{band:>{cell}}" for _, band in row[part]), "band"))
    return lines


def _label(label: str, width: int) -> str:
    return label if width >= NARROW else label.replace(" to ", "-")


def _cells(row: Row, worlds: int) -> list[tuple[str, str]]:
    """(median, band) as text for each column."""
    if row.flag:
        return [(f"{100.0 * float(column.mean()):.0f}", "") for column in row.values]
    low, middle, high = quantiles(row.values, BAND)
    digits = row.decimals if row.decimals is not None else _decimals(middle)
    return [
        (_figure(m, digits), "" if worlds == 1 or math.isnan(m) else _band(lo, hi, digits))
        for lo, m, hi in zip(low, middle, high, strict=True)
    ]


def _decimals(values: np.ndarray) -> int:
    known = np.abs(values[~np.isnan(values)])
    largest = float(known.max()) if known.size else 0.0
    return 0 if largest >= 100.0 else 1 if largest >= 1.0 else 2


def _figure(value: float, digits: int) -> str:
    if math.isnan(value):
        return "."
    text = f"{value:,.{digits}f}"
    return text.removeprefix("-") if float(text.replace(",", "")) == 0.0 else text


def _band(low: float, high: float, digits: int) -> str:
    between = " to " if low < 0.0 and _figure(low, digits).startswith("-") else "–"
    return _figure(low, digits) + between + _figure(high, digits)


def plain_table(header: Sequence[str], rows: Iterable[Sequence[str]], width: int, wrap: int = -1) -> list[Line]:
    """A table of texts; the column `wrap` takes the room that the others leave, or all of it below them if that is little."""
    rows = [list(row) for row in rows]
    wrap %= len(header)
    widths = [max(len(str(row[k])) for row in [list(header), *rows]) for k in range(len(header))]
    room = width - sum(w + 2 for k, w in enumerate(widths) if k != wrap)
    lines: list[Line] = []
    if room < 24:
        for row in rows:
            first = [str(cell) for k, cell in enumerate(row) if k != wrap]
            lines += _wrapped("  ".join(cell for cell in first if cell), width, "figure")
            lines += _wrapped(str(row[wrap]), width, "band", "    ")
        return lines
    widths[wrap] = min(widths[wrap], room)
    for place, row in enumerate([list(header), *rows]):
        parts = textwrap.wrap(str(row[wrap]), widths[wrap]) or [""]
        for line, part in enumerate(parts):
            cells = [part if k == wrap else (str(cell) if line == 0 else "") for k, cell in enumerate(row)]
            text = "  ".join(f"{cell:<{w}}" for cell, w in zip(cells, widths, strict=True)).rstrip()
            lines.append(Line(text, "header" if place == 0 else "figure"))
    return lines


def _wrapped(text: str, width: int, style: str, indent: str = "") -> list[Line]:
    parts = textwrap.wrap(
        text, width, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False, break_long_words=False
    )
    return [Line(part, style) for part in parts]


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


__all__ = ["Line", "plain_table", "readable", "run_lines", "show", "terminal_width"]
