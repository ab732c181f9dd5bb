"""One HTML file that opens without a server: page, charts and several states baked in."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from viz.page import api
from viz.page.answer import TARGETS
from viz.page.engine import Engine
from viz.page.state import State

ASSETS = Path(__file__).parent / "assets"


def standalone(
    engine: Engine,
    states: Sequence[State],
    kit: tuple[bytes, bytes],
    progress: Callable[[int, int], None] | None = None,
) -> bytes:
    """The page with these states baked in, the first on show; each with its claims and its typical world."""
    baked: dict[str, Any] = {"page": api.page_document(engine.shelf), "states": []}
    shown = dict.fromkeys(state.scenario for state in states)
    baked["page"]["scenarios"] = [row for row in baked["page"]["scenarios"] if row["name"] in shown]
    for done, state in enumerate(states, start=1):
        view = api.view_document(engine, state)
        typical = view["picks"][0]["world"]
        asked = {str(q): api.question_document(engine, state, q) for q in range(len(TARGETS))}
        baked["states"].append(
            {
                "query": state.query(),
                "scenario": state.scenario,
                "view": view,
                "questions": asked,
                "world": api.world_document(engine, state, typical),
                "claims": api.claims_document(engine, state),
            }
        )
        if progress is not None:
            progress(done, len(states))
    return page_file(baked, kit)


def page_file(baked: Mapping[str, Any], kit: tuple[bytes, bytes]) -> bytes:
    """The page as one file.

    Args: baked: the page's own document (`page`) and what it shows (`states`); kit: of `drawing_kit`.
    """
    script, charts = (gzip.decompress(part).decode() for part in kit)
    baked = {**baked, "charts": json.loads(charts)}
    data = api.encoded(baked).decode().replace("<", "\\u003c")
    page = (ASSETS / "page.js").read_text(encoding="utf-8")
    style = (ASSETS / "page.css").read_text(encoding="utf-8")
    script = script.replace("</script", "<\\/script")
    sources = " ".join(f"'sha256-{_hash(text)}'" for text in (script, page))
    policy = f"default-src 'none'; script-src {sources}; style-src 'sha256-{_hash(style)}'; img-src data:"
    html = (ASSETS / "index.html").read_text(encoding="utf-8")
    html = html.replace(
        '<meta charset="utf-8">',
        f'<meta charset="utf-8">\n<meta http-equiv="Content-Security-Policy" content="{policy}">',
    )
    html = html.replace('<link rel="stylesheet" href="page.css">', f"<style>{style}</style>")
    html = html.replace(
        '<script src="page.js" type="module"></script>',
        f'<script type="application/json" id="baked">{data}</script>\n<script type="module">{script}</script>\n'
        f'<script type="module">{page}</script>',
    )
    return html.encode()


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
