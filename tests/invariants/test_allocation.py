"""Laws of the allocation of scarce offers over tenants: feasible, the largest sum there is, no tie won by an index."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.invariants.mechanism_inputs import (
    SEEDS,
    WORLDS,
    assert_worlds_are_independent,
    at_most,
    close,
    quantities,
    supply_for,
)
from tests.oracles.linear_allocation import best_exchange_one_world, largest_sum_one_world
from world.arrays import fold
from world.bargaining import allocate_offers, bargain, bargain_allocated, left_over
from world.transport import _by_chains, best_transport

SHAPES = st.sampled_from([(1, 3), (2, 1), (2, 3), (2, 5), (3, 2), (3, 4)])


def draw(seed: int, shape: tuple[int, int]) -> tuple[np.random.Generator, np.ndarray, np.ndarray, np.ndarray]:
    """Worth, offered, wanted, with many ties: equal rows, equal columns, whole numbers, nothing above zero."""
    rng = np.random.default_rng(seed)
    tenants, offers = shape
    worth = quantities(rng, (tenants, offers, WORLDS))
    worth = np.where(rng.random(WORLDS) < 0.15, worth[:1], worth)
    worth = np.where(rng.random(WORLDS) < 0.15, worth[:, :1], worth)
    worth = worth - np.where(rng.random(WORLDS) < 0.3, 1.0, 0.0)
    worth = np.where(rng.random(worth.shape) < 0.03, -np.inf, worth)
    wanted = quantities(rng, (tenants, WORLDS))
    offered = quantities(rng, (offers, WORLDS))
    both = supply_for(rng, fold(wanted))  # scarce in all, or exactly enough
    total = fold(offered)
    fitted = offered * np.where(total > 0.0, both / np.where(total > 0.0, total, 1.0), 1.0)
    return rng, worth, np.where(rng.random(WORLDS) < 0.5, fitted, offered), wanted


def sum_of_worth(worth: np.ndarray, allocated: np.ndarray) -> np.ndarray:
    return fold(fold(np.where(allocated > 0.0, worth, 0.0) * allocated))


def scale_of(worth: np.ndarray, offered: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    return np.maximum(worth.max(axis=(0, 1)), 0.0) * np.minimum(fold(offered), fold(wanted))


@given(SEEDS, SHAPES)
def test_feasible_and_only_where_it_is_worth_something(seed, shape):
    _, worth, offered, wanted = draw(seed, shape)
    allocated = allocate_offers(worth, offered, wanted)
    assert np.all(allocated >= 0.0)
    assert np.all(allocated[worth <= 0.0] == 0.0)
    assert at_most(fold(allocated), offered, np.minimum(offered, fold(wanted)), 1e-13)
    for tenant in range(shape[0]):
        assert at_most(fold(allocated[tenant]), wanted[tenant], wanted[tenant], 1e-13)


@given(SEEDS, SHAPES)
def test_no_ring_of_exchanges_gains_anything(seed, shape):
    _, worth, offered, wanted = draw(seed, shape)
    allocated = allocate_offers(worth, offered, wanted)
    for world in range(0, WORLDS, 2):
        column = [values[..., world] for values in (worth, allocated, offered, wanted)]
        assert best_exchange_one_world(*column) <= 0.0


@given(SEEDS, SHAPES)
def test_no_feasible_allocation_is_worth_more(seed, shape):
    """The solver's tolerances are absolute, so its worlds have amounts and worths within a few decades."""
    rng, *_ = draw(seed, shape)
    worth = np.round(rng.normal(1.0, 1.0, (*shape, WORLDS)), rng.integers(0, 3))
    offered, wanted = rng.lognormal(size=(shape[1], WORLDS)), rng.lognormal(size=(shape[0], WORLDS))
    wanted *= fold(offered) / fold(wanted) * rng.choice([0.5, 1.0, 1.5], size=WORLDS)
    found = sum_of_worth(worth, allocate_offers(worth, offered, wanted))
    for world in range(0, WORLDS, 3):
        best = largest_sum_one_world(worth[..., world], offered[:, world], wanted[:, world])
        assert found[world] == pytest.approx(best, rel=1e-9, abs=1e-12)


@given(SEEDS, SHAPES)
def test_more_of_an_offer_never_lowers_the_sum(seed, shape):
    rng, worth, offered, wanted = draw(seed, shape)
    more = offered + quantities(rng, offered.shape)
    found, larger = (sum_of_worth(worth, allocate_offers(worth, there, wanted)) for there in (offered, more))
    assert at_most(found, larger, scale_of(worth, more, wanted))


@given(SEEDS, SHAPES)
def test_order_of_tenants_and_of_offers_is_irrelevant_ties_included(seed, shape):
    rng, worth, offered, wanted = draw(seed, shape)
    allocated = allocate_offers(worth, offered, wanted)
    tenants, offers = rng.permutation(shape[0]), rng.permutation(shape[1])
    shuffled = allocate_offers(worth[tenants][:, offers], offered[offers], wanted[tenants])
    assert close(shuffled, allocated[tenants][:, offers], np.minimum(fold(offered), fold(wanted)), 1e-11)


