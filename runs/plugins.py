"""Plugins for those who run the model: `read_plugins` makes a cast of files of the user's own (agents/plugins.py)."""

from __future__ import annotations

from agents.plugins import read_plugins

__all__ = ["read_plugins"]
