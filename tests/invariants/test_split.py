"""Whatever firms are split off, and whatever they bring, the start state adds up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.additions import AMOUNTS, AddedCloud, AddedLab
from agents.cast import STANDING, Cast
from agents.rivals import Cloud, RivalLabs
from runs.split import RATES, SPLIT_IN_LEASES, split_start
from world.calendar import last_day, quarter_number
from world.record import StartState, start_state

STARTS = ("2023Q4", "2024Q3", "2025Q4")
SHARES = st.floats(0.0, 0.5)
LAB_SHARES = st.dictionaries(st.sampled_from(["cash_usd_bn", "revenue_usd_bn", "used_share", "lease.oracle"]), SHARES)
CLOUD_SHARES = st.dictionaries(
    st.sampled_from(["cash_usd_bn", "debt_usd_bn", "sold_h100e_m.hopper", "lease.openai", "lease.rival_labs"]), SHARES
)
FIGURES = st.dictionaries(st.sampled_from(AMOUNTS), st.floats(0.0, 100.0), max_size=4)


def start_of(label: str) -> StartState:
    return start_state(label, last_day(quarter_number(label)))


def family(name: str, cast: Cast) -> str:
    """A name of the start table with every added firm called by its parent's name."""
    for firm in cast.added:
        name = ".".join(firm.PARENT if part == firm.name else part for part in name.split("."))
    return name


def totals(start: StartState, cast: Cast) -> dict[tuple[str, str], float]:
    """Every amount, summed over the firms that come of one."""
    found: dict[tuple[str, str], float] = {}
    for (subject, quantity), row in start.rows.items():
        is_rate = quantity in RATES or (subject.startswith("lease.") and quantity not in SPLIT_IN_LEASES)
        if not is_rate:
            key = family(subject, cast), family(quantity, cast)
            found[key] = found.get(key, 0.0) + row.value
    return found


@given(label=st.sampled_from(STARTS), data=st.data())
def test_any_split_keeps_every_total_and_leaves_nothing_negative(label: str, data: st.DataObject) -> None:
    labs = tuple(
        AddedLab(name, name, RivalLabs, data.draw(SHARES), data.draw(LAB_SHARES)) for name in ("lab_a", "lab_b")
    )
    clouds = tuple(
        AddedCloud(name, name, Cloud, data.draw(SHARES), data.draw(CLOUD_SHARES), figures=data.draw(FIGURES))
        for name in ("cloud_a", "cloud_b")
    )
    cast, start = Cast(labs, clouds), start_of(label)
    split = split_start(start, cast)
    before, after = totals(start, cast), totals(split, cast)
    assert before.keys() == after.keys()
    for (subject, quantity), value in before.items():
        brought = sum(cloud.figures.get(quantity, 0.0) for cloud in clouds) if subject == "rival_clouds" else 0.0
        assert after[subject, quantity] == pytest.approx(value + brought, rel=1e-12, abs=1e-12)
    for key, row in split.rows.items():
        if key not in start.rows or start.rows[key].value >= 0.0:
            assert row.value >= -1e-12, key


def test_a_rate_or_a_price_is_the_same_for_all() -> None:
    cast = Cast((AddedLab("lab_a", "A", RivalLabs, 0.3),), (AddedCloud("cloud_a", "A", Cloud, 0.2),))
    split, start = split_start(start_of("2025Q4"), cast), start_of("2025Q4")
    for tenant in ("openai", "rival_labs", "microsoft", "lab_a"):
        parent = "rival_labs" if tenant == "lab_a" else tenant
        for quantity in ("price_usd_h", "remaining_quarters", "pending_term_quarters"):
            given_ = split.value(f"lease.{tenant}.cloud_a", quantity)
            assert given_ == start.value(f"lease.{parent}.rival_clouds", quantity)


def test_without_additions_nothing_is_copied() -> None:
    start = start_of("2024Q3")
    assert split_start(start, STANDING) is start


@pytest.mark.parametrize(
    ("lab", "cloud", "word"),
    [
        ({"share": 1.5}, {}, "share: wanted 0 to 1"),
        ({"share": float("nan")}, {}, "share: wanted 0 to 1"),
        ({"name": "openai"}, {}, "a member of that name"),
        ({"name": "cloud_a"}, {}, "a member of that name"),
        ({"name": "An Thropic"}, {}, "small letters"),
        ({"kind": dict}, {}, "extends RivalLabs"),
        ({"parameters": {"staff_cost_share": float("inf")}}, {}, "parameters: staff_cost_share: wanted a number"),
        ({}, {"kind": RivalLabs}, "extends Cloud"),
        ({}, {"figures": {"cash_usd_bn": -1.0}}, "figures: cash_usd_bn: wanted a number of at least 0"),
        ({}, {"figures": {"gold": 1.0}}, "figures: no quantity 'gold'"),
        ({}, {"spread": 4.0}, "spread: wanted 0 to 0.5"),
    ],
)
def test_a_firm_that_cannot_be_is_named(lab: dict[str, object], cloud: dict[str, object], word: str) -> None:
    with pytest.raises(ValueError, match=word):
        Cast(
            (AddedLab(**({"name": "lab_a", "title": "A", "kind": RivalLabs} | lab)),),  # type: ignore[arg-type]
            (AddedCloud(**({"name": "cloud_a", "title": "A", "kind": Cloud} | cloud)),),  # type: ignore[arg-type]
        )


def test_firms_take_no_more_than_there_is() -> None:
    labs = tuple(AddedLab(name, name, RivalLabs, 0.6) for name in ("lab_a", "lab_b"))
    with pytest.raises(ValueError, match=r"lab lab_b: share: wanted 0 to 0\.4"):
        Cast(labs)
    one = AddedLab("lab_a", "A", RivalLabs, 0.0, {"cash_usd_bn": 0.8})
    for other in (
        AddedLab("lab_b", "B", RivalLabs, 0.1, {"cash_usd_bn": 0.3}),
        AddedLab("lab_b", "B", RivalLabs, 0.3),
    ):
        with pytest.raises(ValueError, match=r"lab lab_b: cash_usd_bn: wanted 0 to 0\.2"):
            Cast((one, other))
