"""The server without a browser: right answers, whoever else asks; refusals; the policy; one world; the export."""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import polars
import pytest

from runs.claims import claims_table
from runs.explain import CRITERIA, choose_world, record_world
from runs.one_world import one_world
from runs.questions import QUESTIONS, answers
from runs.results import quantiles
from runs.simulate import simulate
from tests.house.tree import ROOT
from tests.page.conftest import server
from viz.page.figures_money import stargate_money
from viz.page.look import Look

pytestmark = pytest.mark.processes
WORLDS = 40
PATIENCE = 240.0
"""Seconds after which an answer does not come: twenty clients wait for each other, and all of them for the machine."""


def ask(address: str, path: str, query: str = "") -> httpx.Response:
    return httpx.get(f"{address}/{path}?{query}", timeout=PATIENCE)


def view(address: str, query: str = "", worlds: int = WORLDS) -> dict[str, Any]:
    reply = ask(address, "api/view", f"worlds={worlds}&{query}")
    assert reply.status_code == 200, reply.text
    return json.loads(reply.text, parse_constant=lambda text: pytest.fail(f"{text} in JSON"))


def test_sentences_and_fans_are_those_of_the_engine(address: str) -> None:
    run = simulate("baseline", WORLDS, 3, parameters={"market.band": 0.7})
    for number, answer in enumerate(answers(run), start=1):
        found = view(address, f"seed=3&set=market.band=0.7&question={number}")
        assert found["sentence"] == answer.sentence
        assert found["question"] == QUESTIONS[number - 1]
    low, middle, high = quantiles(run["h100_price_usd_h"].to_numpy(), (0.05, 0.5, 0.95))
    band = found["cards"]["price"]["data"]["band"]
    for name, row in (("lo5", low), ("mid", middle), ("hi95", high)):
        np.testing.assert_allclose(band[name], row, rtol=1e-3)
    assert f"${middle[-1]:.2f} (" in view(address, "seed=3&set=market.band=0.7")["sentence"]
    shown = ask(address, "api/claims", f"worlds={WORLDS}&seed=3&set=market.band=0.7").json()
    assert [row["median"] for row in shown["claims"]] == [row["median"] for row in claims_table(run)]


def test_a_scenario_differs_from_itself_by_nothing(address: str) -> None:
    rows = view(address, "with=baseline")["cards"]["difference"]["data"]["differences"]
    assert len(rows["name"]) >= 8
    assert set(rows["mean"] + rows["low"] + rows["high"]) == {0.0}


def test_what_differs_between_two_scenarios_is_on_the_same_luck(address: str) -> None:
    found = view(address, "with=demand-winter", worlds=200)
    rows = found["cards"]["difference"]["data"]["differences"]
    place = rows["name"].index("Price of an H100-hour")
    assert rows["low"][place] > 0.0, "a demand winter lowers the price"
    band = found["cards"]["price"]["data"]["band"]
    winter = quantiles(simulate("demand-winter", 200)["h100_price_usd_h"].to_numpy(), (0.5,))[0]
    np.testing.assert_allclose(band["other"], winter, rtol=1e-3)


def test_twenty_clients_at_once_get_their_own_answers(address: str) -> None:
    queries = [f"seed={seed}&set=market.band={0.5 + 0.05 * (seed % 5)}" for seed in range(20)]
    with ThreadPoolExecutor(20) as pool:
        found = list(pool.map(lambda query: view(address, query, worlds=5), queries))
    for seed, document in enumerate(found):
        assert document["run"]["seed"] == seed
        assert document["run"]["parameters"] == {"market.band": 0.5 + 0.05 * (seed % 5)}
    assert len({document["sentence"] for document in found}) > 10
    alone = answers(simulate("baseline", 5, 7, parameters={"market.band": 0.6}))[1].sentence
    assert view(address, "seed=7&set=market.band=0.6&question=2", worlds=5)["sentence"] == alone


