"""The shares of variance: known models, their error, and that the shocks named are those that the model draws."""

from __future__ import annotations

import re

import numpy as np
import pytest

from runs.sensitivity import SHOCKS, Inputs, drawn_parameters, main_effects, summed_shocks
from runs.simulate import simulate
from tests.house.tree import ROOT
from world.parameters import specifications

WORLDS = 1500


@pytest.fixture
def inputs() -> dict[str, np.ndarray]:
    return {f"x.{k}": column for k, column in enumerate(np.random.default_rng(5).uniform(size=(6, WORLDS)))}


def test_a_linear_model_has_the_shares_of_its_coefficients(inputs: dict[str, np.ndarray]) -> None:
    weights = np.array([3.0, 2.0, 1.0, 0.0, 0.0, 0.0])
    figure = sum(w * x for w, x in zip(weights, inputs.values(), strict=True))
    found = {effect.parameter: effect for effect in main_effects(figure, Inputs(inputs))}
    for k, expected in enumerate(weights**2 / (weights**2).sum()):
        effect = found[f"x.{k}"]
        assert abs(effect.share - expected) < effect.error + 0.02, effect
    assert [effect.parameter for effect in main_effects(figure, Inputs(inputs))][:3] == ["x.0", "x.1", "x.2"]
    assert found["x.0"].low < figure.mean() < found["x.0"].high


def test_a_curve_that_no_slope_shows_is_found(inputs: dict[str, np.ndarray]) -> None:
    figure = (inputs["x.4"] - 0.5) ** 2
    first = main_effects(figure, Inputs(inputs))[0]
    assert first.parameter == "x.4" and first.share > 0.9
    assert abs(first.low - first.high) < 0.2 * np.ptp(figure)


def test_noise_has_no_share_beyond_its_error(inputs: dict[str, np.ndarray]) -> None:
    noise = np.random.default_rng(6).normal(size=WORLDS)
    found = main_effects(noise, Inputs(inputs))
    assert sum(abs(effect.share) > effect.error for effect in found) <= 1
    assert max(effect.error for effect in found) < 0.06


def test_nothing_to_explain_gives_nothing(inputs: dict[str, np.ndarray]) -> None:
    assert main_effects(np.ones(WORLDS), Inputs(inputs)) == []
    assert main_effects(np.full(WORLDS, np.nan), Inputs(inputs)) == []
    assert main_effects(np.arange(20.0), Inputs({"x.0": np.arange(20.0)})) == []


def test_worlds_without_a_figure_are_left_out(inputs: dict[str, np.ndarray]) -> None:
    figure = inputs["x.0"].copy()
    figure[::3] = np.nan
    assert main_effects(figure, Inputs(inputs))[0].share > 0.95


def test_the_error_is_that_of_leaving_out_groups_one_by_one(inputs: dict[str, np.ndarray]) -> None:
    figure = inputs["x.0"] + np.random.default_rng(7).normal(size=WORLDS)
    figure[5::7] = np.nan
    effect = next(e for e in main_effects(figure, Inputs(inputs)) if e.parameter == "x.0")
    known = np.isfinite(figure)
    y, order = figure[known], np.argsort(inputs["x.0"][known], kind="stable")
    place = (np.arange(y.size) * 13) // y.size  # 13 bins: the cube root of the worlds, and two

    def share(keep: np.ndarray) -> float:
        parts = [y[order[(place == b) & keep[order]]] for b in range(13)]
        every = np.concatenate(parts)
        between = sum(p.size * (p.mean() - every.mean()) ** 2 for p in parts)
        whole = ((every - every.mean()) ** 2).sum()
        within = (whole - between) / (every.size - 13)
        return float((between - 12 * within) / (whole + within))

    left = np.array([share(np.arange(y.size) % 20 != k) for k in range(20)])
    assert effect.share == pytest.approx(share(np.ones(y.size, bool)), abs=1e-9)
    assert effect.error == pytest.approx(1.96 * np.sqrt(19 / 20 * ((left - left.mean()) ** 2).sum()), abs=1e-9)


def test_only_what_differs_between_worlds_is_an_input() -> None:
    worlds = np.arange(30)
    drawn = drawn_parameters(worlds, 1)
    assert set(drawn) < set(specifications())
    assert "market.band" in drawn and "market.band" not in drawn_parameters(worlds, 1, {"market.band": 0.7})


def test_the_shocks_are_streams_of_the_model() -> None:
    source = (ROOT / "runs" / "model.py").read_text(encoding="utf-8")
    assert set(re.findall(r'draws\.(?:normal|uniform)\("([a-z.]+)", q\)', source)) == set(SHOCKS)


def test_luck_moves_the_price_as_it_must() -> None:
    run = simulate("baseline", 250)
    quarters = [str(label) for label in run["quarter"].to_numpy()]
    luck = Inputs(summed_shocks(np.arange(250), 1, quarters))
    found = main_effects(np.log(run["h100_price_usd_h"].to_numpy()[-1]), luck)
    assert found[0].parameter == SHOCKS["demand.trend"]
    assert found[0].share > found[0].error
    assert found[0].high > found[0].low
