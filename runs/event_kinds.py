"""All kinds of events, each in the file of its subject.

An event is applied at the beginning of its quarter, before anything is delivered, in every world alike. One whose
arguments say that nothing happens changes no bit of any world.
"""

from __future__ import annotations

# Importing a file registers its kinds.
from runs import event_deals, event_shocks, event_sites
from runs.event_arguments import KINDS, Event, EventKind, Known, check_event

__all__ = ["KINDS", "Event", "EventKind", "Known", "check_event", "event_deals", "event_shocks", "event_sites"]
