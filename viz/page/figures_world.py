"""What fills the cards of one world: ribbons, sites, payments, events, and its line in the fans."""

from __future__ import annotations

from typing import Any

import xarray as xr

from runs.explain import CRITERIA, choose_world
from runs.one_world import OneWorld
from runs.results import title
from viz.page.cards import place
from viz.page.look import DOLLARS_H, Columns, Filling, Look, colour, moment, nice_top, numbers, plain

place("ribbons", "Who leases from whom", "M H100e under lease, providers left, tenants right", "world", "ribbons",
      size="half")  # fmt: skip
place("events", "What happens", "the deals of the quarter and why; then leases, sites, money", "world", "", size="tall")
place("flows", "Money of the quarter", "largest payments between firms, $bn", "world", "flows", size="half")
place("sites", "Named sites", "by state, as far as the quarter", "world", "sites", size="full")

LINES = {
    "price": ("h100_price_usd_h", None, 1.0), "cash": ("openai_cash_usd_bn", None, 1.0),
    "revenue": ("openai_revenue_usd_bn", None, 4.0), "stargate": ("stargate_share", None, 100.0),
    "to_microsoft": ("openai_payments_to_microsoft_usd_bn", None, 4.0), "ltv": ("softbank_ltv", None, 100.0),
    "abilene": ("abilene_facility_gw", None, 1.0), "oracle_debt": ("oracle_debt_usd_bn", None, 1.0),
    "compute_openai": ("used_h100e_m", "openai", 1.0), "compute_microsoft": ("sold_h100e_m", "microsoft", 1.0),
    "compute_oracle": ("sold_h100e_m", "oracle", 1.0), "compute_xai": ("sold_h100e_m", "xai", 1.0),
    "compute_rivals": ("used_h100e_m", "rival_labs", 1.0),
}  # fmt: skip
"""The fans in which the world's path is drawn as a thin line: metric, member, scale."""

LARGEST_FLOWS = 12
KINDS = {
    "lease_rent": "rent", "spot_rent": "spot rent", "chips": "chips", "equity": "equity", "loan": "loan",
    "interest": "interest", "principal": "repayment", "dividends": "dividends", "services": "AI services",
    "revenue_share": "revenue share", "construction": "construction", "supplier_cost": "supplies", "tax": "tax",
}  # fmt: skip


def world_cards(world: OneWorld) -> dict[str, Filling]:
    """Every card that one world fills, by name."""
    x = [moment(label) for label in world.quarters]
    found = {
        name: Filling({"one": {"x": x, "y": numbers(world.path(metric, member) * scale)}})
        for name, (metric, member, scale) in LINES.items()
    }
    return found | {"ribbons": ribbons(world), "sites": sites(world), "flows": flows(world), "events": events(world)}


def lines_of(look: Look, number: int) -> dict[str, Columns]:
    """The thin lines of a world that is in the ensemble on show, by card."""
    place_ = look.dataset["world"].to_numpy().tolist().index(number)
    return {
        name: {"x": look.x, "y": numbers(look.path(metric, member)[:, place_] * scale)}
        for name, (metric, member, scale) in LINES.items()
    }


