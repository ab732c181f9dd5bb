"""The record: every row says where it comes from and since when it is known, and the start states add up."""

from __future__ import annotations

import csv
import re
from datetime import date, timedelta
from pathlib import Path

import pytest

from world.calendar import last_day, parse_period, quarter_number
from world.record import accelerators, contracts_between, known, phases, series, start_state, starts
from world.tables import DATA, TABLES, load

STARTS = ["2023Q4", "2024Q3", "2025Q4"]
OPERATORS = ["microsoft", "oracle", "xai", "rival_clouds", "openai"]
MERCHANT = ["ampere", "hopper", "blackwell"]
USERS = [
    "openai",
    "xai",
    "microsoft_lab",
    "rival_labs",
    "microsoft_workloads",
    "rival_workloads",
    "enterprise",
]
FIRMS = ["openai", "microsoft", "oracle", "softbank", "xai", "rival_labs", "rival_clouds", "nvidia", "landlords"]
MONEY = [
    "cash_usd_bn",
    "debt_usd_bn",
    "fixed_assets_usd_bn",
    "core_cash_flow_usd_bn",
    "other_capex_usd_bn",
    "payouts_usd_bn",
]


def end_of(start: str) -> date:
    return last_day(quarter_number(start))


def latest(entity: str, name: str, until: date) -> float:
    return series(entity, name, until)[-1].value


# Every table


@pytest.mark.parametrize("table", TABLES)
def test_every_row_has_a_source_a_status_and_a_day(table: str) -> None:
    rows = load(table)
    assert rows
    for row in rows:
        assert row.source.strip() and row.status.strip()
        assert isinstance(row.known_from, date)


def test_history_is_never_known_before_its_period_ends_unless_it_is_a_forecast() -> None:
    for row in load("history"):
        if row.status != "forecast":
            assert row.known_from == parse_period(row.period)[1], row
        else:
            assert row.known_from <= parse_period(row.period)[1], row


def test_bounds_enclose_the_value() -> None:
    for row in load("history"):
        if row.low is not None or row.high is not None:
            assert row.low is not None and row.high is not None
            assert row.low <= row.value <= row.high, row


def test_a_series_has_one_unit() -> None:
    units: dict[str, set[str]] = {}
    for row in load("history"):
        units.setdefault(row.name, set()).add(row.unit)
    assert [name for name, found in units.items() if len(found) > 1] == []


def test_totals_repeat_their_signed_parts() -> None:
    deals = load("deals")
    rounds = [d.size_usd_bn for d in deals if d.seller == "OpenAI" and d.kind == "equity" and d.status == "signed"]
    total = next(d for d in deals if d.seller == "OpenAI" and d.status == "total")
    parts = [
        d.size_usd_bn
        for d in deals
        if d.seller == "OpenAI" and d.kind == "equity" and d.status == "signed" and d.known_from > total.known_from
    ]
    assert sum(parts) == pytest.approx(total.size_usd_bn) and sum(rounds) > sum(parts)
    neocloud = [d for d in deals if (d.buyer, d.seller) == ("OpenAI", "CoreWeave")]
    signed = sum(d.size_usd_bn for d in neocloud if d.status == "signed")
    assert signed == pytest.approx(sum(d.size_usd_bn for d in neocloud if d.status == "total"))


def test_chips_are_known_before_each_start_and_facility_power_exceeds_it_power() -> None:
    for start in STARTS:
        chips = accelerators(end_of(start))
        assert list(chips) == ["ampere", "hopper", "blackwell", "rubin", "feynman", "own_chip", "rival_asic"]
        for chip in chips.values():
            assert 1.05 < chip.kw_facility / chip.kw_it < 1.35 and chip.known_from <= end_of(start)
        launches = [quarter_number(chips[name].launch) for name in list(chips)[:5]]
        assert launches == sorted(launches)


def test_the_dates_of_a_phase_never_go_backwards() -> None:
    for phase in load("sites"):
        steps = [phase.announced, phase.contracted, phase.building, phase.energised, phase.equipped]
        reached = [quarter_number(step) for step in steps if step is not None]
        assert reached == sorted(reached), phase.name
        assert steps[: len(reached)] == [step for step in steps if step is not None], phase.name
        assert phase.facility_gw > 0.0 and phase.operator in OPERATORS


