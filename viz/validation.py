"""The page docs/validation.md: calibration, backtest, ranks and stylised facts, made anew by `make validate`."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from matplotlib.figure import Figure

from runs.backtest import Backtest, backtest
from runs.calibration import calibrate
from runs.calibration_check import Ranks, check_calibration
from runs.identifiability import posterior_of
from runs.posterior import FILE, Posterior, save
from runs.stylised_facts import stylised_facts
from viz.figure_backtest import SHEET, pit_figure, score_figure, series_figure, series_of
from viz.figure_calibration import contraction_figure, marginal_figure
from viz.figure_ranks import rank_figure
from viz.progress import Progress
from viz.validation_text import validation_page

Result = TypeVar("Result")
DOCS = Path(__file__).resolve().parent.parent / "docs"


def validate(seed: int = 1, folder: Path = DOCS) -> Path:
    """Calibrate, score, rank, ask for the facts; store the posterior, draw the figures, write the page; return it."""
    posterior = _step("calibrate", lambda p: posterior_of(calibrate(seed, progress=p)))
    save(posterior, FILE)
    scored = _step("backtest", lambda p: backtest(seed=seed, progress=p))
    ranks = _step("ranks", lambda _: check_calibration(seed=seed))
    facts = _step("facts", lambda _: stylised_facts(seed=seed))
    figures = draw(posterior, scored, ranks, folder / "validation")
    page = folder / "validation.md"
    page.write_text(validation_page(posterior, scored, ranks, facts, figures), encoding="utf-8")
    return page


def draw(posterior: Posterior, scored: Backtest, ranks: Ranks, folder: Path) -> dict[str, str]:
    """Draw the page's figures into a folder; returns file names below the page by what they show."""
    folder.mkdir(parents=True, exist_ok=True)
    names = series_of(scored)
    figures: dict[str, Figure] = {
        "Scores by series": score_figure(scored),
        "Where observations fall": pit_figure(scored),
        "What the record tells of each parameter": contraction_figure(posterior),
        "Ranks of truths": rank_figure(ranks),
    }
    if posterior.names:
        figures["Parameters that the record informs"] = marginal_figure(posterior)
    for place in range(0, len(names), SHEET):
        part = names[place : place + SHEET]
        figures[f"Forecasts {1 + place // SHEET}"] = series_figure(scored, part)
    files = {}
    for title, figure in figures.items():
        file = folder / (title.lower().replace(" ", "_") + ".png")
        figure.savefig(file, dpi=80)
        files[title] = f"{folder.name}/{file.name}"
    return files


def _step(name: str, work: Callable[[Progress], Result]) -> Result:
    began = time.monotonic()
    with Progress(name) as progress:
        done = work(progress)
    print(f"{name}: {time.monotonic() - began:.0f} s", file=sys.stderr)
    return done


__all__ = ["draw", "validate"]

if __name__ == "__main__":
    print(validate())
