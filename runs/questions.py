"""The questions that the model is asked, each with a sentence computed from the run and the rows behind it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from agents.cast import title
from runs.reading import Reader, Row
from world.arrays import fold, ratio

STARGATE_GOAL = 0.75
BURN_MARK_USD_BN = 20.0
ABILENE_PLAN_GW, ABILENE_GOAL_GW = 1.2, 2.0
LTV_POLICY, LTV_CAP = 0.25, 0.35
LITTLE_CASH_USD_BN = 1.0
BURN_YEAR = "2027"
"""The year for which the source articles give OpenAI's burn."""
PERCENT = "\u00a0%"
SHORT = {"own": "its own chips", "microsoft_lab": "Microsoft's lab", "rival_clouds": "rival clouds"}
"""Names short enough for the first column of a table."""
SLACK = 1e-6
"""Room for rounding where a figure is compared with a goal."""


@dataclass(frozen=True)
class Answer:
    """What a run says to one question."""

    number: int
    question: str
    sentence: str
    rows: tuple[Row, ...]


def answers(dataset: xr.Dataset) -> list[Answer]:
    """The answers of a run (keep="paths") to the questions 1 to 9, in order."""
    run = Reader(dataset)
    return [Answer(place, question, *work(run)) for place, (question, work) in enumerate(_ANSWERING, start=1)]


def _stargate(run: Reader) -> tuple[str, tuple[Row, ...]]:
    share = run.path("stargate_share")
    reached = share >= STARGATE_GOAL - SLACK
    sentence = f"It does by {run.end} {run.chance(reached.any(axis=0))}"
    sentence += f", first in {run.when(run.first(reached))}. " if reached.any() else ". "
    sentence += f"Its share is {run.span(share[-1], 0, 100.0, PERCENT)} in {run.end}."
    rows = [Row("Stargate's share", 100.0 * run.end_of(share), "%", 0)]
    for member in run.members("openai_share"):
        values = 100.0 * run.end_of(run.path("openai_share", member))
        rows.append(Row(f"  from {SHORT.get(member, title(member))}", values, "%", 0))
    rows.append(Row("OpenAI's compute", run.end_of(run.path("used_h100e_m", "openai")), "M H100e"))
    return sentence, tuple(rows)


def _price(run: Reader) -> tuple[str, tuple[Row, ...]]:
    posted = run.path("h100_price_usd_h")
    first = run.quarters[0]
    sentence = (
        f"A one-year H100 contract goes from {run.price(posted[0])} an hour in {first} to {run.price(posted[-1])} "
        f"in {run.end}; it ends above where it began {run.chance(posted[-1] > posted[0])}."
    )
    rows = [Row("H100, one year", run.end_of(posted), "$/h", 2)]
    for member in run.members("spot_price_usd_h"):
        spot = run.end_of(run.path("spot_price_usd_h", member))
        if member not in ("own_chip", "rival_asic") and np.mean(~np.isnan(spot[-1])) > 0.5:
            rows.append(Row(f"  spot {title(member)}", spot, "$/H100e-h", 2))
    rows.append(Row("Spot over cost", run.end_of(run.path("price_over_cost")), "ratio", 2))
    return sentence, tuple(rows)


def _cash(run: Reader) -> tuple[str, tuple[Row, ...]]:
    burn = run.sum_of(run.path("openai_burn_usd_bn"))
    raised, anchor = run.path("openai_raised_usd_bn"), run.path("softbank_paid_usd_bn")
    labels = [column.label for column in run.columns]
    often = int(np.bincount(burn.argmax(axis=0), minlength=len(labels)).argmax())
    year = labels.index(BURN_YEAR) if BURN_YEAR in labels else len(labels) - 1
    part = ratio(fold(anchor), fold(raised))
    distress = (run.path("rescue_usd_bn") > SLACK).any(axis=0) | (run.path("openai_default") > 0.5).any(axis=0)
    sentence = (
        f"Its burn is {run.money(burn[year])} in {labels[year]}, above $20bn "
        f"{run.chance(burn[year] > BURN_MARK_USD_BN)}. "
        f"A world's largest burn is {run.money(burn.max(axis=0))} in a year, most often {labels[often]}. "
        f"It raises {run.money(fold(raised))} of equity by {run.end}, of which SoftBank "
        f"{run.span(part, 0, 100.0, PERCENT)}; a rescue round or an unpaid due comes {run.chance(distress)}."
    )
    rows = (
        Row("OpenAI's revenue", run.sum_of(run.path("openai_revenue_usd_bn")), "$bn"),
        Row("OpenAI's burn", burn, "$bn"),
        Row("Equity raised", run.sum_of(raised), "$bn"),
        Row("  from SoftBank", run.sum_of(anchor), "$bn"),
        Row("Cash at year-end", run.end_of(run.path("openai_cash_usd_bn")), "$bn"),
        Row("Valuation", run.end_of(run.path("openai_valuation_usd_bn")), "$bn"),
    )
    return sentence, rows


