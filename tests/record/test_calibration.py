"""Calibration: repeatable, right where the answer is known, honest about what it does not know."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm

import runs.posterior as stored
from gigawatt import main
from runs.backtest import backtest
from runs.calibration import NOT_FITTED, PRIOR_SHARE, Calibration, Proposal, calibrate, drawn
from runs.calibration_check import check_calibration
from runs.compare import compare
from runs.counterparts import Paths, counterparts
from runs.explain import record_world
from runs.fingerprint import model_files
from runs.identifiability import INFORMED, contraction_rows, informed, posterior_of
from runs.model import ComputeMarket
from runs.observations import history
from runs.simulate import simulate
from runs.stylised_facts import stylised_facts
from world.parameters import specifications


@pytest.fixture(scope="module")
def found() -> Calibration:
    return calibrate(seed=4, worlds=300, rounds=2)


def test_the_same_seed_gives_the_same_posterior(found: Calibration) -> None:
    again = calibrate(seed=4, worlds=300, rounds=2)
    assert (again.scores == found.scores).all() and (again.weights == found.weights).all()
    assert again.rounds == found.rounds
    assert (calibrate(seed=5, worlds=300, rounds=2).weights != found.weights).any()


def test_the_proposal_is_weighed_against_the_prior() -> None:
    generator = np.random.default_rng(3)
    spread = np.array([[0.5, 0.2], [0.2, 0.8]])
    proposal = Proposal(("a", "b"), np.array([1.0, -0.5]), np.linalg.cholesky(spread))
    scores = proposal.draw(200_000, generator)
    prior = norm.logpdf(scores[:, :50]).sum(axis=0)
    mixed = np.log(
        PRIOR_SHARE * np.exp(prior)
        + (1.0 - PRIOR_SHARE) * multivariate_normal(proposal.mean, spread).pdf(scores[:, :50].T)
    )
    ratio = proposal.log_ratio(scores)
    # The constant of the Gaussians cancels.
    np.testing.assert_allclose(ratio[:50], prior - mixed, atol=1e-9)
    weights = np.exp(ratio) / np.exp(ratio).sum()
    np.testing.assert_allclose((scores * weights).sum(axis=1), [0.0, 0.0], atol=0.03)
    np.testing.assert_allclose((scores**2 * weights).sum(axis=1), [1.0, 1.0], atol=0.05)
    assert np.exp(ratio).max() <= 1.0 / PRIOR_SHARE + 1e-9


@pytest.mark.slow
def test_it_finds_a_parameter_that_made_the_record() -> None:
    """A record left by worlds with fast landlords at Oracle and slow packaging is read as such."""
    truth = {"nvidia.max_expansion": 0.19, "customers.start_growth_factor": 0.88}
    ds = simulate("as-of-2023q4", 1, seed=99, until="2025Q4", parameters=truth)
    paths, table = Paths(ds), counterparts()
    seen = []
    for o in history():
        row = table.get(o.series)
        value = None if row is None or not row.inform else paths.value(row, o)
        if row is not None and value is not None and np.isfinite(value[0]) and value[0] > 0.0:
            seen.append(replace(o, value=float(value[0]) / row.to_metric, unit=row.unit))
    result = calibrate(seed=1, worlds=3000, rounds=3, observations=seen)
    mean = (result.scores * result.weights).sum(axis=1)
    by_name = dict(zip(result.names, mean, strict=True))
    assert by_name["customers.start_growth_factor"] > 0.5
    assert by_name["nvidia.max_expansion"] < -0.3


def test_contraction_is_told_of_every_parameter_and_none_is_fitted_that_cannot_be(found: Calibration) -> None:
    rows = contraction_rows(found)
    assert sorted(row["parameter"] for row in rows) == sorted(drawn())
    assert set(NOT_FITTED) <= set(drawn())
    kept = [row["parameter"] for row in rows if row["verdict"] == INFORMED]
    assert sorted(kept) == sorted(informed(found)) and not set(kept) & set(NOT_FITTED)
    assert len(kept) < len(rows) / 4


def test_noise_informs_nothing(found: Calibration) -> None:
    """With weights that have nothing to do with the parameters, hardly any is said to be informed."""
    luck = np.random.default_rng(8).gamma(0.1, size=found.weights.size)
    blind = Calibration(
        **{
            **vars(found),
            "weights": luck / luck.sum(),
            "scores": np.random.default_rng(9).standard_normal(found.scores.shape),
        }
    )
    assert len(informed(blind)) <= 1


def test_a_posterior_is_stored_and_read(found: Calibration, tmp_path: Path) -> None:
    posterior = posterior_of(found)
    stored.save(posterior, tmp_path / "posterior.npz")
    again = stored.load_posterior(tmp_path / "posterior.npz")
    assert again.names == posterior.names and (again.probability == posterior.probability).all()
    assert (again.weights == posterior.weights).all() and again.about["diagnostics"] == posterior.about["diagnostics"]
    assert not again.older
    with pytest.raises(ValueError, match="there is none"):
        stored.load_posterior(tmp_path / "none.npz")
    (tmp_path / "bad.npz").write_bytes(b"PK no archive")
    with pytest.raises(ValueError, match=r"bad\.npz cannot be read"):
        stored.load_posterior(tmp_path / "bad.npz")


def test_the_projects_own_posterior_is_small_and_within_the_ranges() -> None:
    posterior = stored.load_posterior()
    assert stored.FILE.stat().st_size < 1_000_000
    assert posterior.weights.sum() == pytest.approx(1.0) and 1000 <= posterior.weights.size <= stored.DRAWS + 1
    assert posterior.about["diagnostics"]["power"] == 1.0, "the posterior was not reached"
    assert posterior.about["diagnostics"]["effective_worlds"] >= 99.0
    values = stored.parameters_from("posterior", 1, np.arange(200), "2023Q4")
    table = specifications()
    for name, value in values.items():
        assert ((value >= table[name].low) & (value <= table[name].high)).all(), name


def test_a_world_takes_the_same_draw_in_every_scenario_and_batch() -> None:
    many = stored.parameters_from("posterior", 7, np.arange(50), "2025Q4")
    some = stored.parameters_from("posterior", 7, np.array([40, 3]), "2025Q4")
    assert many and all((many[name][[40, 3]] == some[name]).all() for name in many)
    assert stored.parameters_from("prior", 7, np.arange(5), "2025Q4") == {}


def test_runs_use_it_unless_told_and_what_is_set_wins() -> None:
    until = "2026Q2"
    after = simulate("baseline", 40, until=until)
    prior = simulate("baseline", 40, until=until, parameters_from="prior")
    assert prior.attrs["parameters_from"] == "prior" and after.attrs["parameters_from"] == "posterior"
    assert not prior["capex_usd_bn"].identical(after["capex_usd_bn"])
    given = stored.parameters_from("posterior", 1, np.arange(40), "2025Q4")
    same = simulate("baseline", 40, until=until, parameters=given, parameters_from="prior")
    assert same["capex_usd_bn"].identical(after["capex_usd_bn"])
    by_hand = ComputeMarket("baseline", 3, 7, parameters={"oracle.build_quarters": 9.0})
    assert (by_hand.parameters["oracle.build_quarters"] == 9.0).all()


def test_nothing_is_run_with_hindsight_unless_told() -> None:
    """What was fitted to the whole record is nothing that a scenario of an earlier day knows."""
    record_ends = date(2025, 12, 31)
    assert stored.source_of(None, record_ends) == "posterior" == stored.source_of("posterior", date(2024, 9, 30))
    assert stored.source_of(None, date(2025, 12, 30)) == "prior"
    assert stored.source_of(None, record_ends, date(2025, 2, 28)) == "prior", "and what is compared is alike"
    with pytest.raises(ValueError, match="wanted one of prior, posterior, or a posterior's file, got 'both'"):
        stored.source_of("both", record_ends)
    assert simulate("as-of-2024q3", 2, until="2024Q4").attrs["parameters_from"] == "prior"
    hindsight = compare("baseline", "stargate-2025", 5, until="2026Q1", parameters_from="posterior")
    honest = compare("baseline", "stargate-2025", 5, until="2026Q1")
    assert honest.rows == compare("baseline", "stargate-2025", 5, until="2026Q1", parameters_from="prior").rows
    assert honest.rows != hindsight.rows


def test_what_tells_of_a_start_stays_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the record says of demand at the end of 2023 is no news of demand at the end of 2025."""
    here = replace(stored.load_posterior(), about={"start": "2023Q4"})
    monkeypatch.setattr(stored, "load_posterior", lambda *_: here)
    of_start = {name for name in here.names if stored.OF_START in name}
    assert of_start
    assert set(stored.parameters_from("posterior", 1, np.arange(3), "2023Q4")) == set(here.names)
    assert set(stored.parameters_from("posterior", 1, np.arange(3), "2025Q4")) == set(here.names) - of_start


