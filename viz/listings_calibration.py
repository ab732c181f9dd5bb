"""Lines of a calibration for a terminal: what the record informs, how far to trust it, pairs that trade off."""

from __future__ import annotations

from runs.identifiability import INFORMED, NOT_INFORMED
from runs.posterior import Posterior
from viz.tables import Line, figure, plain_table, wrapped

SHOWN = 25


def calibration_lines(posterior: Posterior, width: int) -> list[Line]:
    """Diagnostics, then the parameters that moved or narrowed most, then pairs."""
    a = posterior.about
    d = a["diagnostics"]
    lines = wrapped("What the record tells of the parameters", width, "title")
    about = (
        f"{a['observations']} observations of {a['series']} series, known until {a['known_until']} · seed {a['seed']}"
    )
    lines += wrapped(about, width, "note")
    kinds = {kind: sum(row["verdict"] == kind for row in a["parameters"]) for kind in (INFORMED, NOT_INFORMED)}
    count = len(a["parameters"])
    said = (
        f"It informs {kinds[INFORMED]} of {count} parameters. {kinds[NOT_INFORMED]} it does not inform beyond noise; "
        f"{count - sum(kinds.values())} that moved keep their prior because no record of this kind can tell them. "
        f"The weights are worth {d['effective_worlds']:,.0f} of {d['worlds']:,} worlds; the largest is "
        f"{100 * d['largest_weight']:.1f} %; two halves disagree by {d['halves_largest_difference']:.1f} "
        f"standard errors at most ({d['halves_expected_difference']:.1f} or less in 19 of 20 cases)."
    )
    lines += [Line(""), *wrapped(said, width, "answer")]
    if d["power"] < 1.0:
        short = f"The likelihood had to be flattened to the power {d['power']:.2f}: the posterior is not reached."
        lines += wrapped(short, width, "answer")
    if posterior.older:
        lines += wrapped("It was fitted to an older state of the model or its data.", width, "answer")
    heads = ("parameter", "prior", "posterior", "shift", "narrower", "unit", "verdict")
    cells = [
        [
            row["parameter"],
            _band(row["prior"]),
            _band(row["posterior"]),
            f"{row['shift']:+.2f}",
            f"{100 * row['contraction']:.0f} %",
            row["unit"],
            row["verdict"],
        ]
        for row in a["parameters"][:SHOWN]
    ]
    lines += [Line(""), *plain_table(heads, cells, width, 0, (3, 4))]
    note = (
        "5, 50 and 95 % quantiles; shift of the mean in prior standard deviations; how much of the prior's standard "
        f"deviation is gone. Noise of both: about {1 / d['effective_worlds'] ** 0.5:.2f}. All {count}: --json."
    )
    lines += [Line(""), *wrapped(note, width, "note")]
    if a["trade_offs"]:
        lines += [Line(""), *wrapped("Pairs that the record tells only together", width, "heading")]
        for pair in a["trade_offs"]:
            lines += wrapped(f"{pair['first']} and {pair['second']}: {pair['correlation']:+.2f}", width, "figure", "  ")
    return lines


def _band(quantiles: dict[str, float]) -> str:
    return " ".join(
        figure(quantiles[name], 3 if abs(quantiles["high"]) < 1 else None) for name in ("low", "middle", "high")
    )


__all__ = ["calibration_lines"]