def _inference(run: Reader) -> tuple[str, tuple[Row, ...]]:
    inference, training = run.path("inference_cost_usd_bn"), run.path("rd_cost_usd_bn")
    over = inference > training
    sentence = (
        f"OpenAI's inference compute costs more than all its R&D compute by {run.end} {run.chance(over.any(axis=0))}"
    )
    sentence += f", first in {run.when(run.first(over))}" if over.any() else ""
    sentence += f"; in {run.end} it does {run.chance(over[-1])}."
    rent, idle = run.path("openai_compute_bill_usd_bn"), run.path("openai_idle_usd_bn")
    rows = (
        Row("Inference compute", run.sum_of(inference), "$bn"),
        Row("R&D compute", run.sum_of(training), "$bn"),
        Row("Rent under its leases", run.sum_of(rent), "$bn"),
        Row("  of it let on or idle", run.sum_of(idle), "$bn"),
        Row("Inference over R&D", ratio(run.sum_of(inference), run.sum_of(training), np.nan), "ratio", 2),
    )
    return sentence, rows


def _caution(run: Reader) -> tuple[str, tuple[Row, ...]]:
    waived, matched, unmet = (run.path(name) for name in ("waived_h100e_m", "matched_h100e_m", "unmet_h100e_m"))
    sentence = "" if run.path("exclusivity").max() > 0.0 else "No right is left to waive: exclusivity has ended. "
    sentence += (
        f"To {run.end} Microsoft waives {run.span(fold(waived), 1)} and matches {run.span(fold(matched), 1)} M H100e "
        f"of OpenAI's requests. What caution costs each side takes two runs on the same draws: "
        f"gigawatt compare, with a scenario or --set microsoft.caution=..."
    )
    rows = (
        Row("Waived by Microsoft", run.sum_of(waived), "M H100e"),
        Row("Matched by Microsoft", run.sum_of(matched), "M H100e"),
        Row("Lacked at year-end", run.end_of(unmet), "M H100e"),
        Row("Paid to Microsoft", run.sum_of(run.path("openai_payments_to_microsoft_usd_bn")), "$bn"),
        Row("Microsoft's capex", run.sum_of(run.path("capex_usd_bn", "microsoft")), "$bn"),
    )
    return sentence, rows


def _abilene(run: Reader) -> tuple[str, tuple[Row, ...]]:
    power = run.path("abilene_facility_gw")
    goal, plan = (power >= level - SLACK for level in (ABILENE_GOAL_GW, ABILENE_PLAN_GW))
    members = run.members("binding_share")
    shares = np.stack([run.mean_of(run.path("binding_share", member)) for member in members])
    mean = shares.mean(axis=-1)
    first, last = (title(members[int(mean[:, place].argmax())]).lower() for place in (0, -1))
    labels = [column.label for column in run.columns]
    sentence = f"It reaches 2 GW by {run.end} {run.chance(goal.any(axis=0))}"
    sentence += f", first in {run.when(run.first(goal))}" if goal.any() else ""
    sentence += f"; the planned 1.2 GW {run.chance(plan.any(axis=0))}"
    sentence += f", first in {run.when(run.first(plan))}. " if plan.any() else ". "
    sentence += f"What binds builders most is {first} in {labels[0]}"
    sentence += "." if len(labels) == 1 else f" and {'' if last == first else last + ' '}in {labels[-1]}."
    rows = [Row("Abilene, energised", run.end_of(power), "GW", 2)]
    rows += [
        Row(f"Bound by {title(member).lower()}", 100.0 * shares[place], "% of builders, mean", mean=True)
        for place, member in enumerate(members)
        if mean[place].max() > 0.005
    ]
    rows.append(Row("Energised, all", run.end_of(run.all_members("energised_facility_gw")), "GW"))
    return sentence, tuple(rows)


