"""The FastAPI application: our routes, the public contract, and errors that fit it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from thresign.errors import UnknownRequest, WrongMethod
from thresign.rest import openapi, routes
from thresign.rest.interface import Domain

SIGN_PATH = re.compile(r"/v1/keys/[^/]+/sign")


class App(FastAPI):
    """The application. POST .../sign is asked for most, and goes to its route past everything that it does not need."""

    def __init__(self, post: routes.Post, **settings: Any) -> None:
        super().__init__(**settings)
        self._post = post

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["method"] == "POST" and SIGN_PATH.fullmatch(scope["path"]):
            await self._post(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def make_app(domain: Domain) -> FastAPI:
    """The application for one node."""
    post = routes.Post(domain)
    app = App(
        post,
        title="thresign",
        version="1",
        openapi_url="/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    table: list[Any] = [Route(path, _endpoint(post), methods=["POST"]) for path in reversed(routes.POSTS)]
    for path, handler, needs_caller in routes.GETS:
        table.append(Route(path, _endpoint(routes.Get(domain, handler, needs_caller)), methods=["GET"]))
    # Ahead of the app's own: /sign is asked for most.
    app.router.routes[:0] = table
    app.openapi = openapi.document  # type: ignore[method-assign]
    app.add_exception_handler(404, _not_found)
    app.add_exception_handler(405, _not_allowed)
    return app


def _endpoint(application: Any) -> Any:
    """Starlette takes an instance with __call__ for a function; a class with __call__ is a plain ASGI application."""

    class Endpoint:
        def __init__(self, scope: routes.Scope, receive: routes.Receive, send: routes.Send) -> None:
            self._awaitable = application(scope, receive, send)

        def __await__(self) -> Any:
            return self._awaitable.__await__()

    return Endpoint


def _response(answer: routes.Answer, headers: Mapping[str, str] | None) -> Response:
    return Response(answer.body, answer.status, headers, media_type=answer.content_type.decode())


async def _not_found(request: Request, error: Exception) -> Response:
    return _response(routes.failed(UnknownRequest(f"nothing is at {request.scope['path']}")), _headers(error))


async def _not_allowed(request: Request, error: Exception) -> Response:
    answer = routes.failed(WrongMethod(f"{request.method} is not for {request.scope['path']}"))
    return _response(answer, _headers(error))


def _headers(error: Exception) -> Mapping[str, str] | None:
    """What the router says beside the status: with 405 the methods that are allowed (RFC 9110 section 15.5.6)."""
    return error.headers if isinstance(error, HTTPException) else None
