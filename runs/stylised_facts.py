"""The stylised facts of 2024 and 2025, asked of worlds weighted by the record: in what share does each hold?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import xarray as xr

from runs.backtest import LEAST_EFFECTIVE, SCENARIO
from runs.calibration import drawn
from runs.counterparts import MERCHANT_STOCK, Paths, counterparts
from runs.evidence import gather, log_likelihood, weights_of
from runs.observations import history
from runs.posterior import PRIOR
from runs.scenario import load_scenario
from runs.scoring import weighted_quantiles
from runs.simulate import simulate
from world.arrays import ratio
from world.calendar import quarter_label, quarter_number
from world.draws import Draws
from world.parameters import resolve
from world.record import start_state

WORLDS = 10_000
FROM, TO = "2024Q3", "2025Q4"
LARGE_MOVE = 1.3
"""A price that rises by this factor in four quarters, or falls by it, has made a large move."""
ELASTICITY = "market.elasticity_short"


@dataclass(frozen=True)
class Fact:
    """One fact: what is asked, the share of weighted worlds in which it holds, and a figure beside the record's."""

    name: str
    holds: float
    figure: str
    quantiles: tuple[float, ...]
    """5, 25, 50, 75 and 95 % quantiles of the figure."""
    record: str


@dataclass(frozen=True)
class PriceMoves:
    """Odds of large moves of the H100's spot price over four quarters, for one range of short-run elasticity."""

    low: float
    high: float
    up: float
    down: float


@dataclass(frozen=True)
class Facts:
    """All of them."""

    worlds: int
    effective: float
    facts: tuple[Fact, ...]
    moves: tuple[PriceMoves, ...]


def stylised_facts(worlds: int = WORLDS, seed: int = 1) -> Facts:
    """The facts in worlds from the start of the record to its end, weighted by all of it."""
    seen = [o for o in history() if o.series in counterparts()]
    day = max(o.known_from for o in seen)
    scenario = replace(load_scenario(SCENARIO), known_until=day)
    dataset = simulate(scenario, worlds, seed, quarter_label(max(o.quarter for o in seen)), parameters_from=PRIOR)
    paths = Paths(dataset)
    rows = gather(paths, seen)
    weights, _ = weights_of(log_likelihood(rows.pick(rows.known(day))), LEAST_EFFECTIVE)
    found = [_fact(weights, *fact) for fact in _facts(dataset, paths, seed)]
    return Facts(worlds, float(1.0 / np.square(weights).sum()), tuple(found), price_moves(dataset, seed))


def _facts(dataset: xr.Dataset, paths: Paths, seed: int) -> Sequence[tuple[str, np.ndarray, str, np.ndarray, str]]:
    """(fact, (worlds,) whether it holds, figure, (worlds,) the figure, the record's)."""
    begin, end = quarter_number(FROM) - paths.first, quarter_number(TO) - paths.first
    posted, stock = paths.path("h100_price_usd_h"), paths.path(MERCHANT_STOCK)
    hopper, blackwell = (paths.path("spot_price_usd_h", name) for name in ("hopper", "blackwell"))
    fall = posted[end] / posted[begin]
    growth = (stock[end] / stock[begin]) ** (4.0 / (end - begin))
    rent = blackwell[end] / hopper[end]
    shares = {name: paths.path("sold_h100e_m", name) / stock for name in ("microsoft", "oracle")}
    start = {name: _start_share(paths.start, name) for name in shares}
    chips, power = (paths.path("binding_share", name) for name in ("chips", "power"))
    turned = (chips[:4] - chips[-4:]).mean(axis=0)
    grown = (power[-4:] - power[:4]).mean(axis=0)
    rigid = _moved(_by_year(paths.path("chip_price_k", "hopper"))) / _moved(_by_year(posted))
    calm = ratio(_restless(posted), _restless(hopper), 1.0)
    lease = paths.path("lease_price_usd_h", "microsoft>openai")
    kept = ratio(np.abs(np.log(lease[3] / lease[0])), np.abs(np.log(hopper[3] / hopper[0])), 1.0)
    parameters = resolve(Draws(seed, dataset["world"].to_numpy()))
    speed = parameters["microsoft.build_quarters"] / parameters["xai.build_quarters"]
    microsoft, oracle = (shares[name][end] - start[name] for name in shares)
    return [
        ("The price falls from 2024Q3 to 2025Q4", fall < 1.0, "price over that of 2024Q3", fall, "0.75"),
        ("while the stock nearly triples a year", growth > 2.5, "growth factor a year", growth, "2.97"),
        ("A B200 rents for less than its compute over an H100's", rent < 1.0, "rent per H100e, B200 over H100", rent,
         "about 0.6 to 0.9"),
        ("Chip prices are rigid while rents move", rigid < 1.0, "fall of its price over that of rent, by year", rigid,
         "0.50"),
        ("The binding constraint changes, from chips to power", (turned > 0.0) & (grown > 0.0),
         "builders bound by chips, 2024 less 2025", turned, "chips, then power"),
        ("A one-year contract moves less than spot", calm < 1.0, "its moves from quarter to quarter over spot's", calm,
         "below 1"),
        ("The rent of running leases moves less than spot", kept < 1.0, "its move in 2024 over spot's", kept,
         "below 1"),
        ("Microsoft's share of Nvidia-based stock is about flat", np.abs(microsoft) < 0.05, "change of its share",
         microsoft, "+0.01"),
        ("Oracle's share rises", oracle > 0.01, "change of its share", oracle, "+0.04"),
        ("xAI builds two to four times faster", (speed >= 2.0) & (speed <= 4.0),
         "Microsoft's build time over xAI's", speed, "2 to 4"),
    ]  # fmt: skip


