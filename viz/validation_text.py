"""The words and tables of docs/validation.md, all from what was measured."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from runs.backtest import LEAST_EFFECTIVE, Backtest
from runs.calibration_check import KNOWN_TO, Ranks
from runs.counterparts import counterparts
from runs.evidence import RECORD_WEIGHT
from runs.identifiability import INFORMED, NOT_INFORMED
from runs.posterior import Posterior
from runs.rivals_naive import LAST, LOCAL, TREND
from runs.score_table import SEEN, STATISTICAL, TOTAL, TableRow, table
from runs.stylised_facts import Facts

ENOUGH = 4
"""Scored forecasts below which a series is not named as good or bad."""
BIASED = 3.0
"""Changes per quarter by which medians lie off on average, from which a series is called by far too low or high."""
NARROW = 0.6
"""A 90 % band that holds less than this is called too narrow."""


def validation_page(
    posterior: Posterior, scored: Backtest, ranks: Ranks, facts: Facts, figures: Mapping[str, str]
) -> str:
    """The whole page, as Markdown."""
    rows = table(scored)
    parts = [
        "# Validation",
        "<!-- made by `make validate`; edit viz/validation_text.py, not this page -->",
        verdict(rows, facts),
        "## What was done",
        _method(scored),
        "## Scores",
        _scores(rows),
        *(_picture(name, figures) for name in ("Scores by series", "Where observations fall")),
        "## Forecasts beside the record",
        *(_picture(name, figures) for name in figures if name.startswith("Forecasts")),
        "## What the record tells of the parameters",
        _parameters(posterior),
        *(
            _picture(name, figures)
            for name in ("What the record tells of each parameter", "Parameters that the record informs")
            if name in figures
        ),
        "## Does the weighing find the truth?",
        _ranks(ranks),
        _picture("Ranks of truths", figures),
        "## Stylised facts",
        _facts(facts),
        "## Limits of this page",
        _limits(),
    ]
    return "\n\n".join(parts) + "\n"


def verdict(rows: Sequence[TableRow], facts: Facts) -> str:
    """The first paragraph: what the model is good and bad at."""
    total = next(row for row in rows if row.name == TOTAL)
    seen = next((row for row in rows if row.name == SEEN), total)
    series = [row for row in rows if ":" in row.name]
    judged = [row for row in series if row.crps is not None and row.scaled >= ENOUGH]
    wins = sorted((row for row in judged if row.best == "model"), key=lambda row: -(row.skill or 0.0))
    loses = sorted((row for row in judged if row.best != "model"), key=lambda row: row.skill or 0.0)
    good = [row for row in wins if abs(row.bias or 0.0) <= BIASED]
    narrow = [row for row in series if row.forecasts >= ENOUGH and (row.cover_90 or 0.0) < NARROW]
    biased = [row for row in judged if abs(row.bias or 0.0) > BIASED]
    best = min(STATISTICAL, key=lambda name: total.rivals[name] or float("inf"))
    skill = 100.0 * (total.skill or 0.0)
    said = (
        f"Out of sample, on {total.forecasts} forecasts of {len(series)} series from four past dates, the 90 % bands "
        f"held {_per_cent(total.cover_90)} of what came and the 50 % bands {_per_cent(total.cover_50)} (wanted: 80 to "
        f"97 and 40 to 60 %, which is {_met(total)}); on series whose level was known, seen twice or more, they held "
        f"{_per_cent(seen.cover_90)} and {_per_cent(seen.cover_50)}. The mean scaled error (CRPS) is {total.crps:.2f}, "
        f"{abs(skill):.0f} % {'better' if skill > 0 else 'worse'} than the best naive rival, the {best} "
        f"({total.rivals[best]:.2f}); it scores best on {len(wins)} of {len(judged)} series "
        f"that can be compared. **The model is good at** {_names(good[:7]) or 'nothing that stands out'}. "
        f"**It is poor at** {_names(loses) or 'no series of which enough was seen'}: there a naive rival wins. "
    )
    if narrow:
        said += f"Its bands are much too narrow for {_names(narrow)}. "
    if biased:
        low, high = ([row for row in biased if ((row.bias or 0.0) > 0.0) == up] for up in (False, True))
        halves = [f"{word} {_names(part)}" for word, part in (("too low on", low), ("too high on", high)) if part]
        said += f"It is by far {' and '.join(halves)}. "
    missed = [fact.name for fact in facts.facts if fact.holds < 0.5]
    if missed:
        quoted = "; ".join(f'"{name}"' for name in missed)
        said += f"Of the stylised facts it does not reproduce, in most worlds: {quoted}. "
    return said.strip()


def _method(scored: Backtest) -> str:
    origins = "; ".join(
        f"{o.label} ({o.rows} observations, weights worth {o.effective:,.0f} worlds"
        + (f", flattened to the power {o.power:.2f})" if o.power < 1.0 else ")")
        for o in scored.origins
    )
    return (
        f"{scored.worlds:,} worlds of `{scored.scenario}`, seed {scored.seed}, with parameters from their priors. At "
        f"each "
        f"origin they know the contracts signed by then, are weighted by the observations known by then, and carry "
        f"over "
        f"what they missed: {origins}. Weights are flattened where they would be worth fewer than "
        f"{LEAST_EFFECTIVE:.0f} "
        f"worlds. Which series counts, with which error, stands in `runs/counterparts.csv`, which was committed before "
        f"the first score; {sum(row.score for row in counterparts().values())} series are scored, and none was dropped "
        f"since. A test changes every later row of the record and sees no bit of a forecast change.\n\n"
        f"An observation is the world's figure, plus a level that is the series' own, plus a drift that starts at "
        f"nothing "
        f"and is shared by the series of a metric, plus an error. The likelihood counts with the power "
        f"{RECORD_WEIGHT:g}: "
        f"rows that lean on the same sources are not independent, and the model errs.\n\n"
        f"Scores are CRPS over the series' mean absolute change per quarter before the origin. The rivals see the same "
        f"rows: {LAST} (a random walk), {TREND} (least squares on up to eight values), {LOCAL} (statsmodels). Where "
        f"a rival "
        f"cannot be fitted it says the last value. *Plain* is the model without carrying over what it missed."
    )


def _scores(rows: Sequence[TableRow]) -> str:
    heads = ("", "n", "in 50 %", "in 90 %", "model", "plain", "last value", "trend", "local trend", "best", "bias")
    cells = [
        (
            f"**{row.name}**" if row.name == TOTAL else row.name,
            row.forecasts,
            _per_cent(row.cover_50),
            _per_cent(row.cover_90),
            *(_number(value) for value in (row.crps, row.crps_plain, *(row.rivals[name] for name in STATISTICAL))),
            row.best or "",
            "" if row.bias is None else f"{row.bias:+.1f}",
        )
        for row in rows
    ]
    said = markdown_table(heads, cells)
    projected = [row for row in rows if row.projection is not None and ":" in row.name]
    if projected:
        said += "\n\nBeside the firms' own projections, published by the origin (mean error over the observation):\n\n"
        own = [(row.name, row.projection) for row in projected]
        said += markdown_table(
            ("series", "n", "model", "projection"),
            [(name, p[0], _per_cent(p[1]), _per_cent(p[2])) for name, p in own if p is not None],
        )
    return said


def _parameters(posterior: Posterior) -> str:
    a, d = posterior.about, posterior.about["diagnostics"]
    rows = a["parameters"]
    kept = [row for row in rows if row["verdict"] != NOT_INFORMED]
    noise = 1.0 / d["effective_worlds"] ** 0.5
    said = (
        f"Fitted to {a['observations']} observations of {a['series']} series known until {a['known_until']}, by "
        f"iterated "
        f"importance sampling: {len(d['rounds'])} rounds, {d['worlds']:,} worlds in the last, weights worth "
        f"{d['effective_worlds']:,.0f}, the largest {100 * d['largest_weight']:.1f} %; two halves disagree by "
        f"{d['halves_largest_difference']:.1f} standard errors at most ({d['halves_expected_difference']:.1f} or "
        f"less in 19 "
        f"of 20 cases); power of the likelihood reached: {d['power']:.2f}. The record informs "
        f"{sum(row['verdict'] == INFORMED for row in rows)} of {len(rows)} parameters; the others keep their prior. "
        f"Shift "
        f"and narrowing are in standard deviations of the prior, with noise of about {noise:.2f}. What moved:\n\n"
    )
    heads = ("parameter", "unit", "prior 5, 50, 95 %", "posterior", "shift", "narrower", "verdict")
    said += markdown_table(
        heads,
        [
            (
                f"`{row['parameter']}`",
                row["unit"],
                *(", ".join(f"{row[k][q]:.3g}" for q in ("low", "middle", "high")) for k in ("prior", "posterior")),
                f"{row['shift']:+.2f}",
                _per_cent(row["contraction"]),
                row["verdict"],
            )
            for row in kept
        ],
    )
    pairs = ", ".join(f"`{p['first']}` with `{p['second']}` ({p['correlation']:+.2f})" for p in a["trade_offs"])
    said += f"\n\nPairs that the record tells only together: {pairs or 'none beyond noise'}."
    return said + (
        " The contraction of all parameters: `gigawatt calibrate --stored --json`. Scenarios that know the "
        "record to its end take these parameters from the posterior unless `--parameters` says otherwise, earlier "
        "ones from the prior; what tells of the state at the start (`start_` in the name) stays with the start that "
        "it was fitted to. How much that helps, and where bands are too narrow and why: "
        "[calibration.md](calibration.md)."
    )


def _ranks(ranks: Ranks) -> str:
    found = ranks.p_values()
    worst = min(found, key=lambda name: found[name])
    verdict_ = "are consistent with uniform" if ranks.uniform else "are NOT uniform"
    return (
        f"{ranks.records} worlds of one prior ensemble of {ranks.worlds:,} leave a synthetic record to {KNOWN_TO}; "
        f"the others "
        f"are weighted by it. The ranks of the truth's {len(ranks.parameters)} parameters and {len(ranks.forecasts)} "
        f"later "
        f"figures {verdict_}: the least p-value is {found[worst]:.3f} ({worst}), where {0.01 / len(found):.4f} would "
        f"be "
        f"needed to reject at one in a hundred. The whole record to its end tells such worlds apart so well that "
        f"weights "
        f"of one ensemble are worth a handful; there the calibration iterates and the backtest flattens."
    )


def _facts(facts: Facts) -> str:
    rows = [
        (
            f.name,
            _per_cent(f.holds),
            f.figure,
            f"{f.quantiles[2]:.2f} ({f.quantiles[0]:.2f} to {f.quantiles[4]:.2f})",
            f.record,
        )
        for f in facts.facts
    ]
    said = f"In {facts.worlds:,} worlds weighted by the whole record (worth {facts.effective:.0f}):\n\n"
    said += markdown_table(("fact", "holds in", "figure", "median (90 % band)", "record"), rows)
    said += (
        "\n\nShort-run demand may be very inelastic, and the record cannot tell how much. Odds that the spot price "
        "of an "
        "H100 rises or falls by 30 % or more within four quarters of 2024 and 2025, by that elasticity:\n\n"
    )
    return said + markdown_table(
        ("short-run elasticity", "rises", "falls"),
        [(f"{m.low:.2f} to {m.high:.2f}", _per_cent(m.up), _per_cent(m.down)) for m in facts.moves],
    )


def _limits() -> str:
    return (
        "The standard deviations of drift and error are judgements, made before the first score and not since. The "
        "power "
        "of the likelihood was lowered once after it, from 0.2 to 0.1, because weights were worth too few worlds; "
        "the mean "
        "score moved by half a per cent. Series of "
        "one subject are not independent, so the count of forecasts overstates the evidence. Rows that are recalled or "
        "disputed count like others. The record is two years long: horizons beyond six quarters are not tested at "
        "all, and "
        "a model built with these two years in view is not wholly out of sample on them, whatever the ensemble knew."
    )


def markdown_table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table in Markdown."""
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    lines += ["| " + " | ".join(str(cell).replace("|", "/") for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def _picture(name: str, figures: Mapping[str, str]) -> str:
    return f"![{name}]({figures[name]})"


def _names(rows: Sequence[TableRow]) -> str:
    return ", ".join(f"`{row.name}`" for row in rows)


def _met(total: TableRow) -> str:
    met = 0.80 <= (total.cover_90 or 0.0) <= 0.97 and 0.40 <= (total.cover_50 or 0.0) <= 0.60
    return "met" if met else "missed"


def _per_cent(share: float | None) -> str:
    return "" if share is None else f"{100.0 * share:.0f} %"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


__all__ = ["markdown_table", "validation_page", "verdict"]