def _lenders(run: Reader) -> tuple[str, tuple[Row, ...]]:
    debt, cover, ltv = (run.path(name) for name in ("oracle_debt_usd_bn", "oracle_dscr", "softbank_ltv"))
    yearly = run.mean_of(cover)
    cash = run.path("cash_usd_bn", "oracle")
    sentence = (
        f"Oracle owes {run.money(debt[-1])} in {run.end}; its cash flow before capital spending falls short of debt "
        f"service in some year {run.chance((yearly < 1.0).any(axis=0))}, and its cash falls below $1bn at some year's "
        f"end {run.chance((run.end_of(cash) < LITTLE_CASH_USD_BN).any(axis=0))}: then it builds on new loans. "
        f"SoftBank's loan to value is above its 25 % policy in some quarter "
        f"{run.chance((ltv > LTV_POLICY + SLACK).any(axis=0))} and above the 35 % cap "
        f"{run.chance((ltv > LTV_CAP + SLACK).any(axis=0))}."
    )
    rows = (
        Row("Oracle's debt", run.end_of(debt), "$bn"),
        Row("  due within a year", run.end_of(run.path("debt_due_usd_bn", "oracle")), "$bn"),
        Row("  with leased shells", run.mean_of(run.path("oracle_leverage")), "over yearly cash flow", 1),
        Row("  coverage before capex", yearly, "ratio", 1),
        Row("  and with rent of shells", run.mean_of(run.path("oracle_fixed_charge_cover")), "ratio", 1),
        Row("Oracle's cash", run.end_of(cash), "$bn"),
        Row("Rent it is still promised", run.end_of(run.path("backlog_usd_bn", "oracle")), "$bn"),
        Row("OpenAI's credit spread", 100.0 * run.mean_of(run.path("tenant_spread_rate")), "% a year", 1),
        Row("SoftBank's LTV", 100.0 * run.end_of(ltv), "%", 0),
    )
    return sentence, rows


def _chip(run: Reader) -> tuple[str, tuple[Row, ...]]:
    started = run.path("own_chip_started") > 0.5
    own, merchant = run.path("chip_cost_usd_h", "own"), run.path("chip_cost_usd_h", "merchant")
    value = run.path("own_chip_value_usd_bn")
    sentence = f"OpenAI undertakes it by {run.end} {run.chance(started.any(axis=0))}"
    sentence += f", first in {run.when(run.first(started))}" if started.any() else ""
    sentence += (
        f". In {run.end} its compute would cost {run.span(100.0 * ratio(own[-1], merchant[-1]), 0, 1.0, PERCENT)} of "
        f"that on the newest merchant chip."
    )
    rows = (
        Row("Programme runs in", 100.0 * run.end_of(started.astype(float)), "% of worlds", mean=True),
        Row("Cost, own chip", run.end_of(own), "$/effective h", 2),
        Row("Cost, newest other", run.end_of(merchant), "$/effective h", 2),
        Row("Present value", run.end_of(value), "$bn"),
    )
    return sentence, rows


def _race(run: Reader) -> tuple[str, tuple[Row, ...]]:
    labs = run.members("lab_revenue_usd_bn")
    revenue = np.stack([run.sum_of(run.path("lab_revenue_usd_bn", lab)) for lab in labs])
    capability = np.stack([run.path("capability", lab) for lab in labs])
    share = revenue / np.maximum(fold(revenue), 1e-12)
    home, others = labs.index("openai"), [place for place, lab in enumerate(labs) if lab != "openai"]
    lead = capability[home] - capability[others].max(axis=0)
    best = capability[:, -1].argmax(axis=0)
    counts = [float((best == place).mean()) for place in range(len(labs))]
    ranked = sorted(range(len(labs)), key=lambda place: -counts[place])
    ahead = ", ".join(f"{title(labs[k])} {100.0 * counts[k]:.0f} %" for k in ranked if counts[k] > 0.0)
    label = run.columns[-1].label
    fast = capability[labs.index("xai")] > capability[home]
    sentence = (
        f"OpenAI takes {run.span(share[home, -1], 0, 100.0, PERCENT)} of the labs' revenue in {label}. Most effective "
        f"training compute in {run.end}, share of worlds: {ahead} (rival labs count as one). xAI overtakes "
        f"OpenAI in it {run.chance(fast.any(axis=0))}."
    )
    rows = [Row(f"{SHORT.get(lab, title(lab))} revenue", revenue[place], "$bn") for place, lab in enumerate(labs)]
    rows.append(Row("OpenAI's share", 100.0 * share[home], "%", 0))
    rows.append(Row("OpenAI's lead", run.end_of(lead), "log compute", 2))
    rows.append(Row("xAI's own chips", run.end_of(run.path("sold_h100e_m", "xai")), "M H100e"))
    return sentence, tuple(rows)


_ANSWERING = (
    ("When does Stargate supply 75 % of OpenAI's compute?", _stargate),
    ("What happens to the price of a GPU-hour?", _price),
    ("How deep is OpenAI's cash hole, and who fills it?", _cash),
    ("When does inference cost more than training?", _inference),
    ("What does Microsoft's caution cost?", _caution),
    ("Does Abilene reach 2 GW, and what binds?", _abilene),
    ("Does Oracle's balance sheet carry it, does SoftBank keep its limit?", _lenders),
    ("Is an own chip worth it, and when?", _chip),
    ("Who wins the race?", _race),
)

QUESTIONS = tuple(question for question, _ in _ANSWERING)
"""The questions 1 to 9, in order."""

__all__ = ["QUESTIONS", "Answer", "answers"]