def test_a_phase_shows_no_date_that_had_not_happened() -> None:
    day = date(2025, 2, 28)
    for phase in phases(day):
        for on in (phase.announced_on, phase.contracted_on, phase.financed_on, phase.energised_on, phase.equipped_on):
            assert on is None or on <= day
    now, later = ({p.name: p for p in phases(d)} for d in (day, date(2025, 12, 31)))
    assert now["Abilene phase 1"].energised is None and later["Abilene phase 1"].energised == "2025Q2"
    assert sum(p.facility_gw for p in later.values() if p.site == "Abilene") == pytest.approx(2.0)


# Start states


def test_the_same_names_and_units_at_each_start() -> None:
    assert starts() == STARTS
    states = [start_state(start) for start in STARTS]
    for state in states[1:]:
        assert set(state) == set(states[0])
        assert all(state.unit(*key) == states[0].unit(*key) for key in state)


@pytest.mark.parametrize("start", STARTS)
def test_start_rows_are_known_at_the_start(start: str) -> None:
    rows = [row for row in load("start") if row.start == start]
    assert len(rows) == len(start_state(start))
    assert all(row.known_from <= end_of(start) for row in rows)
    assert all(row.note.strip() for row in rows if row.status in ("derived", "guess"))


@pytest.mark.parametrize("start", STARTS)
def test_operators_and_the_h20_add_up_to_the_record(start: str) -> None:
    state, end = start_state(start), end_of(start)
    sold = sum(state.value(o, f"sold_h100e_m.{g}") for o in OPERATORS for g in MERCHANT)
    total = latest("Nvidia", "cumulative_h100e_sold", end) / 1e6
    assert sold + state.value("market", "h20_h100e_m") == pytest.approx(total, rel=1e-4)
    last = sum(state.value(o, "sold_last_quarter_h100e_m") for o in OPERATORS)
    quarter = latest("Nvidia", "quarterly_h100e_sold", end) / 1e6
    assert 0.94 * quarter < last <= quarter * 1.0001
    for owner, entity in (("microsoft", "Microsoft"), ("oracle", "Oracle")):
        own = sum(state.value(owner, f"sold_h100e_m.{g}") for g in MERCHANT)
        assert own == pytest.approx(latest(entity, "h100e_owned_nvidia", end) / 1e6, rel=1e-3)
    tpu = latest("Google TPU", "cumulative_h100e_sold", end) / 1e6
    assert state.value("rival_clouds", "sold_h100e_m.rival_asic") >= tpu * 0.999


@pytest.mark.parametrize("start", STARTS)
def test_shares_add_up_to_one(start: str) -> None:
    state = start_state(start)
    assert sum(state.value("market", f"used_share.{u}") for u in USERS) == pytest.approx(1.0, abs=1e-4)
    asic = [state.value("market", f"asic_share.{u}") for u in ("rival_labs", "rival_workloads", "enterprise")]
    assert sum(asic) == pytest.approx(1.0)
    stakes = [state.value("openai", q) for q in state.quantities("openai") if q.startswith("stake.")]
    assert len(stakes) == 4 and sum(stakes) == pytest.approx(1.0)


@pytest.mark.parametrize("start", STARTS)
def test_leases_fit_into_the_fleet_of_the_provider(start: str) -> None:
    state = start_state(start)
    deployed = {
        o: sum(state.value(o, f"sold_h100e_m.{g}") for g in MERCHANT) - state.value(o, "sold_last_quarter_h100e_m")
        for o in OPERATORS
    }
    leased = dict.fromkeys(OPERATORS, 0.0)
    for subject in state.subjects():
        if subject.startswith("lease."):
            leased[subject.split(".")[2]] += state.value(subject, "h100e_m")
            if state.value(subject, "pending_h100e_m") > 0.0:
                assert state.value(subject, "pending_price_usd_h") > 0.0
                assert state.value(subject, "pending_term_quarters") > 0.0
    assert all(leased[o] <= deployed[o] for o in OPERATORS)


@pytest.mark.parametrize("start", STARTS)
def test_openai_uses_what_it_leases(start: str) -> None:
    state = start_state(start)
    leased = sum(state.value(s, "h100e_m") for s in state.subjects() if s.startswith("lease.openai."))
    deployed = sum(state.value(o, f"sold_h100e_m.{g}") for o in OPERATORS for g in MERCHANT) - sum(
        state.value(o, "sold_last_quarter_h100e_m") for o in OPERATORS
    )
    assert leased == pytest.approx(state.value("market", "used_share.openai") * deployed, rel=0.03)


