"""Laws of bargaining: individually rational, never more than there is to share, no worse for a better way out."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given

from tests.invariants.mechanism_inputs import (
    ROWS,
    SEEDS,
    WORLDS,
    assert_worlds_are_independent,
    at_most,
    close,
    quantities,
    supply_for,
)
from tests.oracles.loop_bargaining import bargain_one_world
from world.arrays import fold
from world.bargaining import bargain


class Table(NamedTuple):
    """What is on the table, in the order of the arguments of `bargain`."""

    offered: np.ndarray
    reservation: np.ndarray
    penalty: np.ndarray
    outside: np.ndarray
    wanted: np.ndarray
    weight: np.ndarray


def draw(seed: int, rows: int) -> tuple[np.random.Generator, Table]:
    rng = np.random.default_rng(seed)
    reservation = quantities(rng, (rows, WORLDS))
    penalty = quantities(rng, (rows, WORLDS)) * rng.choice([0.0, 0.3], size=WORLDS)
    penalty = np.where(rng.random(penalty.shape) < 0.05, np.inf, penalty)
    offered = quantities(rng, (rows, WORLDS))
    cost = np.where(np.isfinite(penalty), reservation + penalty, reservation)
    tempted = rng.integers(rows, size=WORLDS)  # the market costs exactly as much as some offer, in many worlds
    outside = cost[tempted, np.arange(WORLDS)] * rng.choice([1.0, 1.0, 1.6, 5.0], size=WORLDS)
    weight = rng.choice([0.0, 0.5, 1.0], size=(rows, WORLDS)) * rng.choice([1.0, 0.7], size=(rows, WORLDS))
    return rng, Table(offered, reservation, penalty, outside, supply_for(rng, fold(offered)), weight)


def money(table: Table) -> np.ndarray:
    """The scale of a world's rounding: the whole gap at the market price."""
    return table.outside * (np.minimum(table.wanted, fold(table.offered)))


@given(SEEDS, ROWS)
def test_agrees_with_the_loop(seed, rows):
    _, table = draw(seed, rows)
    signed = bargain(*table)
    for world in range(WORLDS):
        column = [values[..., world].tolist() for values in table]
        quantity, payment, surplus, marginal = bargain_one_world(*column)
        scale = max(float(money(table)[world]), 1e-300)
        np.testing.assert_allclose(signed.quantity[:, world], quantity, rtol=1e-12, atol=1e-13 * table.wanted[world])
        np.testing.assert_allclose(signed.payment[:, world], payment, rtol=1e-12, atol=1e-12 * scale)
        np.testing.assert_allclose(signed.surplus[world], surplus, rtol=1e-12, atol=1e-12 * scale)
        np.testing.assert_allclose(signed.marginal[:, world], marginal, rtol=1e-12, atol=1e-12 * scale)


@given(SEEDS, ROWS)
def test_both_sides_gain_and_no_more_is_paid_out_than_there_is(seed, rows):
    _, table = draw(seed, rows)
    for weight in (table.weight, np.ones_like(table.weight)):
        signed = bargain(*table._replace(weight=weight))
        least = table.reservation * signed.quantity
        assert np.all(signed.payment >= least)
        own_cost = np.where(np.isfinite(table.penalty), table.penalty, 0.0)
        most = (table.outside - own_cost) * signed.quantity
        assert at_most(signed.payment, most, money(table))
        assert at_most(fold(signed.payment - least), signed.surplus, money(table))
        assert at_most(fold(signed.marginal), signed.surplus, signed.surplus)
        assert np.all(signed.tenant_gain >= 0.0)
        assert close(signed.tenant_gain, signed.surplus - fold(weight * signed.marginal), signed.surplus)
        assert np.all(signed.payment[signed.quantity == 0.0] == 0.0)


@given(SEEDS, ROWS)
def test_a_cheaper_market_never_worsens_the_tenants_terms(seed, rows):
    rng, table = draw(seed, rows)
    cheaper = table._replace(outside=table.outside * rng.choice([0.2, 0.9, 0.999], size=WORLDS))
    signed, better = bargain(*table), bargain(*cheaper)

    def bill(at: Table) -> np.ndarray:
        """All that the gap costs the tenant, delay and dependence included; the market fills what is not signed."""
        return at.outside * at.wanted - bargain(*at).tenant_gain

    assert at_most(bill(cheaper), bill(table), table.outside * table.wanted)
    unchanged = signed.quantity == better.quantity
    assert at_most(np.where(unchanged, better.payment, 0.0), np.where(unchanged, signed.payment, 0.0), money(table))


@given(SEEDS, ROWS)
def test_a_better_outside_option_never_worsens_the_providers_terms(seed, rows):
    rng, table = draw(seed, rows)
    row = int(rng.integers(rows))
    dearer = table._replace(reservation=table.reservation.copy())
    dearer.reservation[row] += quantities(rng, (WORLDS,))

    def earns(at: Table) -> np.ndarray:
        """What the provider makes of all its capacity: what is not signed earns its reservation elsewhere."""
        signed = bargain(*at)
        return signed.payment[row] + at.reservation[row] * (at.offered[row] - signed.quantity[row])

    scale = dearer.reservation[row] * table.offered[row] + money(table)
    assert at_most(earns(table), earns(dearer), scale)