@given(SEEDS, SHAPES)
def test_worlds_are_independent(seed, shape):
    rng, worth, offered, wanted = draw(seed, shape)
    assert_worlds_are_independent(lambda *inputs: [allocate_offers(*inputs)], (worth, offered, wanted), rng)


@given(SEEDS, SHAPES)
def test_what_is_allocated_is_what_is_signed_and_spare_lowers_the_price(seed, shape):
    """The tenants share a market price; their own costs differ."""
    rng, worth, offered, wanted = draw(seed, shape)
    outside = np.maximum(worth.max(axis=(0, 1)), 0.0) + 1.0
    reservation = quantities(rng, offered.shape)
    penalty = outside - reservation - worth
    gain = outside - (reservation + penalty)
    allocated = allocate_offers(gain, offered, wanted)
    spare = left_over(allocated, offered)
    assert np.all(spare >= 0.0)
    side_by_side = (np.ascontiguousarray(each.swapaxes(0, 1)) for each in (allocated, gain))
    together = bargain_allocated(next(side_by_side), reservation, next(side_by_side), np.full(WORLDS, 0.5), spare)
    for tenant in range(shape[0]):
        terms = (reservation, penalty[tenant], outside, wanted[tenant], 0.5)
        signed = bargain(allocated[tenant], *terms, spare=spare)
        alone = bargain(allocated[tenant], *terms)
        scale = np.minimum(fold(offered), wanted[tenant])
        assert close(signed.quantity, allocated[tenant], scale)
        assert at_most(signed.payment, alone.payment, (outside + reservation) * scale)
        assert close(together.of(tenant).quantity, signed.quantity, scale)
        for term in ("payment", "surplus", "marginal", "tenant_gain"):
            beside = getattr(together.of(tenant), term)
            assert close(beside, getattr(signed, term), (outside + reservation.max(axis=0)) * scale), term


def test_greed_is_not_the_rule():
    """The dearest cell first would give 10 + 1; the best allocation is worth 9 + 9."""
    allocated = allocate_offers(np.array([[[10.0], [9.0]], [[9.0], [1.0]]]), np.ones((2, 1)), np.ones((2, 1)))
    assert allocated[..., 0].tolist() == [[0.0, 1.0], [1.0, 0.0]]


def test_equal_tenants_share_and_equal_offers_share():
    allocated = allocate_offers(np.ones((2, 3, 1)), np.array([[1.0], [2.0], [3.0]]), np.array([[6.0], [6.0]]))
    np.testing.assert_allclose(allocated[..., 0], [[0.5, 1.0, 1.5], [0.5, 1.0, 1.5]], rtol=1e-15)


def test_what_is_worth_the_same_to_a_tenant_is_shared_in_proportion_to_what_is_open_to_it():
    """The first tenant takes 2 of the 5 and the whole 1; the second gets 3 of what is left: 3 of the 5 and 6."""
    worth = np.array([[[3.0], [4.0], [-np.inf]], [[6.0], [6.0], [6.0]]])
    allocated = allocate_offers(worth, np.array([[5.0], [1.0], [6.0]]), np.array([[3.0], [4.0]]))
    np.testing.assert_allclose(allocated[..., 0], [[2.0, 1.0, 0.0], [4.0 * 3 / 9, 0.0, 4.0 * 6 / 9]], rtol=1e-15)


@given(SEEDS, st.sampled_from([(2, 1), (2, 3), (2, 4)]))
def test_two_tenants_in_closed_form_gain_as_much_as_by_chains_of_exchanges(seed, shape):
    _, worth, offered, wanted = draw(seed, shape)
    found = sum_of_worth(worth, best_transport(worth, offered, wanted))
    by_chains = sum_of_worth(worth, _by_chains(worth, offered, wanted))
    assert close(found, by_chains, scale_of(worth, offered, wanted))


@pytest.mark.parametrize(
    ("worth", "offered", "wanted", "message"),
    [
        (np.full((2, 3, 4), np.nan), 1.0, 1.0, r"worth: index \(0, 0\), world 0 is nan"),
        (np.ones((2, 3, 4)), -1.0, 1.0, r"offered: index \(0,\), world 0 is -1.0"),
        (np.ones((2, 3, 4)), 1.0, np.nan, r"wanted: index \(0,\), world 0 is nan"),
        (np.ones((3, 2, 4)), 1.0, 1.0, r"worth: expected one number or shape \(2, 3, 4\), got shape \(3, 2, 4\)"),
    ],
)
def test_bad_input_names_argument_and_world(worth, offered, wanted, message):
    with pytest.raises(ValueError, match=message):
        allocate_offers(worth, np.full((3, 4), offered), np.full((2, 4), wanted))
