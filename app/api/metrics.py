"""`GET /metrics` for Prometheus: requests, database connections, jobs, and the process itself.

Names are those of OpenTelemetry's conventions; its own measuring of FastAPI would cost each request
a tenth more. No label holds what somebody sent: routes are templates.
"""

import asyncio
import hmac
from collections.abc import Iterator, Mapping
from typing import Any

import structlog
from fastapi import FastAPI, Request, Response
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from pydantic import SecretStr

from app.core.errors import NotAuthenticated
from app.core.logging import describe_exception
from app.crud.crud_job import JobCrud
from app.db.errors import DATABASE_ERRORS
from app.db.session import Database

log = structlog.get_logger()

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_COUNT_JOBS_WITHIN_SECONDS = 1.0
_UNCOUNTABLE: tuple[type[Exception], ...] = (*DATABASE_ERRORS, TimeoutError, OSError)


class Metrics(Collector):
    """What this process has measured since it started. One for each application."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._jobs: Mapping[str, int] = {}
        self._registry = CollectorRegistry()
        self._registry.register(self)
        ProcessCollector(registry=self._registry)
        self._duration = Histogram(
            "http_server_request_duration_seconds",
            "How long requests took, by route, method and class of status.",
            ("http_request_method", "http_route", "http_response_status_class"),
            registry=self._registry,
            buckets=_SECONDS,
        )

    def record(self, method: str, route: str | None, status: int, seconds: float) -> None:
        """Note a request that has been answered; `status` 0 if it was broken off before."""
        self._duration.labels(
            method if method in _METHODS else "_OTHER",
            route or "",
            f"{status // 100}xx" if status else "none",
        ).observe(seconds)

    async def text(self) -> bytes:
        """Everything in Prometheus' format; without the jobs while the database is away."""
        try:
            async with asyncio.timeout(_COUNT_JOBS_WITHIN_SECONDS):
                async with self._database.session() as session:
                    self._jobs = await JobCrud(session).count_by_status()
        except _UNCOUNTABLE as error:
            log.warning("jobs_not_counted", **describe_exception(error))
            self._jobs = {}
        return await asyncio.to_thread(generate_latest, self._registry)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        pool: Any = self._database.engine.pool
        connections = GaugeMetricFamily(
            "db_client_connection_count",
            "Database connections of this process, by state.",
            labels=["state"],
        )
        connections.add_metric(["used"], pool.checkedout())
        connections.add_metric(["idle"], pool.checkedin())
        yield connections
        yield GaugeMetricFamily(
            "db_client_connection_max",
            "Database connections that this process may hold.",
            value=pool.size(),
        )
        jobs = GaugeMetricFamily(
            "duotrak_jobs",
            "Jobs in the queue, of all processes, by status; `failed` ones are held.",
            labels=["status"],
        )
        for status, count in self._jobs.items():
            jobs.add_metric([status], count)
        yield jobs


def install_metrics(app: FastAPI, metrics: Metrics, token: SecretStr | None) -> None:
    """Serve `/metrics` to whoever presents the token, or to everybody where there is none."""
    expected = b"Bearer " + token.get_secret_value().encode() if token is not None else None

    async def get_metrics(request: Request) -> Response:
        given = request.headers.get("authorization", "").encode()
        if expected is not None and not hmac.compare_digest(given, expected):
            raise NotAuthenticated
        return Response(await metrics.text(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app.add_api_route("/metrics", get_metrics, include_in_schema=False)
