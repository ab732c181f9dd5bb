"""The static figures of a run, as PNG files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import xarray as xr
from matplotlib.figure import Figure

from runs.reading import Reader
from viz.figure_lenders import oracle_debt, softbank_ltv
from viz.figure_market import binding_constraints, power_and_abilene, price_by_generation, who_holds_compute
from viz.figure_openai import (
    cash_and_burn,
    compute_by_provider,
    funding_by_source,
    inference_and_training,
    the_race,
)

FIGURES: dict[str, Callable[[Reader], Figure]] = {
    "price_by_generation": price_by_generation,
    "who_holds_compute": who_holds_compute,
    "openai_compute_by_provider": compute_by_provider,
    "openai_cash_and_burn": cash_and_burn,
    "openai_funding": funding_by_source,
    "inference_and_training": inference_and_training,
    "oracle_debt": oracle_debt,
    "softbank_ltv": softbank_ltv,
    "binding_constraints": binding_constraints,
    "power_and_abilene": power_and_abilene,
    "race": the_race,
}
"""By the name of the file."""


def draw_figures(dataset: xr.Dataset, folder: Path) -> list[Path]:
    """Draw every figure of a run (keep="paths") into a folder that exists, and return the files."""
    run = Reader(dataset)
    files = []
    for name, draw in FIGURES.items():
        file = folder / f"{name}.png"
        draw(run).savefig(file, metadata={"Title": name, "Software": f"gigawatt {dataset.attrs['version']}"})
        files.append(file)
    return files


__all__ = ["FIGURES", "draw_figures"]
