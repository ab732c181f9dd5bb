"""What a batch depends on besides what was asked: the program, its libraries and the kind of machine."""

from __future__ import annotations

import importlib.metadata
import inspect
import platform
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import threadpoolctl

from runs.fingerprint import ROOT, file_digest, source_digest
from runs.scenario import Scenario

FLOORS = ("world", "agents", "runs")
LIBRARIES = ("numpy", "scipy", "mesa", "pyarrow")
SOURCES = (".py", ".csv", ".toml", ".npz")


@lru_cache(maxsize=1)
def program() -> dict[str, str]:
    """The version, and a hash of the code and data of each floor that a path depends on."""
    found = {"gigawatt": importlib.metadata.version("gigawatt")}
    for floor in FLOORS:
        files = sorted((ROOT / floor).rglob("*"))
        found[floor] = source_digest(path for path in files if path.suffix in SOURCES and path.is_file())
    return found


@lru_cache(maxsize=1)
def machine() -> dict[str, str]:
    """Versions of what computes, and the features of the processor: on like machines bits are alike."""
    found = {"python": platform.python_version(), "machine": platform.machine()}
    found |= {name: importlib.metadata.version(name) for name in LIBRARIES}
    # NumPy chooses its kernels by these features, and names them nowhere else.
    known = np._core._multiarray_umath.__cpu_features__  # type: ignore[attr-defined]
    found["cpu_features"] = " ".join(sorted(name for name, there in known.items() if there))
    kernels = {f"{pool['internal_api']} {pool.get('architecture', '')}" for pool in threadpoolctl.threadpool_info()}
    found["blas"] = ", ".join(sorted(kernels))
    return found


def policies_used(scenarios: Sequence[Scenario]) -> dict[str, dict[str, str]]:
    """Every plugin, and every policy that the scenarios name: its file or module, and a hash of the file."""
    found = {}
    for plugin, digest in dict.fromkeys(plugin for scenario in scenarios for plugin in scenario.cast.plugins):
        found[f"plugin {Path(plugin).name}"] = {"file": plugin, "sha256": digest}
    for scenario in scenarios:
        for owner, name in scenario.policies.items():
            kind = scenario.cast.policies[owner.removesuffix(".policy")][name]
            file = Path(inspect.getfile(kind))
            found[f"{owner}={name}"] = {
                "module": kind.__module__,
                "sha256": file_digest(file),
            }
    return found


def differences(before: Mapping[str, Any], now: Mapping[str, Any], path: str = "") -> list[str]:
    """What differs between two documents, a sentence each: `seed: 1, now 2`."""
    found = []
    for key in dict.fromkeys([*before, *now]):
        name, old, new = f"{path}{key}", before.get(key), now.get(key)
        if old == new:
            continue
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            found += differences(old, new, f"{name}.")
        else:
            found.append(f"{name}: {_short(old)}, now {_short(new)}")
    return found


def _short(value: object) -> str:
    text = "none" if value is None else str(value)
    if len(text) == 64 and set(text) <= set("0123456789abcdef"):
        return text[:12]
    return text if len(text) <= 60 else text[:57] + "..."


__all__ = ["differences", "machine", "policies_used", "program"]
