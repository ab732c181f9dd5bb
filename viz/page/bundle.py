"""What the page draws with: Vega's script and the compiled charts, made once and kept in the user's cache folder."""

from __future__ import annotations

import gzip
import hashlib
import importlib.metadata
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import viz.page.charts_world  # noqa: F401  registers its charts
from viz.page.charts import CHARTS

PARTS = ("altair", "vl-convert-python")

# In a process of its own: making both takes 230 MB for a moment, which a server would keep.
_MAKE = """
import sys
from viz.page.bundle import make
make(sys.argv[1])
"""


def cache_folder() -> Path:
    """The user's cache folder, as the desktop standard and the system say."""
    base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    return (Path(base) if base else Path.home() / ".cache") / "gigawatt"


def _key() -> str:
    """Changes with the versions of the makers and with every declaration of a chart."""
    folder = Path(__file__).parent
    seen = hashlib.sha256()
    for name in PARTS:
        seen.update(f"{name}={importlib.metadata.version(name)};".encode())
    for path in [*sorted(folder.glob("charts*.py")), Path(__file__)]:
        seen.update(path.read_bytes())
    return seen.hexdigest()[:16]


def drawing_kit() -> tuple[bytes, bytes]:
    """Vega's script and the compiled charts as JSON, both gzipped; made at the first call of a version, then kept."""
    try:
        folder = cache_folder()
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK):
            raise PermissionError(folder)
    except OSError:
        folder = Path(tempfile.mkdtemp(prefix="gigawatt-"))
    file = folder / f"page-{_key()}.json.gz"
    try:
        return _read(file)
    except (OSError, ValueError, EOFError, KeyError):
        subprocess.run([sys.executable, "-c", _MAKE, str(file)], check=True, stdin=subprocess.DEVNULL)
        return _read(file)


def _read(file: Path) -> tuple[bytes, bytes]:
    kept = json.loads(gzip.decompress(file.read_bytes()))
    return gzip.compress(kept["script"].encode(), 9), gzip.compress(kept["charts"].encode(), 9)


def make(file: str) -> None:
    """Write script and charts to a file, whole or not at all."""
    import vl_convert

    script = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    charts = json.dumps(compiled_charts(), separators=(",", ":"))
    target = Path(file)
    with tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as part:
        part.write(gzip.compress(json.dumps({"script": script, "charts": charts}).encode(), 6))
    Path(part.name).replace(target)


def compiled_charts() -> dict[str, Any]:
    """Every chart as a Vega specification, with the names of the signals and data that the page may set."""
    import vl_convert

    found = {}
    for name, declare in CHARTS.items():
        lite = declare().to_dict(validate=True)
        spec = vl_convert.vegalite_to_vega(lite)
        spec.pop("$schema", None)
        own = {part["name"] for part in lite.get("params", [])}
        data = [part["name"] for part in spec["data"] if not {"url", "values", "source"} & set(part)]
        found[name] = {"spec": spec, "signals": sorted(own), "data": data}
    return found
