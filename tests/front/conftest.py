"""One small run that the tests of this room share."""

from __future__ import annotations

import pytest
import xarray as xr

from runs.simulate import simulate

SCENARIO = "as-of-2024q3"
WORLDS = 7


@pytest.fixture(scope="session")
def small_run() -> xr.Dataset:
    """Seven worlds of nine quarters: part of a year, then two whole ones."""
    return simulate(SCENARIO, WORLDS, seed=3, until="2026Q4")


@pytest.fixture(scope="session")
def one_world() -> xr.Dataset:
    """One world of two quarters, less than a year."""
    return simulate(SCENARIO, 1, until="2025Q1")
