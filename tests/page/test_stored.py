"""`gigawatt view results/DIR`: a finished batch in the same page, read-only, with what its tables hold and no more."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import lru_cache
from pathlib import Path

import httpx
import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe

from gigawatt import main
from runs.batch import run_batch
from runs.batch_request import request_of
from runs.registry import REGISTRY
from runs.results import quantiles
from runs.simulate import simulate
from tests.page.conftest import Open, server
from viz.page.stored import Stored
from viz.page.versus import COMPARED

pytestmark = [pytest.mark.processes, pytest.mark.timeout(240)]
WORLDS, UNTIL, SEED = 40, "2027Q2", 3
SCENARIOS = ["baseline", "demand-winter"]


@pytest.fixture(scope="module")
def batches(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a batch of each kind, of two scenarios."""
    folder = tmp_path_factory.mktemp("batches")
    for keep in ("summary", "paths", "full"):
        asked = request_of(SCENARIOS, WORLDS, seed=SEED, block=15, until=UNTIL, keep=keep)
        run_batch(asked, folder / keep, workers=1)
    return folder


@pytest.fixture(scope="module")
def served(batches: Path) -> Iterator[Callable[[str], str]]:
    """A function that gives the address of a server of a kind of batch, one for all tests."""
    with ExitStack() as open_ones:
        yield lru_cache(lambda keep: open_ones.enter_context(server(str(batches / keep)))[0])


def test_bands_and_table_are_those_of_the_worlds(served: Callable[[str], str]) -> None:
    run = simulate("demand-winter", WORLDS, SEED, until=UNTIL, parameters_from="prior")
    found = httpx.get(f"{served('full')}/api/view?scenario=demand-winter", timeout=60).json()
    table = httpx.get(f"{served('full')}/api/quantiles.csv?scenario=demand-winter", timeout=60).text
    for card, metric, member in (("price", "h100_price_usd_h", None), ("compute_oracle", "sold_h100e_m", "oracle")):
        values = run[metric] if member is None else run[metric].sel({run[metric].dims[0]: member})
        low, middle, high = quantiles(values.to_numpy(), (0.05, 0.5, 0.95))
        band = found["cards"][card]["data"]["band"]
        for name, row in (("lo5", low), ("mid", middle), ("hi95", high)):
            np.testing.assert_allclose(band[name], row, rtol=1e-3)
    mean = run["openai_share"].sel(provider="oracle").to_numpy().mean(axis=-1)
    parts = found["cards"]["providers"]["data"]["parts"]
    mine = [k for k, name in enumerate(parts["member"]) if name == "Oracle"]
    sizes = [parts["y1"][k] - parts["y0"][k] for k in mine]
    np.testing.assert_allclose(sizes, 100.0 * mean, atol=0.05)
    burn = run["openai_burn_usd_bn"].to_numpy()
    in_2026 = quantiles(burn[[k for k, q in enumerate(found["quarters"]) if q.startswith("2026")]].sum(axis=0), (0.5,))
    rows = list(csv.DictReader(io.StringIO(table)))
    row = next(r for r in rows if r["metric"] == "openai_burn_usd_bn" and r["time"] == "2026")
    assert float(row["0.5"]) == pytest.approx(float(in_2026[0]), rel=1e-5) and row["worlds"] == str(WORLDS)
    line = next(line for line in found["table"]["lines"] if line["name"].startswith("OpenAI's burn"))
    assert line["cells"][found["table"]["times"].index("2026")][0] == f"${float(in_2026[0]):,.0f}bn"


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("api/view?scenario=no", 400, "there is no scenario 'no' in this batch; there are baseline, demand-winter"),
        ("api/view?worlds=7", 400, "worlds: a batch is shown as it was run"),
        ("api/world?world=7", 404, "/api/world: not of a finished batch"),
        ("api/view?with=no", 400, "with: there is no scenario 'no' in this batch"),
        ("api/claims", 404, "/api/claims: not of a finished batch"),
    ],
)
def test_what_a_batch_cannot_answer_is_refused(
    served: Callable[[str], str], path: str, status: int, words: str
) -> None:
    reply = httpx.get(f"{served('summary')}/{path}", timeout=60)
    assert "default-src 'self'" in reply.headers["content-security-policy"]
    assert reply.status_code == status and words in reply.json()["error"]


