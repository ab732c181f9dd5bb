"""One server for the tests of this room, a browser, and pages that may talk to that server only."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Route, sync_playwright

FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
WAIT = 60_000
"""Milliseconds after which a page that is not ready hangs."""


GIGAWATT = (str(Path(sys.executable).parent / "gigawatt"),)


@contextmanager
def server(*arguments: str, program: tuple[str, ...] = GIGAWATT) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """`gigawatt view` on a free port: its address and process, stopped as Ctrl-C would."""
    command = [*program, "view", *arguments, "--no-browser", "--port", "0", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline())["address"].rstrip("/"), process
        finally:
            process.send_signal(2)
            process.wait(30)


@pytest.fixture(scope="package")
def address() -> Iterator[str]:
    """The address of a server."""
    with server() as (found, _):
        yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, as `make test` installs it; not for longer than a module, since it keeps an event loop running."""
    program = os.environ.get("CHROMIUM") or shutil.which("chromium")
    assert program, "no Chromium: apt-get install chromium, or name one with CHROMIUM="
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        yield started
        started.close()


class Visit:
    """A page of one visitor; every request elsewhere is stopped and remembered, and so is every error."""

    def __init__(self, context: BrowserContext, address: str) -> None:
        self.address = address
        self.outside: list[str] = []
        self.errors: list[str] = []
        self.received = 0
        context.route("**/*", self._route)
        self.page: Page = context.new_page()
        self.page.set_default_timeout(WAIT)
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))

    def _route(self, route: Route) -> None:
        if route.request.url.startswith((self.address + "/", "data:", "blob:", "file:")):
            route.continue_()
        else:
            self.outside.append(route.request.url)
            route.abort()

    def _said(self, message: ConsoleMessage) -> None:
        refused = "400 (Bad Request)" in message.text  # the browser's own line for a refusal that a test asks for
        if message.type in ("error", "warning") and not refused:
            self.errors.append(message.text)

    def open(self, query: str = "") -> Page:
        """Open the page and wait until it is ready."""
        self.page.goto(f"{self.address}/{query}")
        self.ready()
        return self.page

    def ready(self) -> str:
        """Wait until what is asked for is on show; the query of the run, or `refused`."""
        self.page.wait_for_selector("body[data-ready]")
        return self.page.get_attribute("body", "data-ready") or ""

    def after(self, act: Callable[[], Any]) -> str:
        """Do something that asks for another run, and wait for it."""
        self.page.evaluate("() => document.body.removeAttribute('data-ready')")
        act()
        return self.ready()

    def look_at_all(self) -> None:
        """Pass every card, and wait until the one world, which is run when it is looked at, is on show."""
        for card in self.page.locator(".card:not([hidden])").all():
            card.scroll_into_view_if_needed()
        self.page.wait_for_selector("body[data-world]")

    def text(self, selector: str) -> str:
        """What an element says."""
        return self.page.inner_text(selector)

    def steps(self, slider: str) -> Callable[[float], None]:
        """A function that puts a slider at a part of its range, as a drag does, without letting it go."""

        def put(part: float) -> None:
            self.page.locator(slider).evaluate(
                """(input, part) => { input.value = Number(input.min) + part * (input.max - input.min);
                input.dispatchEvent(new Event('input', {bubbles: true})); }""",
                part,
            )

        return put

    def release(self, slider: str) -> None:
        """Let the slider go."""
        self.page.locator(slider).evaluate("input => input.dispatchEvent(new Event('change', {bubbles: true}))")


Open = Callable[..., Visit]


@pytest.fixture
def visitor(browser: Browser, address: str) -> Iterator[Open]:
    """A function that lets a visitor in: `visitor(width=390, height=844, color_scheme="dark")`."""
    visits: list[tuple[BrowserContext, Visit]] = []

    def enter(width: int = 1280, height: int = 900, at: str = address, **more: Any) -> Visit:
        context = browser.new_context(viewport={"width": width, "height": height}, **more)
        visit = Visit(context, at)
        visits.append((context, visit))
        return visit

    yield enter
    for context, _ in visits:
        context.close()
    assert [url for _, visit in visits for url in visit.outside] == []
    assert [error for _, visit in visits for error in visit.errors] == []


@pytest.fixture
def visit(visitor: Open) -> Visit:
    """One visitor at a desk."""
    return visitor()