@pytest.mark.parametrize("query", ["worlds=99999", "set=market.bnad=1", "set=market.band=NaN", "scenario=x", "a=b"])
@pytest.mark.parametrize("path", ["api/view", "api/world", "api/claims", "api/quantiles", "api/quantiles.csv"])
def test_a_refused_request_says_so_in_one_line(address: str, path: str, query: str) -> None:
    reply = ask(address, path, query)
    assert reply.status_code == 400
    words = reply.json()["error"]
    assert "\n" not in words and len(words) < 300


def test_only_this_machine_is_served_and_nothing_of_others(address: str) -> None:
    assert httpx.get(address, headers={"Host": "evil.example"}).status_code == 400
    page = httpx.get(address)
    assert "default-src 'self'" in page.headers["content-security-policy"]
    assert "unsafe" not in page.headers["content-security-policy"]
    assert "://" not in page.text.replace("http://www.w3.org/2000/svg", "")
    assert httpx.get(f"{address}/../../pyproject.toml").status_code == 404


def test_the_whole_first_visit_is_small(address: str) -> None:
    sizes = {}
    for path in ("", "page.js", "page.css", "vega.js", "api/page", "api/charts", "api/view", "api/world?world=1"):
        with httpx.stream("GET", f"{address}/{path}", timeout=PATIENCE) as reply:
            sizes[path] = sum(len(part) for part in reply.iter_raw())
    print(sizes, sum(sizes.values()))
    assert sum(sizes.values()) < 450_000


def test_csv_and_json_hold_every_metric(address: str) -> None:
    document = ask(address, "api/quantiles", f"worlds={WORLDS}").json()
    text = ask(address, "api/quantiles.csv", f"worlds={WORLDS}&with=demand-winter").text
    table = polars.read_csv(io.StringIO(text))
    assert set(table["scenario"]) == {"baseline", "demand-winter"}
    assert set(table["metric"]) == {row["name"] for row in document["metrics"]}
    price = table.filter((polars.col("metric") == "h100_price_usd_h") & (polars.col("scenario") == "baseline"))
    row = next(row for row in document["metrics"] if row["name"] == "h100_price_usd_h")
    assert price["0.5"].to_list() == row["quantiles"]["0.5"]


def test_one_world_is_a_column_of_the_ensemble() -> None:
    run = simulate("baseline", 6, 2)
    world = one_world(record_world("baseline", 4, 2))
    for name in ("h100_price_usd_h", "openai_cash_usd_bn", "stargate_share"):
        np.testing.assert_array_equal(world.path(name), run[name].sel(world=4).to_numpy())
    np.testing.assert_array_equal(
        world.path("leased_h100e_m", "oracle>openai"), run["leased_h100e_m"].sel(world=4, pair="oracle>openai")
    )


def test_the_worlds_to_pick_are_those_that_explain_knows(address: str) -> None:
    found = view(address, "seed=3")
    run = simulate("baseline", WORLDS, 3)
    assert {pick["name"]: pick["world"] for pick in found["picks"]} == {
        name: choose_world(run, name) for name in CRITERIA
    }
    typical = found["picks"][0]
    assert typical["name"] == "typical"
    line = found["cards"]["price"]["data"]["one"]["y"]
    np.testing.assert_allclose(line, run["h100_price_usd_h"].sel(world=typical["world"]), rtol=1e-3)
    shown = ask(address, "api/world", f"seed=3&world={typical['world']}").json()
    assert shown["cards"]["price"]["data"]["one"]["y"] == line
    told = ask(address, "api/deals", f"seed=3&world={typical['world']}").json()
    assert shown["deals"] == {"firms": told["firms"], "quarters": told["quarters"]}