@pytest.mark.parametrize("keep", ["summary", "full"])
def test_two_scenarios_differ_world_by_world_as_runs_do(batches: Path, keep: str) -> None:
    stored = Stored(batches / keep)
    asked = stored.asked([("scenario", "demand-winter"), ("with", "baseline")])
    a, b = (simulate(name, WORLDS, SEED, until=UNTIL, parameters_from="prior") for name in SCENARIOS)
    for row in stored.quantiles_document(asked)["differences"]:
        runs = [r[row["metric"]] if row["member"] is None else r[row["metric"]].sel(user=row["member"]) for r in (a, b)]
        flow = REGISTRY[row["metric"]].flow
        at = [k for k, q in enumerate(a["quarter"].to_numpy()) if str(q).startswith(row["quarter"])]
        if not at:
            assert row["worlds"] == 0  # a year that the table has for other scenarios
            continue
        x, y = (r.to_numpy()[at].sum(axis=0) if flow else r.to_numpy()[-1] for r in runs)
        change, grain = y - x, 1e-5 * float(np.abs([x, y]).max()) + 1e-6  # the table holds fewer digits
        assert row["worlds"] == WORLDS
        error = 1.96 * change.std(ddof=1) / np.sqrt(WORLDS)
        assert row["mean"] == pytest.approx(change.mean(), rel=1e-4, abs=grain)
        assert row["median"] == pytest.approx(np.median(change), rel=1e-4, abs=grain)
        assert (change > grain).mean() <= row["share_positive"] <= (change > -grain).mean()
        assert row["high"] - row["low"] == pytest.approx(2.0 * error, rel=1e-3, abs=grain)
    view = stored.view_document(asked)
    assert len(view["cards"]["difference"]["data"]["differences"]["name"]) == len(COMPARED)
    itself = stored.view_document(stored.asked([("with", "baseline")]))["cards"]["difference"]["data"]["differences"]
    assert set(itself["mean"] + itself["low"] + itself["high"]) == {0.0}
    if keep == "full":
        there = stored.view_document(stored.asked([]))["cards"]
        for name in ("price", "compute_openai"):
            assert view["cards"][name]["data"]["band"]["other"] == there[name]["data"]["band"]["mid"]
    rows = list(csv.DictReader(io.StringIO(stored.quantiles_table(asked))))
    assert {row["scenario"] for row in rows} == set(SCENARIOS)


@pytest.mark.browser
def test_comparison_and_export_of_a_batch(
    visitor: Open, batches: Path, served: Callable[[str], str], tmp_path: Path
) -> None:
    address = served("full")
    visit = visitor(at=address)
    page = visit.open("?scenario=demand-winter")
    assert page.locator("[data-section=difference]").is_hidden()
    visit.after(lambda: page.select_option("#versus", "baseline"))
    assert "with=baseline" in page.url and visit.text("#versus-line").startswith("Dashed: Baseline")
    page.locator("[data-card=difference] svg .role-mark path").first.wait_for(state="attached")
    sentence = visit.text("#sentence")
    (tmp_path / "one.html").write_bytes(httpx.get(f"{address}/{page.get_attribute('#export', 'href')}").content)
    assert main(["view", str(batches / "full"), "--export", str(tmp_path / "all.html")]) == 0
    alone = visitor(at=f"file://{tmp_path}")
    page = alone.open("one.html")
    assert alone.text("#sentence") == sentence and alone.text("#versus-line").startswith("Dashed: Baseline")
    assert page.locator("[data-card=difference] svg .role-mark path").count() > 0
    page = alone.open("all.html")
    assert page.locator("#tabs button").all_inner_texts() == ["baseline", "demand winter"]
    alone.after(lambda: page.click("#tabs button[data-name=demand-winter]"))
    assert alone.text("#sentence") == sentence and page.locator("#versus-label").is_hidden()


def refused(folder: Path, capsys: pytest.CaptureFixture[str], *more: str) -> str:
    """The one line with which the command refuses a directory."""
    assert main(["view", str(folder), "--no-browser", *more]) == 2
    said = capsys.readouterr()
    assert said.err.count("\n") == 1 and not said.out
    return said.err