@given(SEEDS, ROWS)
def test_one_more_offer_or_more_of_one_never_hurts_the_tenant(seed, rows):
    rng, table = draw(seed, rows)
    signed = bargain(*table)
    without = bargain(*table._replace(offered=table.offered * (np.arange(rows) > 0)[:, np.newaxis]))
    assert at_most(without.tenant_gain, signed.tenant_gain, money(table))
    assert at_most(signed.marginal[1:], without.marginal[1:], money(table))
    larger = table._replace(offered=table.offered + quantities(rng, (rows, WORLDS)))
    assert at_most(signed.tenant_gain, bargain(*larger).tenant_gain, money(larger))


@given(SEEDS, ROWS)
def test_worth_caps_what_is_saved(seed, rows):
    rng, table = draw(seed, rows)
    worth = table.outside * rng.choice([0.0, 0.5, 2.0], size=WORLDS)
    capped, plain = bargain(*table, worth=worth), bargain(*table._replace(outside=np.minimum(worth, table.outside)))
    assert np.array_equal(capped.payment, plain.payment)
    assert np.array_equal(bargain(*table, worth=np.inf).payment, bargain(*table).payment)
    endless = table._replace(outside=np.full(WORLDS, np.inf))
    assert np.array_equal(bargain(*endless, worth=worth).payment, bargain(*table._replace(outside=worth)).payment)


@given(SEEDS, ROWS)
def test_spare_capacity_is_a_threat_and_nobody_signs_it(seed, rows):
    rng, table = draw(seed, rows)
    spare = quantities(rng, (rows, WORLDS))
    signed, threatened = bargain(*table), bargain(*table, spare=spare)
    assert np.array_equal(threatened.quantity, signed.quantity)
    assert np.all(threatened.payment >= table.reservation * signed.quantity)
    assert np.all(threatened.tenant_gain >= 0.0)
    assert np.array_equal(bargain(*table, spare=0.0).payment, signed.payment)
    # Spare of one provider lowers what the others are paid.
    rival = int(rng.integers(rows))
    only = spare * (np.arange(rows) == rival)[:, np.newaxis]
    others = np.delete(np.arange(rows), rival)
    assert at_most(bargain(*table, spare=only).payment[others], signed.payment[others], money(table))


@given(SEEDS, ROWS)
def test_offer_order_is_irrelevant_money_scales_and_worlds_are_independent(seed, rows):
    rng, table = draw(seed, rows)
    signed, shuffle = bargain(*table), rng.permutation(rows)
    shuffled = bargain(*(values[shuffle] if values.ndim == 2 else values for values in table))
    assert close(shuffled.quantity, signed.quantity[shuffle], table.wanted)
    assert close(shuffled.payment, signed.payment[shuffle], money(table))

    in_cents = table._replace(
        reservation=table.reservation * 128.0, penalty=table.penalty * 128.0, outside=table.outside * 128.0
    )
    assert np.array_equal(bargain(*in_cents).payment, signed.payment * 128.0)
    assert np.array_equal(bargain(*in_cents).quantity, signed.quantity)

    def run(*inputs: np.ndarray) -> list[np.ndarray]:
        out = bargain(*inputs[:-1], spare=inputs[-1])
        return [out.quantity, out.payment, out.surplus, out.marginal, out.tenant_gain]

    assert_worlds_are_independent(run, (*table, quantities(rng, (rows, WORLDS))), rng)


def test_two_providers_by_hand():
    """A gap of 3, the market at 10; offers of 2 at 4 and of 2 at 6 plus 1 of delay; weights of a half."""
    signed = bargain(np.array([[2.0], [2.0]]), np.array([4.0, 6.0]), np.array([0.0, 1.0]), 10.0, 3.0, 0.5)
    # v(all) = 6*2 + 3*1 = 15; without the first 3*2 = 6; without the second 6*2 = 12.
    assert signed.quantity[:, 0].tolist() == [2.0, 1.0]
    assert signed.marginal[:, 0].tolist() == [9.0, 3.0]
    assert signed.payment[:, 0].tolist() == [4.0 * 2.0 + 4.5, 6.0 * 1.0 + 1.5]
    assert (signed.surplus[0], signed.tenant_gain[0]) == (15.0, 9.0)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"weight": 1.5}, "weight: the value is 1.5; wanted a share"),
        ({"outside": np.inf}, "outside: world 0 is inf; wanted finite where worth is not"),
        ({"outside": np.array([1.0, np.nan, 1.0])}, "outside: world 1 is nan"),
        ({"penalty": np.full((2, 3), np.nan)}, r"penalty: index \(0,\), world 0 is nan"),
        ({"reservation": np.ones(5)}, r"reservation: expected one number or shape \(2, 3\), got shape \(5,\)"),
    ],
)
def test_bad_input_names_argument_and_world(changed, message):
    good = {
        "offered": np.ones((2, 3)),
        "reservation": 1.0,
        "penalty": 0.0,
        "outside": 2.0,
        "wanted": 1.0,
        "weight": 0.5,
    }
    with pytest.raises(ValueError, match=message):
        bargain(**{**good, **changed})
