"""The plugins of the documentation, as text and as files."""

from __future__ import annotations

import re
from pathlib import Path

from tests.house.tree import ROOT

NAMES = ("my_agents.py", "my_clouds.py")


def block(name: str) -> str:
    """A plugin of the documentation."""
    text = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
    found = re.search(rf"^```python {re.escape(name)}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    assert found
    return found[1]


def written(folder: Path) -> dict[str, str]:
    """The plugins as files of a folder, by name."""
    for name in NAMES:
        (folder / name).write_text(block(name), encoding="utf-8")
    return {name: str(folder / name) for name in NAMES}
