"""The server: routes, a strict content policy, and errors as one line that the page shows."""

from __future__ import annotations

import asyncio
import gc
import gzip
import socket
import threading
import webbrowser
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from runs.simulate import RunFailed
from viz.page import api
from viz.page.bundle import drawing_kit
from viz.page.deals import deals_asked, deals_document
from viz.page.engine import BusyError, Engine
from viz.page.export import standalone
from viz.page.state import RefusedError, Shelf, State, world_number

ASSETS = Path(__file__).parent / "assets"
POLICY = "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
HOSTS = ["127.0.0.1", "localhost", "[::1]"]
JSON = "application/json; charset=utf-8"


class Guard:
    """Adds the content policy to every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and its answer back with the headers."""

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Content-Security-Policy"] = POLICY
                headers["X-Content-Type-Options"] = "nosniff"
                headers["Referrer-Policy"] = "no-referrer"
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self.app(scope, receive, guarded)


Work = Callable[[Engine, State], bytes]


class Kit:
    """What the page draws with, made in a thread when it is first asked for."""

    def __init__(self) -> None:
        self._made: asyncio.Future[tuple[bytes, bytes]] | None = None

    async def get(self) -> tuple[bytes, bytes]:
        """Vega's script and the compiled charts, both compressed."""
        if self._made is None:
            self._made = asyncio.ensure_future(asyncio.to_thread(drawing_kit))
        return await asyncio.shield(self._made)

    async def charts(self, request: Request) -> Response:
        """The compiled charts."""
        return _packed(request, (await self.get())[1], JSON)

    async def vega(self, request: Request) -> Response:
        """Vega's script."""
        return _packed(request, (await self.get())[0], "text/javascript; charset=utf-8")


class Pages:
    """The handlers of one server: an engine, and the scenarios it offers."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf
        self.engine = Engine(shelf)
        self.kit = Kit()

    async def document(self, request: Request, kind: str, work: Work, media: str = JSON) -> Response:
        """Answer a request whose answer is a function of its state; leave with who asked."""
        try:
            state = self.shelf.state(request.query_params.multi_items())
            reply = await self._unless_gone(
                request, self.engine.answer((kind, state), lambda: work(self.engine, state))
            )
        except RefusedError as error:
            return refusal(400, str(error))
        except BusyError as error:
            return refusal(503, str(error))
        except ValueError as error:
            return refusal(400, str(error))
        except RunFailed as error:
            return refusal(500, str(error))
        if reply is None:
            return Response(status_code=499)
        timing = f"engine;dur={1000 * reply.engine_seconds:.1f}, rest;dur={1000 * reply.other_seconds:.1f}"
        return Response(reply.body, media_type=media, headers={"Server-Timing": timing})

    async def _unless_gone(self, request: Request, answer: Awaitable[Any]) -> Any:
        """The answer, or None as soon as the one who asked has gone."""
        asked = asyncio.ensure_future(answer)
        gone = asyncio.ensure_future(_disconnected(request))
        await asyncio.wait({asked, gone}, return_when=asyncio.FIRST_COMPLETED)
        gone.cancel()
        if asked.done():
            return asked.result()
        asked.cancel()
        return None

    # ------------------------------------------------------------------ the routes

    async def view(self, request: Request) -> Response:
        """What the page shows of an ensemble."""
        return await self.document(request, "view", lambda e, s: api.encoded(api.view_document(e, s)))

    async def world(self, request: Request) -> Response:
        """What it shows of one world."""
        try:
            number = world_number(request.query_params.multi_items())
        except RefusedError as error:
            return refusal(400, str(error))
        work: Work = lambda e, s: api.encoded(api.world_document(e, s, number))  # noqa: E731
        return await self.document(request, f"world {number}", work)

    async def deals(self, request: Request) -> Response:
        """The negotiations of one world in words."""
        try:
            number = world_number(request.query_params.multi_items())
            quarter, firm = deals_asked(request.query_params.multi_items(), self.shelf)
        except RefusedError as error:
            return refusal(400, str(error))
        work: Work = lambda e, s: api.encoded(deals_document(e, s, number, quarter, firm))  # noqa: E731
        return await self.document(request, f"deals {number} {quarter} {firm}", work)

    async def sliders(self, request: Request) -> Response:
        """The parameters by influence."""
        return await self.document(request, "sliders", lambda e, s: api.encoded(api.sliders_document(e, s)))

    async def claims(self, request: Request) -> Response:
        """The claims of the articles."""
        return await self.document(request, "claims", lambda e, s: api.encoded(api.claims_document(e, s)))

    async def quantiles(self, request: Request) -> Response:
        """Every metric as quantiles, JSON."""
        return await self.document(request, "quantiles", lambda e, s: api.encoded(api.quantiles_document(e, s)))

    async def table(self, request: Request) -> Response:
        """Every metric as quantiles, CSV."""
        answer = await self.document(
            request, "table", lambda e, s: api.quantiles_table(e, s).encode(), "text/csv; charset=utf-8"
        )
        if answer.status_code == 200:
            answer.headers["Content-Disposition"] = 'attachment; filename="gigawatt.csv"'
        return answer

    async def export(self, request: Request) -> Response:
        """The page with the state on show baked in, as one file."""
        kit = await self.kit.get()
        work: Work = lambda e, s: standalone(e, [s], kit)  # noqa: E731
        answer = await self.document(request, "export", work, "text/html; charset=utf-8")
        if answer.status_code == 200:
            answer.headers["Content-Disposition"] = 'attachment; filename="gigawatt.html"'
        return answer

    async def page(self, _: Request) -> Response:
        """What the page needs once."""
        return Response(api.encoded(api.page_document(self.shelf)), media_type=JSON)


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _packed(request: Request, packed: bytes, media: str) -> Response:
    """An answer that is kept compressed."""
    headers = {"Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
    if "gzip" not in request.headers.get("accept-encoding", ""):
        return Response(gzip.decompress(packed), media_type=media, headers=headers)
    return Response(packed, media_type=media, headers=headers | {"Content-Encoding": "gzip"})


def refusal(status: int, words: str) -> Response:
    """One line that says why."""
    return Response(api.encoded({"error": words}), status_code=status, media_type=JSON)


def _asset(name: str, media: str) -> Callable[[Request], Awaitable[Response]]:
    async def answer(_: Request) -> Response:
        return Response((ASSETS / name).read_bytes(), media_type=media)

    return answer


def application(shelf: Shelf) -> Starlette:
    """The server's application; the first run is begun as it starts, before anybody asks."""
    pages = Pages(shelf)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        kit = asyncio.ensure_future(pages.kit.get())
        first = shelf.state([])
        view = pages.engine.answer(("view", first), lambda: api.encoded(api.view_document(pages.engine, first)))
        sliders = pages.engine.answer(
            ("sliders", first), lambda: api.encoded(api.sliders_document(pages.engine, first))
        )
        waiting = asyncio.gather(view, sliders, return_exceptions=True)
        yield
        for task in (kit, waiting):
            task.cancel()
        await asyncio.gather(kit, waiting, return_exceptions=True)
        pages.engine.close()

    routes = [
        *page_routes(pages.kit),
        Route("/api/page", pages.page),
        Route("/api/view", pages.view),
        Route("/api/world", pages.world),
        Route("/api/deals", pages.deals),
        Route("/api/sliders", pages.sliders),
        Route("/api/claims", pages.claims),
        Route("/api/quantiles", pages.quantiles),
        Route("/api/quantiles.csv", pages.table),
        Route("/export.html", pages.export),
    ]
    app = application_of(routes, lifespan)
    app.state.pages = pages
    return app


