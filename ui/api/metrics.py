"""What the API counts, as Prometheus reads it. Nothing in it names a case, a person or a host."""

from collections.abc import Iterator, Sequence
from time import perf_counter
from typing import Final

from fastapi import Request
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agent.conversation.models import Run
from agent.intake.inbox import Inbox
from agent.intake.inbox_rows import InboxRow
from agent.models import EvidenceStatus, World
from ui.api.casework import Bookcase

BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Seconds."""
LATEST: Final = 200
QUANTILES: Final = (0.5, 0.95, 0.99)


class Meter:
    """The counters of one application."""

    def __init__(self, cases: Bookcase, inbox: Inbox) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "mcpsoc_http_requests", "Requests answered.", ("route", "method", "status"), registry=self._registry
        )
        self._seconds = Histogram(
            "mcpsoc_http_seconds",
            "Seconds until an answer began.",
            ("route",),
            buckets=BUCKETS,
            registry=self._registry,
        )
        self._runs = Counter(
            "mcpsoc_chat_runs", "Questions by how they ended.", ("world", "status"), registry=self._registry
        )
        self._run_seconds = Histogram(
            "mcpsoc_chat_seconds", "Seconds a question took.", ("world",), buckets=BUCKETS, registry=self._registry
        )
        self._calls = Counter(
            "mcpsoc_tool_calls",
            "Tool calls of conversations by what they brought.",
            ("world", "status"),
            registry=self._registry,
        )
        self._registry.register(_State(cases, inbox))

    def called(self, world: World, status: EvidenceStatus | None) -> None:
        """Count one tool call of a conversation."""
        self._calls.labels(world, status or "unknown").inc()

    def asked(self, world: World, run: Run) -> None:
        """Count one question that has ended."""
        self._runs.labels(world, run.status).inc()
        if run.answer is not None:
            self._run_seconds.labels(world).observe(run.answer.seconds)

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count one request; `route` is the template of its path, never the path."""
        self._requests.labels(route, method, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def exposition(self) -> bytes:
        """Everything, in the text format."""
        return generate_latest(self._registry)


class _State(Collector):
    """What is read from the stores when somebody asks."""

    def __init__(self, cases: Bookcase, inbox: Inbox) -> None:
        self._cases = cases
        self._inbox = inbox

    def describe(self) -> list[Metric]:
        """Nothing is read before somebody asks."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Cases and inbox as they stand."""
        worlds = self._cases.worlds()
        yield from self._case_counts(worlds)
        yield from self._inbox_counts(worlds)

    def _case_counts(self, worlds: tuple[World, ...]) -> Iterator[Metric]:
        status = GaugeMetricFamily("mcpsoc_cases", "Cases by status.", labels=("world", "status"))
        priority = GaugeMetricFamily("mcpsoc_cases_priority", "Cases by priority.", labels=("world", "priority"))
        disposition = GaugeMetricFamily(
            "mcpsoc_cases_disposition", "Cases by what the analyst concluded.", labels=("world", "disposition")
        )
        overdue = GaugeMetricFamily("mcpsoc_cases_overdue", "Cases not acknowledged in time.", labels=("world",))
        for world in worlds:
            work = self._cases.casework(world)
            counted = work.store.metrics(work.tenant, work.now())
            for family, counts in (
                (status, counted.by_status),
                (priority, counted.by_priority),
                (disposition, counted.by_disposition),
            ):
                for name, count in counts.items():
                    family.add_metric((world, name), count)
            overdue.add_metric((world,), counted.overdue)
        yield from (status, priority, disposition, overdue)

    def _inbox_counts(self, worlds: tuple[World, ...]) -> Iterator[Metric]:
        rows = GaugeMetricFamily("mcpsoc_inbox_rows", "Accepted alerts by state.", labels=("world", "status"))
        oldest = GaugeMetricFamily(
            "mcpsoc_inbox_oldest_seconds", "Age of the oldest alert nobody dealt with.", labels=("world",)
        )
        seconds = GaugeMetricFamily(
            "mcpsoc_triage_seconds",
            f"Seconds from accepted to judged, of the latest {LATEST} alerts.",
            labels=("world", "quantile"),
        )
        for world in worlds:
            counts = self._inbox.counts(world)
            for name in ("queued", "working", "done", "failed"):
                rows.add_metric((world, name), getattr(counts, name))
            oldest.add_metric((world,), counts.oldest_waiting_s)
            _add_quantiles(seconds, world, self._inbox.listed("done", world, LATEST))
        yield from (rows, oldest, seconds)


def _add_quantiles(family: GaugeMetricFamily, world: World, rows: Sequence[InboxRow]) -> None:
    """How long the latest alerts took from being accepted to being in a case."""
    took = sorted((row.ended_at - row.received_at).total_seconds() for row in rows if row.ended_at is not None)
    for quantile in QUANTILES if took else ():
        place = min(int(quantile * len(took)), len(took) - 1)
        family.add_metric((world, str(quantile)), took[place])


class Measured:
    """ASGI middleware: counts every request by its route."""

    def __init__(self, app: ASGIApp, meter: Meter) -> None:
        self._app = app
        self._meter = meter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and count it once its answer begins."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = perf_counter()

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = getattr(scope.get("route"), "path", "other")
                self._meter.answered(route, scope["method"], message["status"], perf_counter() - started)
            await send(message)

        await self._app(scope, receive, counted)


def meter_of(request: Request) -> Meter:
    """The application's meter."""
    meter = request.app.state.meter
    if not isinstance(meter, Meter):
        raise TypeError("the application was not built by `build_api`")
    return meter
