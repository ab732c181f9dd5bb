"""The page in a real browser: what a reader does, and what must then be on show. Nothing may be asked of elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest

from tests.page.conftest import Open, Visit

pytestmark = [pytest.mark.browser, pytest.mark.processes, pytest.mark.timeout(240)]
SLIDER = "#sliders .slider:first-child input"
FEW = "worlds=60"


def shown(visit: Visit) -> dict[str, str]:
    """What the page says, and what its charts draw."""
    drawn = visit.page.evaluate(
        """() => [...document.querySelectorAll('[data-section=compute] .plot svg, [data-card=price] .plot svg')]
        .map(svg => [...svg.querySelectorAll('path')].map(p => p.getAttribute('d')).join('|')).join('#')"""
    )
    texts = {name: visit.text(name) for name in ("#sentence", "#tiles", "#quarter", "#run-line", "#settings-line")}
    return texts | {"charts": drawn}


def test_the_first_page_answers(visit: Visit, address: str) -> None:
    page = visit.open()
    answer = httpx.get(f"{address}/api/view", timeout=60).json()
    assert visit.text("#sentence") == answer["sentence"]
    assert "H100-hour goes from $" in answer["sentence"] and "paid by Oracle's cash flow" in answer["sentence"]
    assert [visit.text(f"#tiles div:nth-child({k})").splitlines()[1] for k in (1, 2, 3, 4)] == [
        tile["value"] for tile in answer["tiles"]
    ]
    assert page.locator("[data-section=compute] .plot svg").count() == 5
    page.wait_for_selector("#sliders .slider:nth-child(8)")
    assert page.locator("#sliders .slider").count() == 8
    assert page.locator("#tabs button").count() == len(httpx.get(f"{address}/api/page", timeout=60).json()["scenarios"])


def test_every_card_draws_something(visit: Visit) -> None:
    page = visit.open(f"?{FEW}&with=demand-winter")
    visit.look_at_all()
    for name in page.evaluate("() => [...document.querySelectorAll('.card:not([hidden])')].map(c => c.dataset.card)"):
        card = page.locator(f"[data-card={name}]")
        card.scroll_into_view_if_needed()
        if name == "events":
            assert card.locator("li").count() > 3
            continue
        card.locator("svg path, svg rect").first.wait_for(state="attached")
        marks = card.locator(".plot").evaluate("plot => plot.querySelectorAll('.role-mark path').length")
        assert marks > 2, name
        wide = card.evaluate("card => { const s = card.querySelector('svg'); return s.clientWidth / card.clientWidth }")
        assert 0.5 < wide <= 1.0, (name, wide)
        label = card.locator(".plot").get_attribute("aria-label") or ""
        assert len(label) > 30 and not re.search(r"NaN|undefined|None|null", label + card.inner_text()), name


def test_link_reload_and_back_reproduce_the_page(visit: Visit) -> None:
    page = visit.open(f"?{FEW}&set=market.band%3D0.6&quarter=2028Q2&question=2&seed=4")
    first = shown(visit)
    assert first["#quarter"] == "2028Q2"
    assert first["#settings-line"] == "with market.band = 0.6 in every world"
    page.reload()
    visit.ready()
    assert shown(visit) == first
    visit.after(lambda: page.select_option("#question", "3"))
    assert shown(visit)["#sentence"] != first["#sentence"]
    visit.after(page.go_back)
    assert shown(visit) == first
    visit.after(lambda: page.click("#tabs button[data-name=demand-winter]"))
    assert "scenario=demand-winter" in page.url
    visit.after(page.go_back)
    assert shown(visit) == first


def test_a_drag_storm_settles_on_the_last_value(visit: Visit, address: str) -> None:
    page = visit.open(f"?{FEW}")
    page.wait_for_selector(SLIDER)
    before = visit.text("#sentence")
    put = visit.steps(SLIDER)
    for k in range(60):
        put(k / 60)
    put(0.9)
    query = visit.after(lambda: visit.release(SLIDER))
    assert query.count("set=") == 1
    answer = httpx.get(f"{address}/api/view?{query}", timeout=60).json()
    assert visit.text("#sentence") == answer["sentence"] != before
    assert float(page.input_value(SLIDER)) == pytest.approx(next(iter(answer["run"]["parameters"].values())), rel=0.02)
    assert query.replace("%3D", "=") in page.url.replace("%3D", "=")


def test_two_visitors_never_see_each_other(visitor: Open) -> None:
    one, two = visitor(), visitor()
    one.open(f"?{FEW}&set=market.elasticity_short%3D0.1")
    two.open(f"?{FEW}&set=market.elasticity_short%3D0.5")
    first, second = shown(one), shown(two)
    assert first["#sentence"] != second["#sentence"]
    one.after(lambda: one.page.select_option("#question", "3"))
    assert shown(two) == second


def test_a_scenario_compared_with_itself_differs_by_nothing(visit: Visit) -> None:
    page = visit.open(f"?{FEW}")
    assert page.locator("[data-section=difference]").is_hidden()
    visit.after(lambda: page.select_option("#versus", "baseline"))
    label = page.get_attribute("[data-card=difference] .plot", "aria-label") or ""
    figures = re.findall(r"[-−+]?\$?\d[\d.]*", label.split("Mean paired differences:")[1])
    assert figures and all(float(re.sub(r"[^\d.]", "", figure)) == 0.0 for figure in figures if figure != "100")


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("worlds=99999", "worlds: wanted a whole number, 1 to 5,000"),
        ("set=market.bnad%3D1", "did you mean 'market.band'"),
        ("set=market.band%3DNaN", "market.band: wanted a number, 0.05 to 5"),
    ],
)
def test_a_refused_request_says_so_on_the_page(visit: Visit, query: str, words: str) -> None:
    visit.open(f"?{query}")
    assert words in visit.text("#notice")


def test_a_refused_number_of_worlds_leaves_the_page_usable(visit: Visit) -> None:
    page = visit.open(f"?{FEW}")

    def enter(worlds: str) -> None:
        page.fill("#worlds", worlds)
        page.press("#worlds", "Tab")

    assert visit.after(lambda: enter("999999")) == "refused"
    assert "worlds: wanted" in visit.text("#notice")
    assert "worlds=30" in visit.after(lambda: enter("30"))
    assert page.locator("#notice").is_hidden()


def test_stepping_shows_a_prefix_of_the_path(visit: Visit) -> None:
    page = visit.open(f"?{FEW}")
    last = visit.text("#quarter")
    extent = "card => card.querySelector('svg .role-mark.layer_1_marks path, svg path').ownerSVGElement.innerHTML"
    whole = page.locator("[data-card=compute_openai]").evaluate(extent)
    page.click("#first")
    assert visit.text("#quarter") == "2026Q1"
    page.click("#step")
    page.click("#step")
    assert visit.text("#quarter") == "2026Q3"
    page.wait_for_selector("body[data-world]")
    assert page.locator("[data-card=events] time").evaluate_all("all => all.every(t => t.textContent <= '2026Q3')")
    page.click("#back")
    assert visit.text("#quarter") == "2026Q2"
    page.click("#play")
    page.wait_for_function("() => document.getElementById('quarter').textContent >= '2026Q4'")
    page.click("#play")
    page.uncheck("#future")
    page.locator("#scrubber").evaluate("s => { s.value = s.max; s.dispatchEvent(new Event('input')); }")
    assert visit.text("#quarter") == last
    page.wait_for_timeout(300)
    assert page.locator("[data-card=compute_openai]").evaluate(extent) == whole


def test_a_quarter_is_told_in_words_as_the_keyboard_steps(visit: Visit, address: str) -> None:
    page = visit.open(f"?{FEW}")
    assert page.locator("#told").is_hidden()
    for button, quarter in (("#first", "2026Q1"), ("#step", "2026Q2"), ("#step", "2026Q3"), ("#back", "2026Q2")):
        page.focus(button)
        page.keyboard.press("Enter")
        assert visit.text("#quarter") == quarter
    page.wait_for_selector("body[data-world]")
    number = page.input_value("#number")
    cards = httpx.get(f"{address}/api/world?{FEW}&world={number}", timeout=60).json()["cards"]
    rows = cards["events"]["data"]["events"]
    now = [text for text, at in zip(rows["text"], rows["quarter"], strict=True) if at == "2026Q2"]
    assert visit.text("#told") == f"2026Q2, world no. {number}. " + " ".join(now)
    assert "H100 for an hour costs $" in now[0] and "most builders" in now[1]
    page.focus("#play")
    page.keyboard.press("Space")
    page.wait_for_function("() => document.getElementById('told').textContent.startsWith('2026Q3')")
    page.keyboard.press("Space")
    assert page.get_attribute("#play", "aria-pressed") == "false"
    page.uncheck("#future")
    assert page.locator("#told").is_hidden()


def test_one_world_is_run_when_it_is_looked_at(visit: Visit) -> None:
    asked: list[str] = []
    visit.page.on("request", lambda request: asked.append(request.url))
    page = visit.open(f"?{FEW}")
    assert not any("api/world" in url for url in asked)
    assert page.locator("[data-card=price] svg .role-mark path").count() > 3
    visit.look_at_all()
    assert sum("api/world" in url for url in asked) == 1


def test_a_click_on_the_tornado_sets_the_slider(visit: Visit) -> None:
    page = visit.open("?worlds=200&question=3")
    card = page.locator("[data-card=effects]")
    card.scroll_into_view_if_needed()
    bars = card.locator("svg .mark-rect.role-mark path")
    bars.first.wait_for(state="attached")
    wide = bars.evaluate_all(
        "bars => bars.findIndex(b => b.__data__.datum.parameter && b.getBoundingClientRect().width > 4)"
    )
    name = bars.nth(wide).evaluate("bar => bar.__data__.datum.parameter")
    query = visit.after(lambda: bars.nth(wide).click(force=True))
    assert f"set={name}" in query


def test_one_world_by_number_and_by_what_it_shows(visit: Visit) -> None:
    page = visit.open(f"?{FEW}")
    typical = page.input_value("#number")

    def enter() -> None:
        page.fill("#number", "7")
        page.press("#number", "Enter")

    visit.after(enter)
    assert "world=7" in page.url and page.input_value("#number") == "7"
    offered = page.locator("#pick option").evaluate_all("all => all.map(option => option.value)")
    assert len(set(offered)) == len(offered) > 5
    number = next(world for world in offered if world not in (typical, "7"))
    visit.after(lambda: page.select_option("#pick", number))
    assert page.input_value("#number") == number and f"world={number}" in page.url


def test_the_claims_stand_beside_the_run(visit: Visit, address: str) -> None:
    page = visit.open(f"?{FEW}&scenario=stargate-2025&view=claims")
    rows = httpx.get(f"{address}/api/claims?{FEW}&scenario=stargate-2025", timeout=60).json()["shown"]
    assert page.locator("#claims-table td:first-child").count() == len(rows)
    assert page.locator("#claims-table meter").count() == sum(row["bar"] is not None for row in rows)
    assert page.locator("#charts").is_hidden()


def test_every_parameter_can_be_found(visit: Visit) -> None:
    page = visit.open(f"?{FEW}")
    page.click("#drawer summary")
    page.fill("#search", "loan to value")
    found = page.locator("#all .slider")
    assert found.count() >= 1
    assert "Source:" in found.first.inner_text() and "softbank" in found.first.inner_text().lower()
    page.fill("#search", "nothing like this")
    assert visit.text("#found").startswith("0 found")


def test_the_keyboard_is_enough(visit: Visit) -> None:
    page = visit.open(f"?{FEW}")
    page.wait_for_selector(SLIDER)
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.className") == "skip"
    page.focus(SLIDER)
    query = visit.after(lambda: page.keyboard.press("ArrowRight"))
    assert "set=" in query
    page.focus("#scrubber")
    page.keyboard.press("ArrowLeft")
    assert visit.text("#quarter") == "2030Q3"
    page.focus("#question")
    assert "question=1" in visit.after(lambda: page.keyboard.press("ArrowDown"))


def test_the_exported_file_opens_without_a_server(visitor: Open, tmp_path: Path, address: str) -> None:
    file = tmp_path / "page.html"
    query = f"{FEW}&set=market.band%3D0.6"
    file.write_bytes(httpx.get(f"{address}/export.html?{query}", timeout=120).content)
    visit = visitor(at=f"file://{file.parent}")
    page = visit.open(file.name)
    sentence = httpx.get(f"{address}/api/view?{query}", timeout=60).json()["sentence"]
    assert visit.text("#sentence") == sentence
    assert page.locator("[data-section=compute] .plot svg").count() == 5
    visit.after(lambda: page.select_option("#question", "3"))
    assert visit.text("#sentence").startswith("Its burn is")
    page.click("#show-claims")
    page.locator("#claims-table td").first.wait_for()
    assert page.locator("#rail").is_hidden()
