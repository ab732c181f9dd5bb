"""Our top-level names are ours: no other distribution brings a package of the same name."""

from __future__ import annotations

import importlib.metadata
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.tree import FLOORS, ROOT

NAMES = ("gigawatt", *FLOORS)


@pytest.mark.parametrize("name", NAMES)
def test_no_other_distribution_owns_the_name(name: str) -> None:
    assert set(importlib.metadata.packages_distributions().get(name, [])) <= {"gigawatt"}


def test_the_names_resolve_to_this_project_from_any_folder(tmp_path: Path) -> None:
    code = "import importlib.util as u, json, sys; print(json.dumps([u.find_spec(n).origin for n in sys.argv[1:]]))"
    done = subprocess.run(
        [sys.executable, "-c", code, *NAMES], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    origins = [Path(origin).resolve() for origin in json.loads(done.stdout)]
    assert origins == [ROOT / "gigawatt.py", *(ROOT / floor / "__init__.py" for floor in FLOORS)]


def test_the_command_is_installed() -> None:
    (command,) = importlib.metadata.entry_points(group="console_scripts", name="gigawatt")
    assert command.value == "gigawatt:main"
