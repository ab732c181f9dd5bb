"""Runs over the record that the tests of this room share."""

from __future__ import annotations

import pytest
import xarray as xr

from runs.simulate import simulate

WORLDS = 300


@pytest.fixture(scope="session")
def run_on_record() -> xr.Dataset:
    """The start of the record to its end."""
    return simulate("as-of-2023q4", WORLDS, seed=5, until="2025Q4")
