"""What every test runs under: one thread, shape-checked arrays, and repeatable examples.

Everything here acts before the first of our modules is imported.
"""

from __future__ import annotations

import os

# Read when NumPy and SciPy load their libraries; commands that a test starts inherit it.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import pytest
from hypothesis import HealthCheck, settings

from tests.shapes import check_packages

# Shapes and types of every annotated call are checked, at about the price of the arithmetic, and only in this process:
# so a test that measures time does so in a process of its own.
check_packages(["world", "agents", "runs"])

# Health checks of speed depend on what else the machine does; the time limit of each test stands in for them.
settings.register_profile(
    "ci", derandomize=True, deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("brief", settings.get_profile("ci"), max_examples=15)
settings.register_profile("soak", settings.get_profile("ci"), derandomize=False, max_examples=2000)
settings.load_profile("ci")  # another: pytest --hypothesis-profile=soak


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that assert ratios of times run last, when nothing else is left to disturb them."""
    items.sort(key=lambda item: item.get_closest_marker("timed") is not None)
