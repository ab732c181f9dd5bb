"""The server of a finished batch: the same page, and the part of its addresses that stored results can answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from viz.page import api
from viz.page.export import page_file
from viz.page.server import JSON, Kit, application_of, page_routes, refusal
from viz.page.state import RefusedError
from viz.page.stored import Asked, Stored

CSV = "text/csv; charset=utf-8"
HTML = "text/html; charset=utf-8"
Handler = Callable[[Request], Awaitable[Response]]


def stored_application(stored: Stored) -> Starlette:
    """The server's application; the first scenario is read as it starts."""
    kit = Kit()

    def answering(
        work: Callable[[Asked], bytes], media: str = JSON, file: str = ""
    ) -> Callable[[Request], Awaitable[Response]]:
        headers = {"Content-Disposition": f'attachment; filename="{file}"'} if file else {}

        async def answer(request: Request) -> Response:
            try:
                asked = stored.asked(request.query_params.multi_items())
                return Response(await asyncio.to_thread(work, asked), media_type=media, headers=headers)
            except RefusedError as error:
                return refusal(400, str(error))
            except (ValueError, OSError) as error:  # a file went or broke since the batch was opened
                return refusal(500, str(error).splitlines()[0])

        return answer

    async def page(_: Request) -> Response:
        return Response(api.encoded(stored.page_document()), media_type=JSON)

    async def missing(request: Request) -> Response:
        return refusal(404, f"{request.url.path}: not of a finished batch; gigawatt view SCENARIO serves it")

    async def export(request: Request) -> Response:
        made = await kit.get()
        work = answering(lambda asked: page_file(stored.baked([asked]), made), HTML, "gigawatt.html")
        return await work(request)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        first = asyncio.gather(
            kit.get(), asyncio.to_thread(stored.view_document, stored.asked([])), return_exceptions=True
        )
        yield
        stored.closed.set()
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)

    routes = [
        *page_routes(kit),
        Route("/api/page", page),
        Route("/api/view", answering(lambda asked: api.encoded(stored.view_document(asked)))),
        Route("/api/quantiles", answering(lambda asked: api.encoded(stored.quantiles_document(asked)))),
        Route(
            "/api/quantiles.csv", answering(lambda asked: stored.quantiles_table(asked).encode(), CSV, "gigawatt.csv")
        ),
        Route("/export.html", export),
        Route("/{rest:path}", missing),
    ]
    return application_of(routes, lifespan)