def page_routes(kit: Kit) -> list[Route]:
    """The page's own files."""
    return [
        Route("/", _asset("index.html", "text/html; charset=utf-8")),
        Route("/page.js", _asset("page.js", "text/javascript; charset=utf-8")),
        Route("/page.css", _asset("page.css", "text/css; charset=utf-8")),
        Route("/vega.js", kit.vega),
        Route("/api/charts", kit.charts),
    ]


def application_of(routes: list[Route], lifespan: Any) -> Starlette:
    """An application behind the guards: this machine's own names only, the content policy, compression."""
    middleware = [
        Middleware(TrustedHostMiddleware, allowed_hosts=HOSTS),
        Middleware(Guard),
        Middleware(GZipMiddleware, minimum_size=1000, compresslevel=4),
    ]
    return Starlette(routes=routes, middleware=middleware, lifespan=lifespan)


def bound_socket(port: int) -> socket.socket:
    """A socket on this machine's own address; port 0 takes a free one. Raises: OSError if the port is taken."""
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind(("127.0.0.1", port))
    except OSError:
        found.close()
        raise
    return found


def serve(app: Starlette, port: int, browser: bool, told: Callable[[str], None]) -> None:
    """Serve until Ctrl-C; opens the browser once the server listens."""
    listening = bound_socket(port)
    listening.listen(2048)  # whoever comes as soon as the address is told waits for the server's start
    address = f"http://127.0.0.1:{listening.getsockname()[1]}/"
    gc.freeze()  # what is loaded stays: collecting after each run then takes a millisecond
    config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=1)
    told(address)
    if browser:
        threading.Timer(0.5, webbrowser.open, [address]).start()
    try:
        uvicorn.Server(config).run(sockets=[listening])
    finally:
        gc.unfreeze()  # libraries written in C++ complain at the end of what was not collected
