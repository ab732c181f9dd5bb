"""Laws of equity rounds, leverage and stakes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from tests.invariants.formula_inputs import (
    MANY,
    Inputs,
    assert_number_is_per_world,
    assert_worlds_apart,
    rises,
    seeds,
)
from world.arrays import fold
from world.condition import settle_condition
from world.funding import (
    cancel_shares,
    dilute,
    equity_supply_usd_bn,
    funding_need_usd_bn,
    grant,
    loan_to_value,
    price_round,
    room_usd_bn,
)


def holder(inputs: Inputs) -> dict[str, np.ndarray]:
    holdings = inputs.with_zeros(scale=100.0)
    return {
        "holdings_usd_bn": holdings,
        "net_debt_usd_bn": inputs.signed(scale=30.0),
        "limit": inputs.between(0.05, 0.9),
        "due_within_year_usd_bn": inputs.with_zeros(scale=5.0),
        "asset_sales_usd_bn": holdings * inputs.shares(),
    }


@given(seeds)
def test_room_falls_with_debt_dues_and_a_lower_limit(seed: int) -> None:
    arguments = holder(Inputs(seed))
    room = room_usd_bn(**arguments)
    assert np.all(room >= 0.0)
    assert rises(room_usd_bn(**{**arguments, "limit": arguments["limit"] * 0.9}), room, tolerance=1e-9)
    assert rises(room_usd_bn(**{**arguments, "net_debt_usd_bn": arguments["net_debt_usd_bn"] + 3.0}), room)
    assert rises(
        room_usd_bn(**{**arguments, "due_within_year_usd_bn": arguments["due_within_year_usd_bn"] + 3.0}), room
    )
    assert rises(room, room_usd_bn(**{**arguments, "holdings_usd_bn": arguments["holdings_usd_bn"] + 3.0}))
    money = {name: value if name == "limit" else 4.0 * value for name, value in arguments.items()}
    np.testing.assert_allclose(room_usd_bn(**money), 4.0 * room, rtol=1e-12)


@given(seeds)
def test_after_investing_its_room_a_holder_keeps_its_limit(seed: int) -> None:
    arguments = holder(Inputs(seed))
    due, sales = arguments["due_within_year_usd_bn"], arguments["asset_sales_usd_bn"]
    room = room_usd_bn(**arguments)
    invested = room + due
    holdings = arguments["holdings_usd_bn"] - sales + invested
    debt = arguments["net_debt_usd_bn"] - sales + invested
    size = arguments["holdings_usd_bn"] + np.abs(arguments["net_debt_usd_bn"]) + invested
    assert np.all((room == 0.0) | (debt <= arguments["limit"] * holdings + 1e-12 * size))


@given(seeds)
def test_loan_to_value_rises_with_debt(seed: int) -> None:
    inputs = Inputs(seed)
    holdings, debt = inputs.with_zeros(scale=100.0), inputs.signed(scale=30.0)
    ltv = loan_to_value(holdings, debt)
    assert np.all(np.isfinite(ltv)) and np.all(np.abs(ltv) <= 10.0 * (1.0 + 1e-15))
    assert rises(ltv, loan_to_value(holdings, debt + 1.0))
    np.testing.assert_allclose(loan_to_value(5.0 * holdings, 5.0 * debt), ltv, rtol=1e-12)
    need = funding_need_usd_bn(debt, holdings, 4.0)
    assert np.all(need >= 0.0)
    assert rises(need, funding_need_usd_bn(debt, holdings, 6.0))


def round_arguments(inputs: Inputs) -> dict[str, np.ndarray]:
    value = inputs.amounts(scale=150.0, spread=0.5)
    return {
        "ask_usd_bn": inputs.with_zeros(scale=10.0),
        "issuer_value_usd_bn": value,
        "issuer_reservation_usd_bn": value * inputs.between(0.3, 1.2),
        "anchor_room_usd_bn": inputs.with_zeros(scale=10.0),
        "anchor_value_usd_bn": value * inputs.between(0.5, 2.0),
        "others_supply_usd_bn": inputs.with_zeros(scale=10.0),
        "others_slope": inputs.between(0.5, 6.0),
        "weight": inputs.shares(),
    }


@given(seeds)
def test_a_round_is_good_for_all_who_take_part(seed: int) -> None:
    arguments = round_arguments(Inputs(seed))
    done = price_round(**arguments)
    assert np.all(done.pre_money >= arguments["issuer_reservation_usd_bn"])
    took_part = done.by_anchor > 0.0
    assert np.all(done.pre_money[took_part] <= arguments["anchor_value_usd_bn"][took_part] * (1.0 + 1e-12))
    assert np.all(done.by_anchor <= arguments["anchor_room_usd_bn"])
    assert np.all((done.by_anchor >= 0.0) & (done.by_others >= 0.0))
    supply = equity_supply_usd_bn(
        done.pre_money,
        arguments["issuer_value_usd_bn"],
        arguments["others_supply_usd_bn"],
        arguments["others_slope"],
    )
    assert np.all(done.by_others <= supply)
    assert np.all(done.raised <= arguments["ask_usd_bn"] * (1.0 + 1e-15))
    assert np.array_equal(done.post_money, done.pre_money + done.raised)


@given(seeds)
def test_rounds_answer_room_supply_weight_and_value(seed: int) -> None:
    arguments = round_arguments(Inputs(seed))
    done = price_round(**arguments)
    for name, more in (
        ("weight", np.minimum(arguments["weight"] + 0.1, 1.0)),
        ("anchor_room_usd_bn", arguments["anchor_room_usd_bn"] * 1.3 + 0.1),
        ("others_supply_usd_bn", arguments["others_supply_usd_bn"] * 1.3 + 0.1),
        ("anchor_value_usd_bn", arguments["anchor_value_usd_bn"] * 1.2),
        ("issuer_value_usd_bn", arguments["issuer_value_usd_bn"] * 1.2),
    ):
        changed = price_round(**{**arguments, name: more})
        # An anchor that a better fallback drives out no longer lifts the price above its own valuation.
        assert rises(done.pre_money, changed.pre_money, tolerance=1e-10), name
    richer = price_round(**{**arguments, "others_supply_usd_bn": arguments["others_supply_usd_bn"] * 1.3})
    assert rises(done.raised, richer.raised, tolerance=1e-10)


@given(seeds)
def test_room_raises_more_unless_the_price_drives_the_others_away(seed: int) -> None:
    arguments = round_arguments(Inputs(seed))
    alone = price_round(**{**arguments, "anchor_room_usd_bn": np.zeros(7)})
    gap = np.maximum(arguments["anchor_value_usd_bn"] / alone.pre_money - 1.0, 1e-9)
    arguments["weight"] = np.minimum(arguments["weight"], 1.0 / (arguments["others_slope"] * gap))
    roomier = {**arguments, "anchor_room_usd_bn": arguments["anchor_room_usd_bn"] * 1.3 + 0.1}
    assert rises(price_round(**arguments).raised, price_round(**roomier).raised, tolerance=1e-10)


@given(seeds)
def test_rounds_scale_with_money_and_without_room_the_others_set_the_price(seed: int) -> None:
    arguments = round_arguments(Inputs(seed))
    done = price_round(**arguments)
    money = {name: value if name in ("others_slope", "weight") else 7.0 * value for name, value in arguments.items()}
    scaled = price_round(**money)
    np.testing.assert_allclose(scaled.raised, 7.0 * done.raised, rtol=1e-10)
    np.testing.assert_allclose(scaled.pre_money, 7.0 * done.pre_money, rtol=1e-12)
    # The price is continuous where the anchor's room runs out.
    none = price_round(**{**arguments, "anchor_room_usd_bn": np.zeros(7)})
    hardly = price_round(**{**arguments, "anchor_room_usd_bn": arguments["ask_usd_bn"] * 1e-9})
    np.testing.assert_allclose(hardly.pre_money, none.pre_money, rtol=1e-8)


@given(seeds)
def test_cancelled_shares_cost_nobody_else_anything(seed: int) -> None:
    inputs = Inputs(seed)
    raw = np.stack([inputs.with_zeros() for _ in range(3)]) + np.array([0.0, 0.0, 1e-6])[:, None]
    stakes, part = raw / fold(raw), inputs.shares()
    after = cancel_shares(stakes, 0, part)
    np.testing.assert_allclose(fold(after), 1.0, rtol=1e-12)
    assert rises(stakes[1], after[1]) and rises(stakes[2], after[2])
    assert rises(after[0], stakes[0])
    # The firm is worth less by the cancelled shares at an unchanged price: the others hold what they held.
    worth = 1.0 - part * stakes[0]
    np.testing.assert_allclose(after[1:] * worth, stakes[1:], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(after[0] * worth, stakes[0] * (1.0 - part), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(cancel_shares(stakes, 0, np.zeros_like(part)), stakes, rtol=1e-12)
    assert_worlds_apart(lambda stakes, part: cancel_shares(stakes, 0, part), {"stakes": stakes, "part": part})


@given(seeds)
def test_a_condition_is_waived_where_it_pays_and_else_the_promise_lapses(seed: int) -> None:
    inputs = Inputs(seed)
    due, worth, room = inputs.with_zeros(), inputs.with_zeros(), inputs.with_zeros()
    found = settle_condition(due, worth, room)
    np.testing.assert_array_equal(found.waived + found.lapsed, due)
    assert np.all((found.waived == 0.0) | (found.lapsed == 0.0))
    assert np.all((found.waived <= worth) & (found.waived <= room))
    assert np.all((found.lapsed == 0.0) | (worth < due) | (room < due))
    for better in (settle_condition(due, worth + 1.0, room), settle_condition(due, worth, room + 1.0)):
        assert rises(better.lapsed, found.lapsed)
    scaled = settle_condition(4.0 * due, 4.0 * worth, 4.0 * room)
    np.testing.assert_array_equal(scaled.waived, 4.0 * found.waived)
    assert_worlds_apart(settle_condition, {"due_usd_bn": due, "worth_usd_bn": worth, "room_usd_bn": room})


@given(seeds)
def test_stakes_sum_to_one_after_rounds_and_grants(seed: int) -> None:
    inputs = Inputs(seed)
    parts = inputs.with_zeros(3) + 1e-6
    stakes = parts / fold(parts)
    put_in, pre_money = inputs.with_zeros(3, scale=10.0), inputs.amounts(scale=150.0)
    after = dilute(stakes, pre_money, put_in)
    np.testing.assert_allclose(fold(after), 1.0, atol=1e-12)
    assert np.all(after[put_in == 0.0] <= stakes[put_in == 0.0] * (1.0 + 1e-12))
    np.testing.assert_allclose(dilute(stakes, pre_money, stakes * 20.0), stakes, rtol=1e-9)
    granted = inputs.between(0.0, 0.33, 3)
    np.testing.assert_allclose(fold(grant(stakes, granted)), 1.0, atol=1e-12)
    np.testing.assert_allclose(grant(stakes, np.zeros((3, 7))), stakes, rtol=0.0)


def test_funding_knows_no_other_world() -> None:
    inputs = Inputs(4, MANY)
    assert_worlds_apart(room_usd_bn, holder(inputs))
    assert_number_is_per_world(room_usd_bn, holder(inputs), "limit", "due_within_year_usd_bn")
    assert_worlds_apart(price_round, round_arguments(inputs))
    assert_number_is_per_world(price_round, round_arguments(inputs), "others_slope", "weight")
    ltv = {"holdings_usd_bn": inputs.with_zeros(), "net_debt_usd_bn": inputs.signed()}
    assert_worlds_apart(loan_to_value, ltv)
    parts = inputs.amounts(9)
    stakes = {
        "stakes": parts / fold(parts),
        "pre_money_usd_bn": inputs.amounts(),
        "by_holder_usd_bn": inputs.with_zeros(9),
    }
    assert_worlds_apart(dilute, stakes)


def test_bad_input_is_named() -> None:
    with pytest.raises(ValueError, match="limit"):
        room_usd_bn(np.ones(2), np.ones(2), 1.0)
    with pytest.raises(ValueError, match=r"asset_sales_usd_bn: world 1"):
        room_usd_bn(np.ones(2), np.ones(2), 0.25, asset_sales_usd_bn=np.array([0.5, 1.5]))
    with pytest.raises(ValueError, match=r"stakes.*world 1.*sum of one"):
        dilute(np.array([[0.5, 0.5], [0.5, 0.4]]), np.ones(2), np.ones((2, 2)))
    with pytest.raises(ValueError, match="granted"):
        grant(np.array([[0.5], [0.5]]), np.array([[0.6], [0.6]]))
    arguments = round_arguments(Inputs(1))
    arguments["issuer_reservation_usd_bn"][3] = np.nan
    with pytest.raises(ValueError, match=r"issuer_reservation_usd_bn: world 3 is nan"):
        price_round(**arguments)