def ribbons(world: OneWorld) -> Filling:
    """Leases by quarter as stretches of both sides' stacks, each as long as its part of all compute let."""
    rows: Columns = {k: [] for k in ("x", "name", "text", "price", "colour", "l0", "l1", "r0", "r1")}
    ends: Columns = {k: [] for k in ("x", "name", "colour", "from", "to", "edge", "y0", "y1", "middle")}
    head, pairs = [], world.members("leased_h100e_m")
    for place_, label in enumerate(world.quarters):
        let = {pair: float(world.path("leased_h100e_m", pair)[place_]) for pair in pairs}
        let = {pair: amount for pair, amount in let.items() if amount > 0.01}
        total = sum(let.values())
        head.append(f"{total:.1f} M")
        if not total:
            continue
        sides = [_side(let, 0, total), _side(let, 1, total)]
        for pair, amount in let.items():
            provider, tenant = pair.split(">")
            price = float(world.path("lease_price_usd_h", pair)[place_])
            own = provider == tenant
            rows["x"].append(moment(label))
            rows["name"].append(f"{title(provider)} to {title(tenant)}" if not own else "OpenAI's own chips")
            rows["text"].append(f"{amount:.2f} M H100e")
            rows["price"].append("no rent" if own else DOLLARS_H.figure(price) + " per H100e-hour")
            rows["colour"].append(colour(provider))
            for letter, side in zip("lr", sides, strict=True):
                for k in (0, 1):
                    rows[f"{letter}{k}"].append(round(side[pair][k], 4))
        for side, member_of, spot in ((sides[0], 0, (0.0, 0.02)), (sides[1], 1, (0.98, 1.0))):
            for member in dict.fromkeys(pair.split(">")[member_of] for pair in let):
                mine = [pair for pair in let if pair.split(">")[member_of] == member]
                y0, y1 = min(side[p][0] for p in mine), max(side[p][1] for p in mine)
                amount = sum(let[p] for p in mine)
                row = (moment(label), f"{title(member)} {amount:.1f}", colour(member), *spot, spot[member_of],
                       round(y0, 4), round(y1, 4), round((y0 + y1) / 2, 4))  # fmt: skip
                for key, value in zip(ends, row, strict=True):
                    ends[key].append(value)
    spoken = f"Compute under lease: {head[0]} H100e in {world.quarters[0]}, {head[-1]} in {world.quarters[-1]}."
    return Filling({"ribbons": rows, "ends": ends}, head=head, spoken=spoken)


def _side(let: dict[str, float], member_of: int, total: float) -> dict[str, tuple[float, float]]:
    """Each lease's stretch of one side, 0 to 1, grouped by the firm there with a gap between firms."""
    firms = list(dict.fromkeys(pair.split(">")[member_of] for pair in let))
    gap = 0.035
    room, at = 1.0 - gap * (len(firms) - 1), 0.0
    found = {}
    for firm in firms:
        for pair in [pair for pair in let if pair.split(">")[member_of] == firm]:
            found[pair] = (at, at + room * let[pair] / total)
            at = found[pair][1]
        at += gap
    return found


def sites(world: OneWorld) -> Filling:
    """A bar for each phase and state."""
    start = moment(world.quarters[0]) - 0.125
    rows: Columns = {k: [] for k in ("name", "who", "state", "since", "from", "to")}
    for phase in world.phases:
        reached = sorted(phase.reached.items(), key=lambda entry: entry[1])
        for k, (state, at) in enumerate(reached):
            begin = start + at / 4.0
            end = start + reached[k + 1][1] / 4.0 if k + 1 < len(reached) else 9999.0
            rows["name"].append(phase.name)
            rows["who"].append(f"{phase.facility_gw:.2f} GW, {title(phase.operator)} for {title(phase.tenant)}")
            rows["state"].append(state)
            rows["since"].append(_quarter_at(begin))
            rows["from"].append(round(begin, 3))
            rows["to"].append(round(end, 3))
    names = [phase.name for phase in world.phases]
    powered = sum("energised" in phase.reached for phase in world.phases)
    spoken = f"{powered} of {len(names)} named phases have power by {world.quarters[-1]}."
    return Filling({"sites": rows, "phases": {"name": names}}, {"first": 2024.5}, spoken=spoken)


def _quarter_at(x: float) -> str:
    return f"{int(x // 1)}Q{int((x % 1) * 4) + 1}"


def flows(world: OneWorld) -> Filling:
    """The largest payments of each quarter; from or to customers, staff, suppliers and the taxman left out."""
    rows: Columns = {k: [] for k in ("x", "name", "usd_bn", "text", "colour")}
    outside = {"suppliers", "tax", "staff", "utilities"}
    for label, payments in zip(world.quarters, world.payments, strict=True):
        kept = [p for p in payments if not outside & {p.payer, p.payee} and {p.payer, p.payee} != {"customers"}]
        for payment in kept[:LARGEST_FLOWS]:
            kind = KINDS.get(payment.kind, payment.kind.replace("_", " "))
            rows["x"].append(moment(label))
            rows["name"].append(f"{title(payment.payer)} → {title(payment.payee)}, {kind}")
            rows["usd_bn"].append(plain(payment.usd_bn))
            rows["text"].append(f"{payment.usd_bn:.1f}")
            rows["colour"].append(colour(payment.payer))
    signals = {"top": nice_top(1.12 * max([*rows["usd_bn"], 0.1]))}
    return Filling(
        {"flows": rows}, signals, spoken="The largest payments of the quarter on the scrubber, by payer and payee."
    )


