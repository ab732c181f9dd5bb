"""Plugins for those who run the model: `load_plugins` of agents.plugins, which reads no cast and no model.

Name plugins before anything else of runs is imported: a lab that a plugin adds must be there when the cast is read.
"""

from __future__ import annotations

from agents.plugins import load_plugins, loaded

__all__ = ["load_plugins", "loaded"]