@pytest.mark.parametrize("start", STARTS)
def test_firms_have_books(start: str) -> None:
    state = start_state(start)
    for firm in FIRMS:
        for quantity in MONEY:
            assert state.value(firm, quantity) >= 0.0
    holdings, debt = state.value("softbank", "gross_holdings_usd_bn"), state.value("softbank", "net_debt_usd_bn")
    stake = state.value("openai", "stake.softbank") * state.value("openai", "valuation_usd_bn")
    assert 0.05 < debt / (holdings + stake) < 0.25
    gross = state.value("softbank", "debt_usd_bn") - state.value("softbank", "cash_usd_bn")
    assert gross == pytest.approx(debt)


@pytest.mark.parametrize("start", STARTS)
def test_power_covers_what_runs(start: str) -> None:
    """Chips that had landed by the start do not wait for power, else the first quarter begins with a power cut."""
    state, chips = start_state(start), accelerators(end_of(start))
    for operator in OPERATORS:
        need = sum(
            state.value(operator, f"sold_h100e_m.{g}") * chips[g].kw_facility / chips[g].h100e
            for g in [*MERCHANT, "rival_asic"]
        )
        newest = chips["blackwell"] if state.value(operator, "sold_h100e_m.blackwell") > 0.0 else chips["hopper"]
        waiting = state.value(operator, "sold_last_quarter_h100e_m") * newest.kw_facility / newest.h100e
        assert state.value(operator, "energised_facility_gw") >= 0.98 * (need - waiting)


def test_what_changed_between_the_starts() -> None:
    before, after = start_state("2024Q3"), start_state("2025Q4")
    assert before.value("openai", "exclusivity_state") == 2.0 and after.value("openai", "exclusivity_state") == 0.0
    assert before.value("openai", "converted") == 0.0 and after.value("openai", "converted") == 1.0
    assert after.value("lease.openai.oracle", "pending_h100e_m") > 5.0
    assert before.value("lease.openai.oracle", "h100e_m") == 0.0


# Honesty


def changed_after(folder: Path, day: date) -> None:
    """Copy the tables, and spoil each row that is known later than this day."""
    for table in TABLES:
        path = DATA / f"{table}.csv"
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            columns, rows = reader.fieldnames or [], list(reader)
        numbers = {"value", "size_usd_bn", "capacity_gw", "price_k", "h100e", "kw_it", "kw_facility", "facility_gw"}
        for row in rows:
            if date.fromisoformat(row["known_from"]) > day:
                row |= {c: str(3.0 * float(row[c]) + 1.0) for c in columns if c in numbers and row[c]}
            # A date that lies after the day is something that has not happened.
            for c in [c for c in columns if c.endswith("_on") and row[c]]:
                if date.fromisoformat(row[c]) > day:
                    row[c] = (date.fromisoformat(row[c]) + timedelta(days=400)).isoformat()
        with (folder / path.name).open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, columns)
            writer.writeheader()
            writer.writerows(rows)


@pytest.mark.parametrize("start", STARTS)
def test_nothing_later_changes_what_was_known(start: str, tmp_path: Path) -> None:
    day = end_of(start)
    changed_after(tmp_path, day)
    assert dict(start_state(start, folder=tmp_path)) == dict(start_state(start))
    assert accelerators(day, folder=tmp_path) == accelerators(day)
    assert phases(day, folder=tmp_path) == phases(day)
    assert known(load("history", tmp_path), day) == known(load("history"), day)
    if start != STARTS[-1]:
        assert load("history", tmp_path) != load("history")


def test_contracts_between_are_signed_after_the_start_and_known() -> None:
    until = date(2025, 2, 28)
    deals = contracts_between("2024Q3", until)
    assert deals and all(end_of("2024Q3") < d.known_from <= until and d.status == "signed" for d in deals)
    assert {d.kind for d in deals} >= {"equity", "exclusivity"}
    assert contracts_between("2024Q3", end_of("2024Q3")) == []


def test_the_page_lists_the_names_that_there_are() -> None:
    page = (Path(__file__).parents[1] / "docs" / "data.md").read_text(encoding="utf-8")
    listed: set[tuple[str, str]] = set()
    state = start_state("2024Q3")
    leases = re.findall(r"`(lease\.\w+\.\w+)`", page)
    for quantity, unit, subjects in re.findall(r"^\| `([^`]+)` \| ([^|]+) \| (.+) \|$", page, re.MULTILINE):
        names = leases if "(each lease)" in subjects else re.findall(r"`([^`]+)`", subjects)
        for name in names:
            listed.add((name, quantity))
            assert state.unit(name, quantity) == unit
    assert listed == set(state)
