"""What every test runs under: one thread, shape-checked arrays, and repeatable examples.

Everything here acts before the first of our modules is imported.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator

# Read when NumPy and SciPy load their libraries; commands that a test starts inherit it.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import pytest
from hypothesis import HealthCheck, settings

from tests.alone import in_the_room
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
    """Tests that measure time run last, when little else is left to wait for them."""
    items.sort(key=lambda item: item.get_closest_marker("timed") is not None)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Wait for those who must be alone, or until alone; the wait is outside the test's time limit."""
    with in_the_room(alone=item.get_closest_marker("timed") is not None):
        return (yield)


@pytest.fixture
def tell(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Say a measured figure; all of them are shown together at the end."""
    return lambda text: request.node.user_properties.append(("figure", text))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show what was measured."""
    reports = [report for found in terminalreporter.stats.values() for report in found]
    said = [
        text
        for report in reports
        for name, text in getattr(report, "user_properties", ())
        if name == "figure" and report.when == "call"
    ]
    if said:
        terminalreporter.section("measured")
        for text in said:
            terminalreporter.write_line(text)
