"""The server of a finished batch: the same page, and the part of its addresses that stored results can answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from viz.page import api
from viz.page.server import JSON, Kit, application_of, page_routes, refusal
from viz.page.state import RefusedError
from viz.page.stored import Stored

CSV = "text/csv; charset=utf-8"


def stored_application(stored: Stored) -> Starlette:
    """The server's application; the first scenario is read as it starts."""
    kit = Kit()

    def answering(work: Callable[[str], bytes], media: str = JSON) -> Callable[[Request], object]:
        async def answer(request: Request) -> Response:
            try:
                scenario = stored.scenario(request.query_params.multi_items())
                return Response(await asyncio.to_thread(work, scenario), media_type=media)
            except RefusedError as error:
                return refusal(400, str(error))
            except (ValueError, OSError) as error:  # a file went or broke since the batch was opened
                return refusal(500, str(error).splitlines()[0])

        return answer

    async def page(_: Request) -> Response:
        return Response(api.encoded(stored.page_document()), media_type=JSON)

    async def missing(request: Request) -> Response:
        return refusal(404, f"{request.url.path}: not of a finished batch; gigawatt view SCENARIO serves it")

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        first = asyncio.gather(
            kit.get(), asyncio.to_thread(stored.view_document, stored.batch.scenarios[0]), return_exceptions=True
        )
        yield
        stored.closed.set()
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)

    routes = [
        *page_routes(kit),
        Route("/api/page", page),
        Route("/api/view", answering(lambda name: api.encoded(stored.view_document(name)))),
        Route("/api/quantiles", answering(lambda name: api.encoded(stored.quantiles_document(name)))),
        Route("/api/quantiles.csv", answering(lambda name: stored.quantiles_table(name).encode(), CSV)),
        Route("/{rest:path}", missing),
    ]
    return application_of(routes, lifespan)
