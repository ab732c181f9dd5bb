"""The cast of a model: its members with their places on the axes of the state, and their names for readers.

A cast is a value: it belongs to a scenario, and so to every model that is made of it. `STANDING` has no additions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property

import numpy as np

from agents.members import GENERATIONS, HOLDERS, MERCHANT, Members
from world.incidence import Incidence
from world.nested_market import Nests, nests_of

OWN_TITLES = {
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
}
TITLES = dict(OWN_TITLES)
"""Names for readers, those of every cast that was made in this process: no figure depends on them."""


def title(name: str) -> str:
    """A member's name as a reader expects it."""
    return TITLES.get(name, name.replace("_", " ").capitalize())


class Cast(Members):
    """The members of a model and their rows: `operator["oracle"]` is Oracle's on every axis of operators."""

    def __post_init__(self) -> None:
        super().__post_init__()
        TITLES.update({firm.name: firm.title for firm in self.added})

    @cached_property
    def operator(self) -> Mapping[str, int]:
        """Rows of chip owners."""
        return _rows(self.operators)

    @cached_property
    def user(self) -> Mapping[str, int]:
        """Rows of users."""
        return _rows(self.users)

    @cached_property
    def pair(self) -> Mapping[tuple[str, str], int]:
        """Rows of leases by (provider, tenant)."""
        return {(provider, tenant): row for row, (provider, tenant, _) in enumerate(self.pairs)}

    @cached_property
    def sector(self) -> Mapping[str, int]:
        """Rows of sectors in the books."""
        return _rows(self.sectors)

    def sector_rows(self, names: Iterable[str]) -> list[int]:
        """Rows of sectors in the books."""
        return [self.sector[name] for name in names]

    # ------------------------------------------------------------------ leases

    @cached_property
    def let(self) -> list[int]:
        """Rows of the leases that pay rent."""
        return [row for row, (provider, tenant, _) in enumerate(self.pairs) if provider != tenant]

    @cached_property
    def let_by(self) -> Mapping[str, list[int]]:
        """Rows of the leases that an operator provides."""
        return {name: [row for row, pair in enumerate(self.pairs) if pair[0] == name] for name in self.operators}

    @cached_property
    def held_by(self) -> Mapping[str, list[int]]:
        """Rows of the leases that a tenant holds."""
        return {pair[1]: [row for row, other in enumerate(self.pairs) if other[1] == pair[1]] for pair in self.pairs}

    @cached_property
    def provider_of_pair(self) -> list[int]:
        """The operator's row of each lease's provider."""
        return [self.operator[provider] for provider, _, _ in self.pairs]

    @cached_property
    def by_provider(self) -> Incidence:
        """What adds a figure of each lease up by operator, its provider."""
        rows = self.provider_of_pair
        return Incidence(rows, range(len(rows)), np.ones(len(rows)), len(self.operators))

    @cached_property
    def by_buyer(self) -> Incidence:
        """What adds a figure of each lease that pays rent up by provider, in the order of the buyers."""
        sums = [self.buyers.index(self.pairs[row][0]) for row in self.let]
        return Incidence(sums, self.let, np.ones(len(self.let)), len(self.buyers))

    @cached_property
    def by_tenant(self) -> Incidence:
        """What adds a figure of each lease up by tenant, of those who tender."""
        rows = [row for row, pair in enumerate(self.pairs) if pair[1] in self.tenants]
        sums = [self.tenants.index(self.pairs[row][1]) for row in rows]
        return Incidence(sums, rows, np.ones(len(rows)), len(self.tenants))

    @cached_property
    def provider_of_let(self) -> list[int]:
        """The same for the leases that pay rent."""
        return [self.provider_of_pair[row] for row in self.let]

    @cached_property
    def providers_of_let(self) -> tuple[str, ...]:
        """The provider of each lease that pays rent."""
        return tuple(self.pairs[row][0] for row in self.let)

    @cached_property
    def tenants_of_let(self) -> tuple[str, ...]:
        """The tenant of each lease that pays rent."""
        return tuple(self.pairs[row][1] for row in self.let)

    # ------------------------------------------------------------------ who is long or short of compute

    @cached_property
    def trades(self) -> tuple[list[int], list[int]]:
        """Rows of the entities that may buy compute at the clearing price and of those they may buy it from.

        Who uses none and holds no lease has no need to buy, who has no chips and no lease has nothing to sell.
        """
        tenants = {*self.tenants, *(self.entities[row] for row in self.tenant_entity)}
        buyers, sellers = {*tenants, *self.entity_of_user.values()}, {*tenants, *self.operators}
        trades = [(buyer, seller) for buyer in self.entities for seller in self.entities]
        between = [trade for trade in trades if trade[0] in buyers and trade[1] in sellers and trade[0] != trade[1]]
        between.sort(key=self.sector_rows)  # the order of the books, which then need not bring them into it
        return [self.entities.index(buyer) for buyer, _ in between], [
            self.entities.index(seller) for _, seller in between
        ]

    @cached_property
    def buyers_and_sellers(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The names of the same."""
        buyers, sellers = self.trades
        return tuple(self.entities[row] for row in buyers), tuple(self.entities[row] for row in sellers)

    @cached_property
    def positions(self) -> Incidence:
        """What adds up to how long each entity is of compute, and below that to what each tenant gains by its leases.

        Of these rows: what each lease that pays rent brings at the market, its rent, what each operator's chips bring
        and what each user takes.
        """
        leases, operators, below = len(self.let), len(self.operators), len(self.entities)
        tenants = {self.entities.index(name): below + row for row, name in enumerate(self.tenants)}
        gain = [(tenants[entity], row) for row, entity in enumerate(self.tenant_entity) if entity in tenants]
        terms = [
            *((entity, row, 1) for row, entity in enumerate(self.tenant_entity)),
            *((entity, row, -1) for row, entity in enumerate(self.provider_entity)),
            *((entity, 2 * leases + row, 1) for row, entity in enumerate(self.operator_entity)),
            *((entity, 2 * leases + operators + row, -1) for row, entity in enumerate(self.user_entity)),
            *((tenant, row + way * leases, 1 - 2 * way) for tenant, row in gain for way in (0, 1)),
        ]
        columns = np.array(terms).T
        return Incidence(columns[0], columns[1], columns[2], below + len(self.tenants))

    @cached_property
    def sectors_of_labs(self) -> tuple[str, ...]:
        """The sector on whose books each lab stands."""
        return tuple(self.entity_of_user[name] for name in self.labs)

    @cached_property
    def provider_entity(self) -> list[int]:
        """The entity's row of the provider of each lease that pays rent."""
        return [self.entities.index(self.pairs[row][0]) for row in self.let]

    @cached_property
    def tenant_entity(self) -> list[int]:
        """The entity's row of its tenant."""
        return [self.entities.index(self.pairs[row][1]) for row in self.let]

    @cached_property
    def operator_entity(self) -> list[int]:
        """The entity's row of each operator."""
        return [self.entities.index(name) for name in self.operators]

    @cached_property
    def user_entity(self) -> list[int]:
        """The entity's row of who pays for each user."""
        return [self.entities.index(self.entity_of_user[name]) for name in self.users]

    # ------------------------------------------------------------------ chips

    @cached_property
    def buyer_rows(self) -> list[int]:
        """The operator's row of each buyer of merchant chips."""
        return [self.operator[name] for name in self.buyers]

    @cached_property
    def access(self) -> np.ndarray:
        """Which user can use which generation, (users, generations, 1).

        Captive chips serve only their owner and its named tenants: everybody else finds them useless.
        """
        captive = {"own_chip": ("openai",), "rival_asic": (*self.rivals, "rival_workloads", "enterprise")}
        rows = [[float(g in MERCHANT or name in captive[g]) for g in GENERATIONS] for name in self.users]
        return np.array(rows)[:, :, None]

    @cached_property
    def kinds(self) -> tuple[int, ...]:
        """The first user of each kind: users of one kind can use the same generations."""
        access = self.access
        return tuple({access[user, :, 0].tobytes(): user for user in reversed(range(len(access)))}.values())[::-1]

    @cached_property
    def kind_of_user(self) -> list[int]:
        """Which kind each user is of."""
        access = self.access
        return [next(k for k, user in enumerate(self.kinds) if (access[user] == mine).all()) for mine in access]

    @cached_property
    def captive_to(self) -> tuple[int, ...]:
        """The kind of users that alone can use each generation, -1 where everybody can."""
        kinds = self.access[list(self.kinds), :, 0] > 0.0
        return tuple(-1 if can.all() else int(np.flatnonzero(can)[0]) for can in kinds.T)

    @cached_property
    def nests(self) -> Nests:
        """Which users can use which generations, as tables that add up."""
        return nests_of(self.captive_to, self.kind_of_user)


def _rows(names: tuple[str, ...]) -> Mapping[str, int]:
    return {name: row for row, name in enumerate(names)}


STANDING = Cast()
"""The cast without additions."""

__all__ = ["GENERATIONS", "HOLDERS", "MERCHANT", "OWN_TITLES", "STANDING", "Cast", "title"]
