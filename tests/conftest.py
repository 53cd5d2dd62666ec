"""Where the public data sets lie, and a home with investigated cases."""

import asyncio
import gc
import os
import signal
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import settings
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from agent.cases import CaseStore
from agent.cases.queries import CaseQuery
from agent.models import Case
from evals.pipeline import lab_pipeline
from tests.labs import home_at, lab_at, name_run, remove_labs

ROOT = Path(__file__).resolve().parents[1]

STORIES = (
    ("admin_share", "attack"),
    ("admin_share", "benign_twin"),
    ("admin_share", "attack_beside_authorised"),
    ("mass_download", "sensor_blind"),
    ("dns_exfiltration", "benign_twin"),
    ("password_spray", "attack"),
    ("ransomware_precursor", "attack_killed_sensor"),
)
"""One of each way a case ends: proven, authorised, false, open for want of a sensor."""


def pytest_configure() -> None:
    """A shell's background job ignores Ctrl-C, and so would every command that a test starts and then interrupts."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    name_run()
    if os.environ.get("CI") != "true":
        settings.register_profile("short", max_examples=25)  # a fourth of what .ci/run tries
        settings.load_profile("short")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave the longest tests to `.ci/run`: a person's run stays under five minutes."""
    if os.environ.get("CI") == "true":
        return
    for item in items:
        if item.get_closest_marker("thorough"):
            item.add_marker(pytest.mark.skip(reason="takes long: run by .ci/run, or by CI=true make test"))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Who started the workers, or was alone, takes the labs of the run away."""
    if not hasattr(session.config, "workerinput"):
        remove_labs()


def pytest_collection_finish() -> None:
    """Everything imported stays: the garbage collector need not go through it again and again, nor as often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


@pytest.fixture(scope="session")
def investigated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose `demo` has a lab and its cases, investigated by the real analyst. To read only: copy it."""
    return home_at(
        tmp_path_factory.mktemp("investigated"), "investigated", lambda root: asyncio.run(_investigate(root))
    )


async def _investigate(root: Path) -> None:
    home = root / "demo"
    lab_at(home / "lab.db", 5, STORIES)
    async with lab_pipeline(home, home / "lab.db") as pipeline:
        for raw in await pipeline.new_alerts():
            await pipeline.handle(raw)


@pytest.fixture(scope="session")
def lab_cases(investigated: Path) -> tuple[Case, ...]:
    """Every case of that home, as the store gives it."""
    store = CaseStore(f"sqlite:///{investigated}/demo/cases.db")
    rows = store.list_cases(CaseQuery(now=datetime.now(UTC)))
    found = tuple(store.get(row.id) for row in rows)
    store.dispose()
    return found


@pytest.fixture(scope="session")
def exporter() -> InMemorySpanExporter:
    """Where the spans of this process go: a provider can be set once. Clear it before use."""
    provider = TracerProvider()
    trace.set_tracer_provider(provider)
    exporter = InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return exporter


@pytest.fixture(scope="session")
def public_data() -> Path:
    """Folder of the public data sets: `MCPSOC_EVAL_DATA`, or `shared/data` beside the checkout."""
    named = os.environ.get("MCPSOC_EVAL_DATA")
    folder = Path(named) if named else ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        if named:
            pytest.fail(f"MCPSOC_EVAL_DATA names {folder}, which is no folder")
        if os.environ.get("CI") and (ROOT.parent / "shared").is_dir():
            pytest.fail("shared/ lies beside the checkout without its data")
        pytest.skip("public data sets are not here: set MCPSOC_EVAL_DATA to their folder")
    return folder
