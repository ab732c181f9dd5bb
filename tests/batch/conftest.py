"""Batches that many tests read, and copy before they harm them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.batch.small import run_here, small


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small batch that ran to its end undisturbed."""
    folder = tmp_path_factory.mktemp("finished") / "b"
    run_here(folder, small())
    return folder


@pytest.fixture(scope="session")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A batch of two blocks and three quarters that keeps everything."""
    folder = tmp_path_factory.mktemp("full") / "b"
    run_here(folder, small(25, 14, keep="full", until="2025Q2"))
    return folder