def _by_year(path: np.ndarray) -> np.ndarray:
    """(years, worlds) means of a path by year, (quarters, worlds) from the first quarter of a year."""
    return np.stack([path[k : k + 4].mean(axis=0) for k in range(0, len(path) - 3, 4)])


def _moved(path: np.ndarray) -> np.ndarray:
    """(worlds,) how far a path has moved from first to last, as a logarithm without sign."""
    return np.maximum(np.abs(np.log(path[-1] / path[0])), 1e-9)


def _restless(path: np.ndarray) -> np.ndarray:
    """(worlds,) root mean square of a path's logarithmic changes from quarter to quarter."""
    return np.asarray(np.sqrt(np.square(np.diff(np.log(path), axis=0)).mean(axis=0)))


def _start_share(start: str, owner: str) -> float:
    """An owner's share of the merchant stock in a start state."""
    state = start_state(start)

    def merchant(name: str) -> float:
        chips = ("ampere", "hopper", "blackwell")
        return sum(state.optional(name, f"sold_h100e_m.{chip}") or 0.0 for chip in chips)

    return merchant(owner) / (sum(map(merchant, state.subjects())) + state.value("market", "h20_h100e_m"))


def _fact(weights: np.ndarray, name: str, holds: np.ndarray, figure: str, values: np.ndarray, record: str) -> Fact:
    there = np.isfinite(values)
    order = np.argsort(values[there], kind="stable")
    kept = weights[there][order] / weights[there].sum()
    share = float((weights[there] * holds[there]).sum() / weights[there].sum())
    quantiles = weighted_quantiles(values[there][order], kept, (0.05, 0.25, 0.5, 0.75, 0.95))
    return Fact(name, share, figure, tuple(quantiles), record)


def price_moves(dataset: xr.Dataset, seed: int, ranges: int = 3) -> tuple[PriceMoves, ...]:
    """Odds of large moves of the H100's spot price within any four quarters, by thirds of the short-run elasticity.

    Equal weights: the record cannot tell the elasticity, so results are shown by it.
    """
    price = dataset["spot_price_usd_h"].sel(generation="hopper").to_numpy()
    moves = price[4:] / price[:-4]
    up, down = (moves > LARGE_MOVE).any(axis=0), (moves < 1.0 / LARGE_MOVE).any(axis=0)
    probability = Draws(seed, dataset["world"].to_numpy()).uniform(drawn()[ELASTICITY].stream)
    elasticity = drawn()[ELASTICITY].quantile(probability)
    edges = np.quantile(elasticity, np.linspace(0.0, 1.0, ranges + 1))
    found = []
    for low, high in pairwise(edges):
        mine = (elasticity >= low) & (elasticity <= high)
        found.append(PriceMoves(float(low), float(high), float(up[mine].mean()), float(down[mine].mean())))
    return tuple(found)


__all__ = ["Fact", "Facts", "PriceMoves", "price_moves", "stylised_facts"]
