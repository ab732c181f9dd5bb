"""Laws of the draws: a world's luck depends on seed, stream, quarter and its number, and on nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.random import Philox
from scipy import stats

from world.draws import (
    Draws,
    _open_interval,
    _philox_words,
    _Plan,
    log_triangular,
    log_uniform,
    student_t,
    triangular,
    uniform_between,
)

SEEDS = st.integers(-(2**70), 2**70)
STREAMS = st.text(max_size=20)
QUARTERS = st.integers(0, 4 * 2200)
WORLD_NUMBERS = st.integers(0, 2**62) | st.integers(0, 40)
MANY = 100_000


def same_bits(first: np.ndarray, second: np.ndarray) -> bool:
    return first.shape == second.shape and np.array_equal(first.view(np.int64), second.view(np.int64))


# One world, many worlds


@given(SEEDS, STREAMS, QUARTERS, st.lists(WORLD_NUMBERS, min_size=1, max_size=60))
def test_a_world_alone_has_the_bits_that_it_has_in_any_batch(seed, stream, quarter, numbers):
    batch = Draws(seed, np.array(numbers)).uniform(stream, quarter)
    alone = np.concatenate([Draws(seed, 1, first_world=number).uniform(stream, quarter) for number in numbers])
    assert same_bits(batch, alone)


@given(SEEDS, WORLD_NUMBERS, st.integers(1, 50), st.randoms(use_true_random=False))
def test_slices_permutations_and_chunks_change_no_bit(seed, first, worlds, random):
    whole = Draws(seed, worlds, first_world=first).uniform("demand", 7)
    order = list(range(worlds))
    random.shuffle(order)
    cut = random.randint(0, worlds - 1)
    numbers = first + np.arange(worlds)
    assert same_bits(Draws(seed, numbers[order]).uniform("demand", 7), whole[order])
    assert same_bits(Draws(seed, numbers[cut:]).uniform("demand", 7), whole[cut:])
    assert same_bits(Draws(seed, numbers[::-2]).uniform("demand", 7), np.ascontiguousarray(whole[::-2]))


@pytest.mark.parametrize("stride", [1, 3, 31, 33, 34, 1000, 10**12])
def test_worlds_far_apart_have_the_bits_of_worlds_alone(stride):
    numbers = 5 + stride * np.arange(77)
    batch = Draws(3, numbers).uniform("launch")
    alone = np.concatenate([Draws(3, np.array([number])).uniform("launch") for number in numbers])
    assert same_bits(batch, alone)


def test_a_world_drawn_twice_has_the_same_luck_twice():
    numbers = np.array([4, 9, 4, 2**62, 9])
    drawn = Draws(1, numbers).uniform("demand", 2)
    assert drawn[0] == drawn[2]
    assert drawn[1] == drawn[4]
    assert len(set(drawn)) == 3


def test_both_ways_of_drawing_are_the_published_generator():
    key = np.array([12345678901234567890, 987654321], dtype=np.uint64)
    expected = Philox(key=key, counter=np.zeros(4, dtype=np.uint64)).random_raw(203)
    pair = (int(key[0]), int(key[1]))
    assert np.array_equal(_Plan(np.arange(203))._run(0, 203, pair), expected)
    assert np.array_equal(_philox_words(np.arange(203), pair), expected)


# Independence


@given(SEEDS, STREAMS, STREAMS, QUARTERS, QUARTERS)
def test_another_stream_quarter_or_seed_draws_other_numbers(seed, stream, other, quarter, later):
    draws = Draws(seed, 5)
    first = draws.uniform(stream, quarter)
    if (stream, quarter) != (other, later):
        assert not np.any(first == draws.uniform(other, later))
    assert not np.any(first == Draws(seed + 1, 5).uniform(stream, quarter))


@given(st.permutations(["demand", "launch", "yen", "a new stream"]))
def test_the_order_of_drawing_and_a_new_stream_change_nothing(order):
    draws = Draws(11, 13)
    drawn = {stream: draws.uniform(stream, 8000) for stream in order}
    for stream in ("demand", "launch", "yen"):
        assert same_bits(drawn[stream], Draws(11, 13).uniform(stream, 8000))


@pytest.mark.parametrize("order", [range(8000, 8013), (8012, 8000, 8003, 8007, 8003, 8011, 8001)])
def test_which_quarters_are_drawn_together_changes_nothing(order):
    draws = Draws(11, 13)
    assert all(same_bits(draws.uniform("demand", q), Draws(11, 13).uniform("demand", q)) for q in order)


def test_names_do_not_run_into_quarters_or_seeds():
    assert not np.any(Draws(1, 9).uniform("a1", 2) == Draws(1, 9).uniform("a", 12))
    assert not np.any(Draws(11, 9).uniform("a", 2) == Draws(1, 9).uniform("a", 12))


def test_streams_quarters_seeds_and_neighbouring_worlds_are_uncorrelated():
    base = Draws(1, MANY).uniform("demand", 8100)
    others = {
        "stream": Draws(1, MANY).uniform("launch", 8100),
        "quarter": Draws(1, MANY).uniform("demand", 8101),
        "seed": Draws(2, MANY).uniform("demand", 8100),
        "next world": Draws(1, MANY, first_world=1).uniform("demand", 8100),
        "four worlds on": Draws(1, MANY, first_world=4).uniform("demand", 8100),
    }
    for name, other in others.items():
        assert abs(np.corrcoef(base, other)[0, 1]) < 4.0 / np.sqrt(MANY), name


# Distributions


def test_uniforms_lie_inside_the_open_interval_and_are_uniform():
    drawn = Draws(5, MANY).uniform("demand", 8000)
    assert drawn.min() > 0.0
    assert drawn.max() < 1.0
    assert stats.kstest(drawn, "uniform").pvalue > 1e-3
    assert np.var(drawn) == pytest.approx(1.0 / 12.0, rel=0.01)


def test_the_extreme_words_stay_inside_the_open_interval_symmetrically():
    ends = _open_interval(np.array([0, 2**64 - 1], dtype=np.uint64))
    assert 0.0 < ends[0] < ends[1] < 1.0
    assert ends[0] == 1.0 - ends[1]


@pytest.mark.parametrize(
    ("drawn", "law"),
    [
        (lambda d: d.normal("s", 1), stats.norm()),
        (lambda d: d.student_t("s", 1, 3.5), stats.t(3.5)),
        (lambda d: triangular(d.uniform("s", 1), 2.0, 3.0, 7.0), stats.triang(0.2, 2.0, 5.0)),
        (lambda d: triangular(d.uniform("s", 1), 2.0, 2.0, 7.0), stats.triang(0.0, 2.0, 5.0)),
        (lambda d: triangular(d.uniform("s", 1), 2.0, 7.0, 7.0), stats.triang(1.0, 2.0, 5.0)),
        (lambda d: uniform_between(d.uniform("s", 1), -2.0, 3.0), stats.uniform(-2.0, 5.0)),
        (lambda d: log_uniform(d.uniform("s", 1), 0.1, 30.0), stats.loguniform(0.1, 30.0)),
        (lambda d: np.log10(log_triangular(d.uniform("s", 1), 0.1, 1.0, 1000.0)), stats.triang(0.25, -1.0, 4.0)),
    ],
)
def test_each_distribution_is_the_one_that_it_names(drawn, law):
    sample = drawn(Draws(9, MANY))
    assert stats.kstest(sample, law.cdf).pvalue > 1e-3
    assert np.mean(sample) == pytest.approx(law.mean(), abs=4.0 * law.std() / np.sqrt(MANY))
    quantiles = np.linspace(0.01, 0.99, 9)
    assert np.quantile(sample, quantiles) == pytest.approx(law.ppf(quantiles), rel=0.03, abs=0.03)


@given(st.integers(0, 2**32), st.sampled_from([1.0, 2.0, 2.5, 4.0, 30.0, 1e6]))
def test_student_t_inverts_its_distribution_and_is_odd(seed, dof):
    u = Draws(seed, 11).uniform("t")
    drawn = student_t(u, dof)
    assert stats.t(dof).cdf(drawn) == pytest.approx(u, abs=1e-9)
    assert student_t(1.0 - u, dof) == pytest.approx(-drawn, rel=1e-9, abs=1e-9)


def test_student_t_agrees_with_its_closed_forms():
    u = Draws(1, 1009).uniform("t")
    assert student_t(u, 1.0) == pytest.approx(np.tan(np.pi * (u - 0.5)), rel=1e-9)
    assert student_t(u, 2.0) == pytest.approx((2.0 * u - 1.0) / np.sqrt(2.0 * u * (1.0 - u)), rel=1e-9)


ARGUMENTS = {
    student_t: (3.7,),
    triangular: (0.3, 0.7, 2.1),
    uniform_between: (0.3, 2.1),
    log_uniform: (0.3, 2.1),
    log_triangular: (0.3, 0.7, 2.1),
}


@pytest.mark.parametrize("shape", ARGUMENTS, ids=lambda function: function.__name__)
def test_one_number_equals_the_number_per_world_and_the_world_alone(shape):
    u = Draws(4, 1009).uniform("s")
    arguments = ARGUMENTS[shape]
    whole = shape(u, *arguments)
    assert same_bits(whole, shape(u, *(np.full(len(u), argument) for argument in arguments)))
    alone = np.concatenate([shape(u[world : world + 1], *arguments) for world in range(len(u))])
    assert same_bits(whole, alone)
    wide = np.empty((len(u), 3))
    wide[:, 1] = u
    assert same_bits(whole, np.ascontiguousarray(shape(wide[:, 1], *arguments)))


@pytest.mark.parametrize("shape", ARGUMENTS, ids=lambda function: function.__name__)
def test_arguments_may_differ_by_world(shape):
    u = Draws(4, 101).uniform("s")
    scale = 1.0 + Draws(4, 101).uniform("scale")
    arguments = [argument * scale for argument in ARGUMENTS[shape]]
    whole = shape(u, *arguments)
    alone = [shape(u[w : w + 1], *(argument[w : w + 1] for argument in arguments)) for w in range(len(u))]
    assert same_bits(whole, np.concatenate(alone))


@pytest.mark.parametrize("shape", ARGUMENTS, ids=lambda function: function.__name__)
def test_a_greater_probability_never_gives_a_smaller_value(shape):
    u = np.concatenate([[2.0**-53], np.linspace(0.001, 0.999, 999), [1.0 - 2.0**-53]])
    drawn = shape(u, *ARGUMENTS[shape])
    assert np.all(np.isfinite(drawn))
    assert np.all(np.diff(drawn) >= 0.0)


@given(st.integers(0, 2**32))
def test_draws_stay_inside_their_bounds_and_a_range_of_no_width_is_its_value(seed):
    draws = Draws(seed, 17)
    u = draws.uniform("u")
    low, mode, high = np.sort(np.exp(4.0 * np.array([draws.normal(f"bound {i}") for i in range(3)])), axis=0)
    ranges = {
        triangular: (low, mode, high),
        log_triangular: (low, mode, high),
        uniform_between: (low, high),
        log_uniform: (low, high),
    }
    for function, bounds in ranges.items():
        drawn = function(u, *bounds)
        assert np.all((drawn >= low) & (drawn <= high)), function.__name__
        assert same_bits(function(u, *([low] * len(bounds))), low), function.__name__


# Replacing


@given(st.lists(st.floats(0.001, 0.999), min_size=7, max_size=7))
def test_replacing_uniforms_replaces_nothing_else(design):
    plain = Draws(3, 7)
    point = Draws(3, 7, replace={"parameter:market.band": np.array(design), ("demand", 8100): np.array(design)})
    assert same_bits(point.uniform("parameter:market.band"), np.array(design))
    assert same_bits(point.uniform("demand", 8100), np.array(design))
    for stream, quarter in [("demand", 0), ("demand", 8101), ("parameter:market.cap", 0), ("launch", 0)]:
        assert same_bits(point.uniform(stream, quarter), plain.uniform(stream, quarter))
    assert same_bits(point.student_t("yen", 8100, 4.0), plain.student_t("yen", 8100, 4.0))
    assert point.replaced_streams() == ("demand", "parameter:market.band")


def test_what_was_handed_in_or_out_may_be_written_to():
    design = np.full(3, 0.25)
    draws = Draws(1, 3, replace={"launch": design})
    design[:] = 0.75
    draws.uniform("launch")[:] = 0.5
    assert np.all(draws.uniform("launch") == 0.25)


def test_a_replacement_by_name_alone_is_refused_in_other_quarters():
    with pytest.raises(ValueError, match=r"'demand' is replaced for quarter 0 but is drawn for quarter 8100.*name the"):
        Draws(1, 3, replace={"demand": np.full(3, 0.5)}).uniform("demand", 8100)


# Mistakes


@pytest.mark.parametrize("bad", [0.0, 1.0, -0.1, 1.5, np.nan])
def test_a_replacement_outside_the_open_interval_names_stream_and_world(bad):
    with pytest.raises(ValueError, match=r"replace\['launch'\]: world 1 is .*strictly between 0 and 1"):
        Draws(1, 3, replace={"launch": np.array([0.5, bad, 0.5])})


def test_a_replacement_of_another_length_is_an_error():
    with pytest.raises(ValueError, match=r"replace\['launch'\]: expected 3 numbers .*got shape \(4,\)"):
        Draws(1, 3, replace={"launch": np.full(4, 0.5)})


def test_world_numbers_that_cannot_be_are_errors():
    with pytest.raises(ValueError, match="worlds: 0 is not a number of worlds"):
        Draws(1, 0)
    with pytest.raises(ValueError, match="first_world: 5 was given with an array"):
        Draws(1, np.arange(3), first_world=5)
    with pytest.raises(ValueError, match="first_world: -1 is out of range"):
        Draws(1, 3, first_world=-1)
    with pytest.raises(ValueError, match="worlds: index 1 is -4; wanted 0 to 2"):
        Draws(1, np.array([3, -4]))
    with pytest.raises(ValueError, match=r"worlds: wanted .*got shape \(2,\) of float64"):
        Draws(1, np.array([3.0, 4.0]))
    with pytest.raises(ValueError, match=r"worlds: wanted .*got shape \(0,\)"):
        Draws(1, np.array([], dtype=np.int64))
    with pytest.raises(ValueError, match="seed: True is not a whole number"):
        Draws(True, 3)


def test_a_count_is_the_numbers_from_the_first_world():
    assert Draws(1, 4, first_world=2**62).world_numbers.tolist() == [2**62 + i for i in range(4)]
    assert Draws(1, 4).worlds == Draws(1, np.array([7, 8, 9, 1])).worlds == 4
    assert same_bits(Draws(np.int64(1), np.int64(4)).uniform("s"), Draws(1, 4).uniform("s"))


def test_bounds_out_of_order_name_the_first_world():
    u = np.full(3, 0.5)
    with pytest.raises(
        ValueError, match=r"bounds: world 2 has low 1\.0, mode 0\.5, high 3\.0; wanted low <= mode <= high"
    ):
        triangular(u, 1.0, np.array([1.0, 2.0, 0.5]), 3.0)
    with pytest.raises(ValueError, match="low: world 0 is nan; wanted a finite number"):
        uniform_between(u, np.nan, 3.0)
    with pytest.raises(ValueError, match="high: world 1 is inf; wanted a finite number"):
        uniform_between(u, 1.0, np.array([2.0, np.inf, 2.0]))
    with pytest.raises(ValueError, match=r"low: .*wanted a number above 0"):
        log_uniform(u, 0.0, 3.0)
    with pytest.raises(ValueError, match=r"low: world 1 is -1.0; wanted a number above 0"):
        log_triangular(u, np.array([1.0, -1.0, 1.0]), 2.0, 3.0)
    with pytest.raises(ValueError, match=r"dof: world 1 is 0.0; wanted a number above 0"):
        student_t(u, np.array([1.0, 0.0, 1.0]))
