"""The deal sheet on the page and in the API: what `gigawatt explain` tells, of the world and the quarter on show."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe

from runs.deal_sheet import deal_sheet
from runs.explain import record_world
from tests.page.conftest import Open, Visit
from viz.deal_words import tell_talk
from world.calendar import quarter_label

pytestmark = [pytest.mark.processes, pytest.mark.timeout(240)]
QUERY = "worlds=60&seed=3&set=market.band%3D0.7&world=7"


def deals(address: str, query: str) -> httpx.Response:
    return httpx.get(f"{address}/api/deals?{query}", timeout=60)


def test_every_quarter_is_told_as_explain_tells_it(address: str) -> None:
    found = deals(address, QUERY).json()
    market = record_world("baseline", 7, 3, parameters={"market.band": 0.7})
    assert market.recorder is not None
    assert list(found["quarters"]) == [quarter_label(page) for page in sorted(market.recorder.pages)]
    for page in market.recorder.pages:
        told = [tell_talk(talk) for talk in deal_sheet(market, page).talks]
        shown = [(talk["heading"], talk["sentences"]) for talk in found["quarters"][quarter_label(page)]]
        assert shown == [pair for pair in told if pair[0]] and len(shown) > 5
    parties = {name for talks in found["quarters"].values() for talk in talks for name in talk["parties"]}
    assert {row["name"] for row in found["firms"]} == parties


def test_a_quarter_and_a_firm_narrow_it(address: str) -> None:
    whole = deals(address, QUERY).json()["quarters"]
    one = deals(address, f"{QUERY}&quarter=2027Q2").json()["quarters"]
    assert one == {"2027Q2": whole["2027Q2"]}
    mine = deals(address, f"{QUERY}&quarter=2027Q2&firm=Oracle").json()["quarters"]["2027Q2"]
    assert mine == [talk for talk in whole["2027Q2"] if "oracle" in talk["parties"]]
    assert 0 < len(mine) < len(whole["2027Q2"])


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("quarter=2042Q1", "quarter: 2042Q1 is outside the run; wanted one from 2026Q1 to 2030Q4"),
        ("quarter=soon", "quarter: 'soon' is not a quarter like 2026Q2"),
        ("firm=acme", "firm: nobody is called 'acme'; wanted one of openai"),
        ("world=-1", "world: wanted a whole number"),
    ],
)
def test_a_mistake_is_one_line(address: str, query: str, words: str) -> None:
    reply = deals(address, query)
    assert reply.status_code == 400
    assert words in reply.json()["error"] and "\n" not in reply.json()["error"]


def near(visit: Visit, quarter: str) -> None:
    """Come to the card, and wait until the quarter is told."""
    visit.page.locator("[data-card=events]").scroll_into_view_if_needed()
    visit.page.wait_for_selector(f"[data-told='{quarter}']")


def headings(visit: Visit) -> list[str]:
    return visit.page.locator(".talks summary").all_inner_texts()


@pytest.mark.browser
def test_the_sheet_follows_world_and_scrubber(visit: Visit, address: str) -> None:
    page = visit.open(f"?{QUERY}&quarter=2027Q2")
    told = deals(address, QUERY).json()["quarters"]
    near(visit, "2027Q2")
    assert headings(visit) == [talk["heading"] for talk in told["2027Q2"]]
    assert page.locator(".talks details[open]").count() == 0
    talk = page.locator(".talks details", has_text="Capacity for OpenAI")
    talk.locator("summary").focus()
    page.keyboard.press("Enter")
    sentences = next(t["sentences"] for t in told["2027Q2"] if t["heading"].startswith("Capacity for OpenAI"))
    assert talk.locator("li").all_inner_texts() == sentences and talk.locator("li").first.is_visible()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.click("#step")
    near(visit, "2027Q3")
    assert headings(visit) == [talk["heading"] for talk in told["2027Q3"]] and asked == []
    assert page.locator(".talks details[open] summary").inner_text().startswith("Capacity for OpenAI")

    def enter() -> None:
        page.fill("#number", "8")
        page.press("#number", "Enter")

    visit.after(enter)
    near(visit, "2027Q3")
    other = deals(address, QUERY.replace("world=7", "world=8")).json()["quarters"]["2027Q3"]
    assert headings(visit) == [talk["heading"] for talk in other] != [talk["heading"] for talk in told["2027Q3"]]


@pytest.mark.browser
def test_one_firm_only_and_its_link(visit: Visit, address: str) -> None:
    page = visit.open(f"?{QUERY}&quarter=2027Q2")
    near(visit, "2027Q2")
    whole = len(headings(visit))
    page.select_option("#firm", label="Oracle")
    mine = [t["heading"] for t in deals(address, f"{QUERY}&quarter=2027Q2&firm=oracle").json()["quarters"]["2027Q2"]]
    assert headings(visit) == mine and visit.text(".sheet [role=status]") == f"{len(mine)} of {whole}"
    assert "firm=oracle" in page.url
    page.reload()
    visit.ready()
    near(visit, "2027Q2")
    assert headings(visit) == mine and page.input_value("#firm") == "oracle"


@pytest.mark.browser
@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_axe_finds_nothing_in_the_sheet(visitor: Open, scheme: str, width: int) -> None:
    visit = visitor(width=width, height=844, color_scheme=scheme)
    page = visit.open(f"?{QUERY}&quarter=2027Q2")
    near(visit, "2027Q2")
    for talk in page.locator(".talks details").all():
        talk.locator("summary").click()
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("() => document.documentElement.scrollWidth - window.innerWidth") <= 0
    assert not re.search(r"NaN|undefined|None|null", visit.text(".talks"))


@pytest.mark.browser
def test_the_exported_file_tells_its_world(visitor: Open, tmp_path: Path, address: str) -> None:
    file = tmp_path / "page.html"
    file.write_bytes(httpx.get(f"{address}/export.html?worlds=60", timeout=120).content)
    visit = visitor(at=f"file://{file.parent}")
    page = visit.open(file.name)
    near(visit, "2030Q4")
    number = page.input_value("#number")
    told = deals(address, f"world={number}&quarter=2030Q4").json()["quarters"]["2030Q4"]
    assert headings(visit) == [talk["heading"] for talk in told]