def test_a_damaged_batch_is_refused_in_one_line(
    batches: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "b"
    shutil.copytree(batches / "paths", folder)
    file = folder / "paths" / "0000002.parquet"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    assert "block 2: paths/0000002.parquet is damaged" in refused(folder, capsys)
    file.unlink()
    assert "block 2: paths/0000002.parquet is missing" in refused(folder, capsys)
    (folder / "manifest.json").write_text((folder / "manifest.json").read_text().replace('"seed": 3', '"seed": 4'))
    assert "was edited" in refused(folder, capsys)


def test_what_is_no_batch_or_has_nothing_yet_is_refused(
    batches: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "is empty: it is not the directory of a batch" in refused(tmp_path, capsys)
    folder = tmp_path / "b"
    shutil.copytree(batches / "summary", folder)
    for record in (folder / "done").iterdir():
        record.unlink()
    assert "no block is whole yet; gigawatt batch --resume" in refused(folder, capsys)
    assert "is a folder; wanted" in refused(batches / "paths", capsys, "--export", str(tmp_path))


@pytest.mark.browser
def test_an_unfinished_batch_says_so_on_the_page_and_grows(visitor: Open, batches: Path, tmp_path: Path) -> None:
    folder = tmp_path / "b"
    shutil.copytree(batches / "paths", folder)
    last = sorted((folder / "done").iterdir())[-2:]
    kept = {path: path.read_bytes() for path in last}
    for path in last:
        path.unlink()
    with server(str(folder)) as (address, _):
        visit = visitor(at=address)
        visit.open()
        assert "Unfinished: 60 of 80 runs are there" in visit.text("#stored-words")
        assert "30 stored runs" in visit.text("#sentence")
        for path, content in kept.items():
            path.write_bytes(content)
        visit.page.reload()
        visit.ready()
        assert "Unfinished" not in visit.text("#stored-words") and "40 stored runs" in visit.text("#sentence")


@pytest.mark.browser
@pytest.mark.parametrize("keep", ["summary", "paths", "full"])
def test_a_batch_shows_what_it_keeps_and_no_more(visitor: Open, served: Callable[[str], str], keep: str) -> None:
    address = served(keep)
    visit = visitor(at=address)
    page = visit.open()
    assert page.locator("#tabs button").all_inner_texts() == ["baseline", "demand winter"]
    for name in ("#sliders", "#worlds", "#question", "#show-claims", "#drawer"):
        assert page.locator(name).is_hidden(), name
    assert page.locator("[data-section=world]").count() == 0
    shown = page.evaluate("() => [...document.querySelectorAll('.card:not([hidden])')].map(c => c.dataset.card)")
    assert ("price" in shown, "compute_openai" in shown) == (keep != "summary", keep == "full")
    assert "payers" not in shown
    for name in shown:
        card = page.locator(f"[data-card={name}]")
        card.scroll_into_view_if_needed()
        card.locator("svg .role-mark path").first.wait_for(state="attached")
    assert page.locator("footer").is_hidden() == (keep == "summary")
    assert page.locator("#stored-table tbody tr").count() == 12
    first, price = visit.text("#sentence"), visit.text("#tiles div:first-child dd")
    visit.after(lambda: page.click("#tabs button[data-name=demand-winter]"))
    assert visit.text("#sentence") != first and "scenario=demand-winter" in page.url
    visit.after(page.go_back)
    assert visit.text("#sentence") == first and visit.text("#tiles div:first-child dd") == price
    if keep != "summary":
        page.locator("#scrubber").evaluate("s => { s.value = 0; s.dispatchEvent(new Event('input')); }")
        assert visit.text("#quarter") == "2026Q1"
    assert not json.dumps(visit.text("main")).count("undefined")


@pytest.mark.browser
@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("light", 390), ("dark", 390)])
@pytest.mark.parametrize("keep", ["summary", "full"])
def test_axe_finds_nothing_in_a_batch(
    visitor: Open, served: Callable[[str], str], scheme: str, width: int, keep: str
) -> None:
    address = served(keep)
    visit = visitor(at=address, width=width, height=844, color_scheme=scheme)
    page = visit.open()
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("() => document.documentElement.scrollWidth - window.innerWidth") <= 0
