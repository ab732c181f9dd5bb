"""The members of a cast: who owns chips, who uses compute, who leases from whom, and whose money is counted.

Each tuple fixes the order of a leading axis of the state arrays; members that plugins add come after those they are
like, so that without additions the order is the same for everybody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from agents.additions import PARENT_OF_LABS, AddedCloud, AddedFirm, AddedLab, check_together
from agents.base import POLICIES

GENERATIONS = ("ampere", "hopper", "blackwell", "rubin", "feynman", "own_chip", "rival_asic")
"""Accelerator generations; the first five are the merchant line in order of launch."""

MERCHANT = GENERATIONS[:5]

HOLDERS = ("microsoft", "softbank", "investors", "nvidia", "staff")
"""Who holds OpenAI's equity; staff stands for employees and the foundation."""

STANDING_MEMBERS = (
    *("openai", "xai", "microsoft", "microsoft_lab", "microsoft_workloads", "oracle", "softbank", "rival_labs"),
    *("rival_clouds", "rival_workloads", "enterprise", "nvidia", "broadcom", "landlords", "lenders", "investors"),
    *("customers", "staff", "utilities", "suppliers", "tax", "rest_of_world", "grid", "own", "others", "market"),
)
"""Names that no added firm may have."""


@dataclass(frozen=True, eq=False)
class Members:
    """The names of a cast, by what they do.

    Attributes:
        labs_added    labs split from the rival labs
        clouds_added  clouds split from the rival clouds, or beside them
        policies      the policies that a scenario may select: firm -> name -> class, the firm's default first
        plugins       the files that brought them, as absolute path and SHA-256
    Raises: ValueError naming the firm if a name is taken or more is taken of a figure than there is.
    """

    labs_added: tuple[AddedLab, ...] = ()
    clouds_added: tuple[AddedCloud, ...] = ()
    policies: Mapping[str, Mapping[str, type]] = field(default_factory=lambda: POLICIES)
    plugins: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        check_together(self.added, STANDING_MEMBERS)

    @property
    def added(self) -> tuple[AddedFirm, ...]:
        """All firms that were added."""
        return (*self.labs_added, *self.clouds_added)

    @cached_property
    def parent_of(self) -> Mapping[str, str]:
        """Whom each added firm is split from."""
        return {firm.name: firm.PARENT for firm in self.added}

    @cached_property
    def clouds(self) -> tuple[str, ...]:
        """Clouds that were added."""
        return tuple(cloud.name for cloud in self.clouds_added)

    @cached_property
    def operators(self) -> tuple[str, ...]:
        """Chip owners; openai owns the chips of its own programme only."""
        return ("microsoft", "oracle", "xai", "rival_clouds", "openai", *self.clouds)

    @cached_property
    def builders(self) -> tuple[str, ...]:
        """Operators who build a share of what the market lacks."""
        return ("microsoft", "oracle", "rival_clouds", *self.clouds)

    @cached_property
    def buyers(self) -> tuple[str, ...]:
        """Who buys merchant chips. OpenAI buys none, and what it prepaid is compute."""
        return tuple(name for name in self.operators if name != "openai")

    @cached_property
    def rivals(self) -> tuple[str, ...]:
        """Labs that their parents support: the rest of the field as one, and those split from it."""
        return (PARENT_OF_LABS, *(lab.name for lab in self.labs_added))

    @cached_property
    def labs(self) -> tuple[str, ...]:
        """Who sells AI services."""
        return ("openai", "xai", "microsoft_lab", *self.rivals)

    @cached_property
    def users(self) -> tuple[str, ...]:
        """Who uses compute: the labs, the clouds' own workloads, and everybody who rents from a cloud."""
        return (*self.labs, "microsoft_workloads", "rival_workloads", "enterprise")

    @cached_property
    def tenants(self) -> tuple[str, ...]:
        """Labs that tender for capacity."""
        return ("openai", *self.rivals)

    @cached_property
    def funded(self) -> tuple[str, ...]:
        """Labs that raise equity."""
        return ("openai", "xai", *self.rivals)

    @cached_property
    def entity_of_user(self) -> Mapping[str, str]:
        """The sector that pays for a user's compute."""
        others = {"microsoft_lab": "microsoft", "microsoft_workloads": "microsoft", "rival_workloads": "rival_clouds"}
        return {name: others.get(name, name) for name in self.users} | {"enterprise": "customers"}

    @cached_property
    def pairs(self) -> tuple[tuple[str, str, str], ...]:
        """Leases by (provider, tenant, programme). The fourth is OpenAI's own chips on its sites: it pays no rent."""
        added = [
            pair
            for lab in self.rivals[1:]
            for pair in (("rival_clouds", lab, "rental"), ("microsoft", lab, "azure"), ("oracle", lab, "rental"))
        ]
        lessees = ("openai", "rival_labs", "microsoft", *self.rivals[1:])
        return (
            ("microsoft", "openai", "azure"),
            ("oracle", "openai", "stargate"),
            ("rival_clouds", "openai", "rental"),
            ("openai", "openai", "stargate"),
            ("rival_clouds", "rival_labs", "rental"),
            ("microsoft", "rival_labs", "azure"),
            ("rival_clouds", "microsoft", "rental"),
            ("oracle", "xai", "rental"),
            ("oracle", "rival_labs", "rental"),
            *added,
            *((cloud, lessee, "rental") for cloud in self.clouds for lessee in lessees),
        )

    @cached_property
    def pair_names(self) -> tuple[str, ...]:
        """What records call each pair."""
        return tuple(f"{provider}>{tenant}" for provider, tenant, _ in self.pairs)

    @cached_property
    def lessees(self) -> tuple[str, ...]:
        """Who rents under leases."""
        return tuple(dict.fromkeys(tenant for provider, tenant, _ in self.pairs if provider != tenant))

    @cached_property
    def providers(self) -> tuple[str, ...]:
        """Who lets compute to others."""
        return ("microsoft", "oracle", "rival_clouds", *self.clouds)

    @cached_property
    def offers(self) -> tuple[str, ...]:
        """Who makes each offer of a tender. The last is what rival clouds keep for the labs that they fund or own."""
        return (*self.providers, "rival_clouds")

    @cached_property
    def provider_names(self) -> tuple[str, ...]:
        """Who supplies OpenAI, its own chips included."""
        return (*self.providers, "own")

    @cached_property
    def sectors(self) -> tuple[str, ...]:
        """Everybody with a balance sheet; only the rest of the world may owe cash that nobody lent."""
        clouds = ("rival_clouds", *self.clouds)
        firms = ("openai", "microsoft", "oracle", "softbank", "xai", *self.rivals, *clouds, "nvidia", "broadcom")
        backers = ("landlords", "lenders", "investors", "customers", "staff", "utilities", "suppliers", "tax")
        return (*firms, *backers, "rest_of_world")

    @cached_property
    def actors(self) -> tuple[str, ...]:
        """Whose cash, debt and plant are recorded."""
        return self.sectors[: self.sectors.index("landlords") + 1]

    @cached_property
    def borrowers(self) -> tuple[str, ...]:
        """Who borrows on its cash flow or its plant."""
        standing = ("microsoft", "oracle", "xai", "rival_clouds", "landlords", "softbank", "nvidia")
        return (*standing, *self.clouds)

    @cached_property
    def debtors(self) -> tuple[str, ...]:
        """Who may owe lenders; labs without plant have credit lines and what a scenario's loans give them."""
        return (*self.borrowers, *self.tenants)

    @cached_property
    def creditors(self) -> tuple[str, ...]:
        """Whose losses by unpaid dues are counted."""
        return ("lenders", *self.providers, "nvidia", "others")

    @cached_property
    def entities(self) -> tuple[str, ...]:
        """Who may be long or short of compute."""
        return tuple(dict.fromkeys((*self.entity_of_user.values(), *self.operators)))
