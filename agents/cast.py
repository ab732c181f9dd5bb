"""The cast: who owns chips, who uses compute, who leases from whom, and whose money is counted.

Each tuple fixes the order of a leading axis of the state arrays. Labs that plugins add (agents/additions.py) take
their places when this file is read.
"""

from __future__ import annotations

from agents.additions import PARENT, read_additions
from agents.plugins import load_from_environment

load_from_environment()
ADDED_LABS = read_additions()
"""Labs that plugins add, each split from PARENT."""
_ADDED = tuple(lab.name for lab in ADDED_LABS)

OPERATORS = ("microsoft", "oracle", "xai", "rival_clouds", "openai")
"""Chip owners; openai owns the chips of its own programme only."""

GENERATIONS = ("ampere", "hopper", "blackwell", "rubin", "feynman", "own_chip", "rival_asic")
"""Accelerator generations; the first five are the merchant line in order of launch."""

MERCHANT = GENERATIONS[:5]

USERS = (
    "openai",
    "xai",
    "microsoft_lab",
    PARENT,
    *_ADDED,
    "microsoft_workloads",
    "rival_workloads",
    "enterprise",
)
"""Who uses compute: the labs, the clouds' own workloads, and everybody who rents from a cloud."""

LABS = USERS[: USERS.index("microsoft_workloads")]

RIVALS = (PARENT, *_ADDED)
"""Labs that their parents support: the rest of the field as one, and those split from it."""

TENANTS = ("openai", *RIVALS)
"""Labs that tender for capacity."""

FUNDED = ("openai", "xai", *RIVALS)
"""Labs that raise equity."""

ENTITY_OF_USER = {
    "openai": "openai",
    "xai": "xai",
    "microsoft_lab": "microsoft",
    "rival_labs": "rival_labs",
    "microsoft_workloads": "microsoft",
    "rival_workloads": "rival_clouds",
    "enterprise": "customers",
} | {name: name for name in _ADDED}
"""The sector that pays for a user's compute."""


def _pairs_of(lab: str) -> tuple[tuple[str, str, str], ...]:
    """Who lets to an added lab: the same as to its parent."""
    return (("rival_clouds", lab, "rental"), ("microsoft", lab, "azure"), ("oracle", lab, "rental"))


PAIRS = (
    ("microsoft", "openai", "azure"),
    ("oracle", "openai", "stargate"),
    ("rival_clouds", "openai", "rental"),
    ("openai", "openai", "stargate"),
    ("rival_clouds", "rival_labs", "rental"),
    ("microsoft", "rival_labs", "azure"),
    ("rival_clouds", "microsoft", "rental"),
    ("oracle", "xai", "rental"),
    ("oracle", "rival_labs", "rental"),
    *(pair for name in _ADDED for pair in _pairs_of(name)),
)
"""Leases by (provider, tenant, programme). The fourth is OpenAI's own chips on Stargate sites: it pays no rent."""

PAIR_NAMES = tuple(f"{provider}>{tenant}" for provider, tenant, _ in PAIRS)
"""What records call each pair."""

PROVIDERS = ("microsoft", "oracle", "rival_clouds")
"""Who lets compute to others."""

PROVIDER_NAMES = (*PROVIDERS, "own")
"""Who supplies OpenAI, its own chips included."""

OWN_PAIR = PAIRS.index(("openai", "openai", "stargate"))

SECTORS = (
    "openai",
    "microsoft",
    "oracle",
    "softbank",
    "xai",
    *RIVALS,
    "rival_clouds",
    "nvidia",
    "broadcom",
    "landlords",
    "lenders",
    "investors",
    "customers",
    "staff",
    "utilities",
    "suppliers",
    "tax",
    "rest_of_world",
)
"""Everybody with a balance sheet; only the rest of the world may owe cash that nobody lent."""

ACTORS = SECTORS[: SECTORS.index("landlords") + 1]
"""Whose cash, debt and plant are recorded."""

HOLDERS = ("microsoft", "softbank", "investors", "nvidia", "staff")
"""Who holds OpenAI's equity; staff stands for employees and the foundation."""

CAPTIVE_USERS = {"own_chip": ("openai",), "rival_asic": (*RIVALS, "rival_workloads", "enterprise")}
"""Captive chips serve only their owner and its named tenants: everybody else finds them useless."""

TITLES = {
    "openai": "OpenAI",
    "microsoft": "Microsoft",
    "oracle": "Oracle",
    "softbank": "SoftBank",
    "xai": "xAI",
    "rival_labs": "Rival labs",
    "rival_clouds": "Rival clouds",
    "nvidia": "Nvidia",
    "broadcom": "Broadcom",
    "microsoft_lab": "Microsoft's in-house lab",
    "microsoft_workloads": "Microsoft's own workloads",
    "rival_workloads": "Rival clouds' own workloads",
    "enterprise": "Enterprise tenants",
    "own_chip": "Own chip",
    "rival_asic": "Rivals' ASICs",
    "own": "OpenAI's own chips",
} | {lab.name: lab.title for lab in ADDED_LABS}
"""Names for readers."""


def title(name: str) -> str:
    """A member's name as a reader expects it."""
    return TITLES.get(name, name.replace("_", " ").capitalize())
