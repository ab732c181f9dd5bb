"""The page for everybody: axe-core, no overflow at any width, light and dark; and how long things take."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.page.conftest import Open, Visit

pytestmark = [pytest.mark.browser, pytest.mark.processes, pytest.mark.timeout(240)]
FEW = "worlds=60"
SLIDER = "#sliders .slider:first-child input"


@pytest.mark.parametrize("view", ["charts", "claims"])
@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("light", 390), ("dark", 390)])
def test_axe_finds_nothing(visitor: Open, scheme: str, width: int, view: str) -> None:
    visit = visitor(width=width, height=844, color_scheme=scheme)
    page = visit.open(f"?{FEW}&with=demand-winter&view={view}")
    if page.locator("#rail").get_attribute("open") is None:
        page.click("#rail > summary")
    page.click("#drawer summary")
    page.wait_for_selector("#all .slider")
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("width", [390, 768, 1280, 1920])
def test_nothing_is_wider_than_the_screen(visitor: Open, width: int) -> None:
    visit = visitor(width=width, height=900)
    page = visit.open(f"?{FEW}&with=demand-winter&question=7")
    visit.look_at_all()
    page.wait_for_timeout(300)
    assert page.evaluate("() => document.documentElement.scrollWidth - window.innerWidth") <= 0
    spilled = page.evaluate(
        """() => [...document.querySelectorAll('.card:not([hidden]) svg')].flatMap(svg => {
          const box = svg.getBoundingClientRect();
          return [...svg.querySelectorAll('text')].filter(t => t.textContent && +getComputedStyle(t).opacity > 0)
            .filter(t => { const r = t.getBoundingClientRect();
              return r.width && (r.left < box.left - 2 || r.right > box.right + 2); })
            .map(t => svg.closest('.card').dataset.card + ': ' + t.textContent);
        })"""
    )
    assert spilled == []


def test_names_beside_a_chart_do_not_overlap(visit: Visit) -> None:
    page = visit.open(f"?{FEW}")
    visit.look_at_all()
    page.wait_for_timeout(400)
    overlaps = page.evaluate(
        """() => ['generations', 'providers', 'race', 'binding', 'ribbons'].flatMap(name => {
          const boxes = [...document.querySelectorAll(`[data-card=${name}] svg .mark-text text`)]
            .filter(t => t.textContent && t.getAttribute('opacity') !== '0')
            .map(t => [t.textContent, t.getBoundingClientRect()]);
          const found = [];
          boxes.forEach(([a, r], k) => boxes.slice(k + 1).forEach(([b, s]) => {
            const high = Math.min(r.bottom, s.bottom) - Math.max(r.top, s.top);
            const wide = Math.min(r.right, s.right) - Math.max(r.left, s.left);
            if (high > 4 && wide > 2) found.push(`${name}: ${a} / ${b}`);
          }));
          return found;
        })"""
    )
    assert overlaps == []


def measured(visit: Visit, name: str) -> list[float]:
    """The durations that the page noted under a name, in milliseconds."""
    return visit.page.evaluate("name => performance.getEntriesByName(name).map(entry => entry.duration)", name)


@pytest.mark.timed
def test_how_long_it_takes(visitor: Open, tell: Callable[[str], None]) -> None:
    visitor().open()  # the server's first run is there now
    visit = visitor()
    page = visit.open()
    paint = page.evaluate("() => performance.getEntriesByName('first-contentful-paint')[0].startTime")
    page.wait_for_selector(SLIDER)
    wire = page.evaluate(
        """() => performance.getEntriesByType('resource').concat(performance.getEntriesByType('navigation'))
        .reduce((sum, entry) => sum + entry.transferSize, 0)"""
    )
    lines = [
        f"first paint {paint:.0f} ms, ready {measured(visit, 'start to ready')[0]:.0f} ms, wire {wire / 1000:.0f} kB"
    ]
    for k in range(5):
        page.locator("#scrubber").evaluate("(s, k) => { s.value = k; s.dispatchEvent(new Event('input')); }", 3 * k)
        page.wait_for_timeout(60)
    scrubs = sorted(measured(visit, "scrub"))
    lines.append(f"scrub {scrubs[len(scrubs) // 2]:.0f} ms (median of {len(scrubs)})")
    put = visit.steps(SLIDER)
    page.evaluate("() => performance.clearMeasures()")
    put(0.8)
    page.wait_for_selector("body[data-preview]")
    lines.append("dragging, 200 worlds: " + parts(visit))
    for k in range(3):
        page.evaluate("() => { performance.clearMeasures(); document.body.removeAttribute('data-preview'); }")
        put(0.7 - 0.1 * k)
        page.wait_for_selector("body[data-preview]")  # the engine is free when the slider is let go
        visit.after(lambda: visit.release(SLIDER))
        lines.append("released, 1,000 worlds: " + parts(visit))
    lines.append(f"load of the machine {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    for line in lines:
        tell(f"the page: {line}")
    assert paint < 5000 and measured(visit, "received to painted")[-1] < 10_000


def parts(visit: Visit) -> str:
    """What the last request took, the engine's part and the rest: server, wire and painting."""
    timing = visit.page.evaluate(
        """() => performance.getEntriesByType('resource').filter(e => e.name.includes('api/view')).at(-1)
        .serverTiming.map(t => t.duration)"""
    )
    engine, rest = timing[0], timing[1]
    asked, painted = (measured(visit, name)[-1] for name in ("asked to received", "received to painted"))
    return (
        f"engine {engine:.0f} ms + {asked - engine + painted:.0f} ms "
        f"(answer {rest:.0f}, queue and wire {asked - engine - rest:.0f}, painting {painted:.0f})"
    )
