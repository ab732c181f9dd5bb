"""Every figure draws from any run, holds something, and never touches pyplot."""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib.image
import pytest
import xarray as xr

from runs.reading import Reader
from viz.figures import FIGURES, draw_figures


@pytest.mark.parametrize("name", list(FIGURES))
def test_a_figure_says_what_it_shows(small_run: xr.Dataset, name: str) -> None:
    figure = FIGURES[name](Reader(small_run))
    texts = [text.get_text() for text in figure.texts]
    assert len(texts) >= 3 and all(texts)
    assert "as-of-2024q3" in texts[2] and "7 worlds, seed 3" in texts[2]
    panels = [axes for axes in figure.axes if axes.get_visible()]
    assert panels and all(axes.get_title(loc="left") for axes in panels)
    assert all(axes.lines or axes.collections or axes.patches for axes in panels)


def test_files_are_written_and_are_no_blank_sheets(small_run: xr.Dataset, tmp_path: Path) -> None:
    files = draw_figures(small_run, tmp_path)
    assert sorted(tmp_path.iterdir()) == sorted(files) and len(files) >= 9
    for file in files:
        pixels = matplotlib.image.imread(file)
        assert pixels.shape[0] > 400 and pixels[..., :3].std() > 0.02
    assert "matplotlib.pyplot" not in sys.modules


def test_one_world_of_two_quarters_can_be_drawn(one_world: xr.Dataset, tmp_path: Path) -> None:
    assert len(draw_figures(one_world, tmp_path)) == len(FIGURES)


def test_the_record_is_drawn(small_run: xr.Dataset) -> None:
    figure = FIGURES["price_by_generation"](Reader(small_run))
    before = [line for line in figure.axes[0].lines if line.get_marker() == "o"]
    assert len(before) == 12
    assert sum(line.get_markerfacecolor() == "white" for line in before) == 5
