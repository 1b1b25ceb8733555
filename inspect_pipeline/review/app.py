"""The application, put together: one function, nothing at import."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, FastAPI
from fastapi.responses import RedirectResponse
from fastapi.staticfiles import StaticFiles
from sqlalchemy import Engine, text

from db.engine import session
from db.evidence import EvidenceStore
from inspect_pipeline.review import api, pages
from inspect_pipeline.review.desk import Clock, Desk
from inspect_pipeline.review.gate import SignInGate
from inspect_pipeline.review.identity_provider import IdentityProvider
from inspect_pipeline.review.page import build_templates
from inspect_pipeline.review.passwords import Passwords
from inspect_pipeline.review.problems import answer_problems
from inspect_pipeline.review.shield import BodyLimit, HardHeaders, refuse_foreign
from plant_config.review import Review

STATIC = Path(__file__).parent / "static"


def create_app(
    engine: Engine,
    store: EvidenceStore,
    settings: Review,
    *,
    now: Clock,
    plant_name: str = "Plant",
    zone: str = "UTC",
    passwords: Passwords | None = None,
    provider: IdentityProvider | None = None,
) -> FastAPI:
    """The whole application over an open database; `now` gives aware UTC times.

    Every module of `review/pages` and `review/api` is part of it. The caller disposes the engine.
    """
    app = FastAPI(
        title="inspect_pipeline",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,  # served by review/api/description.py, to whoever may use the API
        dependencies=[Depends(refuse_foreign)],
    )
    local = ZoneInfo(zone)
    app.state.desk = Desk(
        engine=engine,
        store=store,
        settings=settings,
        now=now,
        plant_name=plant_name,
        zone=local,
        passwords=passwords or Passwords(),
        gate=SignInGate(),
        provider=provider,
        templates=build_templates(local),
    )
    app.add_middleware(BodyLimit)
    app.add_middleware(HardHeaders, https=settings.https)
    answer_problems(app)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    for router in _routers(pages):
        app.include_router(router, include_in_schema=False)
    for router in _routers(api):
        app.include_router(router)
    _add_doors(app, engine)
    return app


def _routers(package: ModuleType) -> Iterator[APIRouter]:
    for found in pkgutil.iter_modules(package.__path__):
        module = importlib.import_module(f"{package.__name__}.{found.name}")
        if hasattr(module, "router"):
            yield module.router


def _add_doors(app: FastAPI, engine: Engine) -> None:
    """The front door leads to the queue; the back door tells a watchdog that all is well."""

    @app.get("/", include_in_schema=False)
    def front() -> RedirectResponse:
        return RedirectResponse("/queue", status_code=303)

    @app.get("/healthz", include_in_schema=False)
    def health() -> dict[str, str]:
        with session(engine, read_only=True) as opened:
            opened.execute(text("SELECT 1"))
        return {"status": "ok"}