def events(world: OneWorld) -> Filling:
    """What is signed, built and paid in each quarter, in words, read from the world's history."""
    rows: Columns = {"x": [], "quarter": [], "text": []}

    def note(place_: int, text: str) -> None:
        rows["x"].append(moment(world.quarters[place_]))
        rows["quarter"].append(world.quarters[place_])
        rows["text"].append(text)

    for k in range(len(world.quarters)):
        note(k, _price_of(world, k))
        note(k, _binding_of(world, k))
        for pair in world.members("signed_h100e_m"):
            amount = float(world.path("signed_h100e_m", pair)[k])
            provider, tenant = pair.split(">")
            if amount > 0.02 and provider != tenant:
                note(k, f"{title(tenant)} signs leases of {amount:.2f} M H100e with {title(provider)}.")
        for metric, words in (("waived_h100e_m", "Microsoft waives its first refusal on"),
                              ("matched_h100e_m", "Microsoft matches an outside offer of")):  # fmt: skip
            if float(world.path(metric)[k]) > 0.01:
                note(k, f"{words} {float(world.path(metric)[k]):.2f} M H100e.")
        raised, anchor = float(world.path("openai_raised_usd_bn")[k]), float(world.path("softbank_paid_usd_bn")[k])
        if raised > 0.5:
            note(k, f"${raised:.1f}bn of equity is paid into OpenAI, ${anchor:.1f}bn of it by SoftBank.")
        if float(world.path("rescue_usd_bn")[k]) > 0.01:
            note(k, f"A rescue round of ${float(world.path('rescue_usd_bn')[k]):.1f}bn saves OpenAI.")
        if k and float(world.path("converted")[k]) > float(world.path("converted")[k - 1]):
            note(k, "OpenAI converts to a for-profit company.")
        for text in _sites_of(world, k):
            note(k, text)
    return Filling({"events": rows}, spoken="A list of what happens in this world.")


def _price_of(world: OneWorld, k: int) -> str:
    """What an H100 rents for, and how that has moved."""
    path = world.path("h100_price_usd_h")
    said = f"An H100 for an hour costs {DOLLARS_H.figure(float(path[k]))} on a one-year contract"
    if not k:
        return f"{said}."
    change = 100.0 * (float(path[k]) / float(path[k - 1]) - 1.0)
    if abs(change) < 0.5:
        return f"{said}, as in the quarter before."
    return f"{said}, {abs(change):.0f}\u00a0% {'more' if change > 0 else 'less'} than in the quarter before."


BINDING_WORDS = {
    "demand": "Demand binds most builders: they order what they expect to let",
    "power": "Power binds most builders: the grid gives them no more",
    "shells": "Shells bind most builders: buildings are not ready",
    "chips": "Chips bind most builders: the vendors deliver no more",
    "finance": "Finance binds most builders: lenders and equity give no more",
    "appetite": "Appetite binds most builders: they will not grow faster",
}


def _binding_of(world: OneWorld, k: int) -> str:
    """What holds the builders back, weighted by their fleets."""
    shares = {member: float(world.path("binding_share", member)[k]) for member in BINDING_WORDS}
    most = max(shares, key=lambda member: shares[member])
    return f"{BINDING_WORDS[most]} ({100.0 * shares[most]:.0f}\u00a0% of orders)."


MILESTONES = {
    "contracted": "is contracted",
    "building": "is financed; building begins",
    "energised": "gets its first power",
}


def _sites_of(world: OneWorld, k: int) -> list[str]:
    """What the named sites reach in a quarter."""
    return [
        f"{phase.name} ({phase.facility_gw:.1f} GW, {title(phase.operator)}) {words}."
        for phase in world.phases
        for state, words in MILESTONES.items()
        if k <= phase.reached.get(state, -1.0) < k + 1
    ]


def picks(dataset: xr.Dataset) -> list[dict[str, Any]]:
    """The worlds of a run that `gigawatt explain` knows by what happens in them, the typical one first."""
    return [
        {"name": name, "label": criterion.sentence.removeprefix("the world "), "world": choose_world(dataset, name)}
        for name, criterion in CRITERIA.items()
    ]


__all__ = ["lines_of", "picks", "world_cards"]
