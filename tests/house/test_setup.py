"""Set-up: the lock is complete and holds no address; the Makefile sets up once, and again only when it must."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.house.tree import ROOT

LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
TARGETS = ("setup", "run", "view", "test", "bench", "validate", "lock", "help")  # later ones may join them


def make(*arguments: str, folder: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run make there, free of the variables that an outer make hands down."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    for name in ("PYTHON", "VENV", "UV", "ARGS"):
        inherited.pop(name, None)
    return subprocess.run(["make", *arguments], cwd=folder, env=inherited | environment, capture_output=True, text=True)


def normal(name: str) -> str:
    """A distribution's name as the lock writes it."""
    return re.sub(r"[-_.]+", "-", re.split(r"[\[<>=;~! ]", name)[0]).lower()


def locked() -> dict[str, list[str]]:
    """Name of each distribution in the lock, with its entries."""
    entries: dict[str, list[str]] = {}
    for entry in re.split(r"\n(?=[A-Za-z0-9])", "\n" + re.sub(r"(?m)^ *#.*\n?", "", LOCK))[1:]:
        entries.setdefault(normal(entry), []).append(entry)
    return entries


def test_every_locked_requirement_is_pinned_and_hashed() -> None:
    for entries in locked().values():
        for entry in entries:
            assert re.match(r"[A-Za-z0-9._-]+==[^ ]+ ", entry), entry.splitlines()[0]
            assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), entry.splitlines()[0]


def test_the_lock_holds_no_address() -> None:
    assert "://" not in LOCK
    assert not re.search(r"(?m)^\s*(-i|-f|--index-url|--extra-index-url|--find-links)\b", LOCK)


def test_the_lock_holds_all_that_the_project_asks_for() -> None:
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = pyproject["project"]["optional-dependencies"].values()
    wanted = [
        *pyproject["project"]["dependencies"],
        *pyproject["build-system"]["requires"],
        *(requirement for extra in extras for requirement in extra),
    ]
    assert {normal(requirement) for requirement in wanted} <= set(locked())
    assert "openai-agents" not in locked()


def test_the_lock_serves_old_and_new_python() -> None:
    markers = sorted(entry.split(" \\")[0].split(" ; ")[1] for entry in locked()["mesa"])
    assert markers == ["python_full_version < '3.12'", "python_full_version >= '3.12'"]


def test_help_lists_every_target() -> None:
    listed = [line.split()[1] for line in make("help").stdout.splitlines()]
    assert set(listed) >= set(TARGETS)
    for target in TARGETS:
        assert make("-n", target).returncode == 0, target


def test_nothing_is_set_up_twice() -> None:
    done = make("-n", "setup", f"VENV={sys.prefix}")
    assert done.returncode == 0
    assert "venv" not in done.stdout.replace("make: Nothing to be done for 'setup'.", ""), (
        "this environment is not the one that `make setup` made: " + done.stdout
    )


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A folder with the Makefile, and a uv that makes an environment's skeleton, or fails as it is told to."""
    for name in ("Makefile", "pyproject.toml", "requirements.lock"):
        shutil.copy(ROOT / name, tmp_path)
    uv = tmp_path / "uv"
    uv.write_text(
        "#!/bin/sh\n"
        'echo "$@" >> calls\n'
        'case "$*" in\n'
        f"venv*) mkdir -p env/bin && touch env/pyvenv.cfg && ln -s '{sys.executable}' env/bin/python ;;\n"
        '*"-e ."*) test ! -e broken && cp "$0" env/bin/gigawatt ;;\n'
        "esac\n"
    )
    uv.chmod(0o755)
    return tmp_path


def set_up(folder: Path) -> tuple[int, int]:
    """Exit code of one more `make setup` with the make-believe uv, and how often that was called."""
    calls = folder / "calls"
    calls.write_text("")
    done = make("setup", "UV=./uv", "VENV=env", f"PYTHON={sys.executable}", folder=folder)
    return done.returncode, len(calls.read_text().splitlines())


def test_a_second_call_sets_nothing_up(elsewhere: Path) -> None:
    assert set_up(elsewhere) == (0, 3)
    assert set_up(elsewhere) == (0, 0)


def test_the_hashed_lock_is_installed_before_the_project(elsewhere: Path) -> None:
    set_up(elsewhere)
    environment, locked_first, project = (elsewhere / "calls").read_text().splitlines()
    assert environment.startswith("venv ")
    assert locked_first.endswith("--require-hashes -r requirements.lock")
    assert project.endswith("--no-deps --no-build-isolation -e .")


def test_a_broken_set_up_is_repeated(elsewhere: Path) -> None:
    (elsewhere / "broken").touch()
    assert set_up(elsewhere) == (2, 3)
    assert set_up(elsewhere) == (2, 3)
    (elsewhere / "broken").unlink()
    assert set_up(elsewhere) == (0, 3)
    assert set_up(elsewhere) == (0, 0)


@pytest.mark.parametrize("changed", ["requirements.lock", "pyproject.toml"])
def test_a_new_lock_or_project_file_is_set_up(elsewhere: Path, changed: str) -> None:
    set_up(elsewhere)
    with (elsewhere / changed).open("a") as file:
        file.write("# newer\n")
    assert set_up(elsewhere) == (0, 3)
    assert set_up(elsewhere) == (0, 0)


@pytest.mark.parametrize("lost", ["env/bin/python", "env/bin/gigawatt", "env"])
def test_an_environment_with_a_part_gone_is_set_up_again(elsewhere: Path, lost: str) -> None:
    set_up(elsewhere)
    path = elsewhere / lost
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    assert set_up(elsewhere) == (0, 3)
    assert set_up(elsewhere) == (0, 0)


def test_a_folder_that_is_no_environment_is_left_alone(elsewhere: Path) -> None:
    precious = elsewhere / "env" / "thesis.txt"
    precious.parent.mkdir()
    precious.touch()
    assert set_up(elsewhere) == (2, 0)
    assert precious.exists()


def test_an_old_python_is_refused_in_one_line(elsewhere: Path) -> None:
    old = elsewhere / "old-python"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    done = make("setup", f"PYTHON={old}", folder=elsewhere)
    assert done.returncode == 2
    assert "needs Python 3.11 or newer" in done.stderr