@pytest.mark.parametrize(
    "work",
    [
        lambda: calibrate(worlds=100),
        lambda: backtest(100),
        lambda: stylised_facts(100),
        lambda: check_calibration(worlds=100),
    ],
)
def test_the_past_is_run_from_the_prior(work: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> None:
    """The posterior has seen what a backtest scores and what calibration weighs."""

    def ran(*_: object, parameters_from: str = "", **__: object) -> None:
        raise LookupError(parameters_from)

    for module in ("backtest", "calibration", "calibration_check", "stylised_facts"):
        monkeypatch.setattr(f"runs.{module}.simulate", ran)
    with pytest.raises(LookupError, match="^prior$"):
        work()


def test_the_command_line_says_where_parameters_come_from(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ["claims", "baseline", "--worlds", "20", "--json"]
    monkeypatch.setattr(stored, "model_fingerprint", lambda: "of another model")
    assert main(arguments) == 0
    out = capsys.readouterr()
    assert json.loads(out.out)["run"]["parameters_from"] == "posterior"
    assert "notice: the stored posterior was fitted to an older state" in out.err
    assert main([*arguments, "--quiet"]) == 0
    assert capsys.readouterr().err == ""
    assert main([*arguments, "--quiet", "--parameters", "prior"]) == 0
    assert json.loads(capsys.readouterr().out)["run"]["parameters_from"] == "prior"
    monkeypatch.setattr(stored, "FILE", Path("nowhere.npz"))
    assert main(arguments) == 2


def test_the_fingerprint_covers_model_and_data_and_no_page() -> None:
    names = {path.name for path in model_files()}
    assert {"model.py", "parameters.csv", "history.csv", "market.py", "openai.py", "counterparts.csv"} <= names
    assert not {"backtest.py", "posterior.py", "tables.py", "style.py"} & (names - {"tables.py"})


def test_calibrate_shows_what_is_stored(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["calibrate", "--stored", "--out", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "It informs" in out and "shift" in out
    assert {path.name for path in tmp_path.iterdir()} >= {"contraction.png", "posterior.npz"}
    assert main(["calibrate", "--stored", "--store"]) == 2


def test_a_thinned_posterior_keeps_its_means() -> None:
    generator = np.random.default_rng(6)
    scores, weights = generator.standard_normal((3, 20_000)), generator.gamma(0.05, size=20_000)
    weights /= weights.sum()
    thin = stored.thinned(("a", "b", "c"), scores, weights, {}, draws=1500)
    assert abs(thin.weights.size - 1500) <= 1 and thin.weights.sum() == pytest.approx(1.0)
    mean = (norm.ppf(thin.probability) * thin.weights).sum(axis=1)
    np.testing.assert_allclose(mean, (scores * weights).sum(axis=1), atol=0.02)


@pytest.mark.slow
def test_ranks_of_truths_are_uniform() -> None:
    """A small version of what `make validate` does with 300 records."""
    ranks = check_calibration(records=100, worlds=3000, parameters=("oracle.build_quarters", "nvidia.max_expansion"))
    assert ranks.uniform, ranks.p_values()
    assert float(np.median(ranks.effective)) > 30.0


def test_ranks_tell_a_weighing_that_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights twice as sharp as the records deserve pile the ranks up at the ends."""
    import runs.calibration_check as check

    honest = check.log_likelihood
    monkeypatch.setattr(check, "log_likelihood", lambda rows, seen: 4.0 * honest(rows, seen))
    assert not check_calibration(records=100, worlds=1500, parameters=("oracle.build_quarters",)).uniform


@pytest.mark.parametrize("source", ["prior", "posterior"])
def test_one_world_is_told_with_the_parameters_that_it_ran_with(
    source: str, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--seed", "3", "--until", "2026Q3", "--parameters", source, "--quiet"]
    assert main(["explain", "--world", "5", "--quarter", "2026Q2", "--json", *arguments]) == 0
    capsys.readouterr()
    alone = record_world("baseline", 5, 3, "2026Q3", parameters_from=source)
    together = simulate("baseline", 7, 3, "2026Q3", parameters_from=source)
    ran = together["openai_cash_usd_bn"].sel(world=5).to_numpy()
    assert (alone.history.values["openai_cash_usd_bn"][0, :, 0] == ran).all()