def test_who_pays_for_stargate_adds_up(address: str) -> None:
    look = Look(simulate("baseline", WORLDS, 3))
    money = stargate_money(look)
    total = sum(values for _, values in money.sources.values())
    np.testing.assert_allclose(total, money.capital, atol=1e-9)
    assert float(money.capital.mean()) > 1.0
    said, all_of_it = view(address, "seed=3")["sentence"], money.capital.sum(axis=0).mean()
    assert all(f"{name} " in said for name, part in money.totals().items() if part > 0.02 * all_of_it)
    shares = [int(text) for text in re.findall(r"(\d+)\s%", said.partition("paid by")[2])]
    assert 97 <= sum(shares) <= 103


def test_one_world_shows_its_own_money_and_sites(address: str) -> None:
    world = one_world(record_world("baseline", 3))
    cards = ask(address, "api/world", "world=3").json()["cards"]
    paid = {(p.kind, p.payer, p.payee): p.usd_bn for p in world.payments[0]}
    assert abs(sum(v for (k, _, b), v in paid.items() if (k, b) == ("equity", "openai"))
               - world.path("openai_raised_usd_bn")[0]) < 0.02  # fmt: skip
    flows = cards["flows"]["data"]["flows"]
    first = [k for k, x in enumerate(flows["x"]) if x == flows["x"][0]]
    assert 5 < len(first) <= 12
    assert flows["usd_bn"][0] == max(flows["usd_bn"][k] for k in first)
    ribbons = cards["ribbons"]["data"]["ribbons"]
    at_start = [k for k, x in enumerate(ribbons["x"]) if x == ribbons["x"][0]]
    lengths = [ribbons["l1"][k] - ribbons["l0"][k] for k in at_start]
    np.testing.assert_allclose(lengths, [ribbons["r1"][k] - ribbons["r0"][k] for k in at_start], rtol=0.12)
    for phase in world.phases:
        dates = list(phase.reached.values())
        assert dates == sorted(dates)
    lines = cards["events"]["data"]["events"]
    for k, quarter in enumerate(world.quarters):
        told = [t for t, q in zip(lines["text"], lines["quarter"], strict=True) if q == quarter]
        assert f"${world.path('h100_price_usd_h')[k]:.2f}" in told[0] and "binds" in told[1].replace("bind ", "binds ")
    signed = sum(float(v[v > 0.02].size) for p, v in zip(_pairs(), world.values["signed_h100e_m"], strict=True)
                 if p.split(">")[0] != p.split(">")[1])  # fmt: skip
    assert sum("signs leases" in text for text in lines["text"]) == signed


def _pairs() -> tuple[str, ...]:
    from runs.registry import REGISTRY

    return REGISTRY["signed_h100e_m"].members


# The server as it is but for the horizon: quarters make a run dear, worlds as well make it heavy if it is not let go.
SHORT_RUNS = """
import functools, sys
import gigawatt, viz.page.engine
viz.page.engine.simulate = functools.partial(viz.page.engine.simulate, until="2026Q4")
sys.exit(gigawatt.main(sys.argv[1:]))
"""


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_memory_does_not_grow_with_the_runs(tell: Callable[[str], None]) -> None:
    with server(program=(sys.executable, "-c", SHORT_RUNS)) as (address, process):

        def resident() -> float:
            status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii").splitlines()
            return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) / 1024

        sizes = []
        for seed in range(200):
            view(address, f"seed={seed}", worlds=100)
            if seed in (19, 199):
                sizes.append(resident())
        tell(f"the server's memory: {sizes[0]:.0f} MB after 20 runs, {sizes[1]:.0f} MB after 200")
        assert sizes[1] - sizes[0] < 50.0


def test_every_address_in_the_documents_answers(address: str) -> None:
    texts = [(ROOT / "docs" / "api.md"), ROOT / "viz" / "page" / "assets" / "index.html"]
    for text in texts:
        named = re.findall(r"(?:`|<code>)(/(?:api|export)[^`<\s]*)(?:`|</code>)", text.read_text(encoding="utf-8"))
        assert len(named) >= 6
        for path in set(named):
            assert ask(address, path.lstrip("/").partition("?")[0], "worlds=9&" + path.partition("?")[2]).is_success, (
                path
            )
