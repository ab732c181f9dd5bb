"""The front door: the command line, and nothing but wiring; heavy imports stay inside the commands."""

from __future__ import annotations

import argparse
import importlib.metadata
from collections.abc import Sequence


def parser() -> argparse.ArgumentParser:
    """The command line's grammar."""
    top = argparse.ArgumentParser(prog="gigawatt", description="The market for AI compute: one model, many worlds.")
    top.add_argument("--version", action="version", version=importlib.metadata.version("gigawatt"))
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code (0 done, 1 a run failed, 2 the user's mistake)."""
    parser().parse_args(arguments)
    return 0
