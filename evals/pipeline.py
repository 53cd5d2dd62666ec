"""The whole pipeline, put together for an eval: bundled servers over a lab, host, store and analyst, in one process."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import ExitStack, asynccontextmanager, closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from agent.analyst import Analyst
from agent.brain.playbook import PlaybookBrain
from agent.brain.protocol import Brain
from agent.cases import CaseStore
from agent.evidence.ledger import Ledger
from agent.host.connections import Connection
from agent.host.host import Host
from agent.host.pins import PinStore
from agent.host.read import Budget, ReadDoor
from agent.intake import alert_class, parse
from agent.investigation.graph import investigate
from agent.investigation.state import Deps, Limits
from agent.models import Case, Evidence, JsonObject, Report, World, utc_now
from agent.playbooks.format import load_playbooks
from agent.settings import Settings as AgentSettings
from evals.errors import EvalError
from knowledge.trust.audit import AuditLog
from servers.bundle import ANALYST, bundled
from servers.kit import SecurityServer
from servers.lab.world import Lab
from servers.settings import Settings as ServerSettings

BrainFactory = Callable[[], Brain]
playbook_brain: BrainFactory = PlaybookBrain
MOST = 200
"""New alerts that are taken; a lab has fewer."""


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A running pipeline over one lab."""

    analyst: Analyst
    host: Host
    brain: Brain
    clock: Callable[[World], datetime]
    servers: Mapping[str, SecurityServer] = field(default_factory=dict)
    """The servers behind the host, for what is measured beside it."""

    def read_door(self) -> ReadDoor:
        """A read door of the lab with room for many investigations."""
        budget = Budget(calls=1_000_000, seconds=86_400.0)
        return self.host.read_door(world="lab", clock=lambda: self.clock("lab"), ledger=Ledger(), budget=budget)

    async def new_alerts(self) -> list[JsonObject]:
        """Every new alert of the siem's queue as the siem gives it, through the read door.

        Raises: EvalError when the siem cannot answer."""
        door = self.read_door()
        queue = await door.read("siem__siem_list_alerts", {"status": "new", "limit": MOST})
        if queue.truncated:
            raise EvalError(f"the queue has more than {MOST} new alerts")
        calls: list[tuple[str, JsonObject]] = [
            ("siem__siem_get_alert", {"alert_id": row["id"]}) for row in _rows(queue, "alerts")
        ]
        answers = await door.read_many(calls)
        return [_object(answer, "alert") for answer in answers]

    async def handle(self, raw: JsonObject) -> Case:
        """The case that the alert became."""
        handled = await self.analyst.handle(parse(raw, world="lab", ordinal=1))
        return handled.case


@asynccontextmanager
async def connected(
    servers: Mapping[str, SecurityServer], clock: Callable[[], datetime], settings: AgentSettings
) -> AsyncIterator[Host]:
    """A host over in-memory transports of the analyst's servers."""
    connections = [Connection(name, servers[name].transport) for name in ANALYST]
    async with Host(connections, settings=settings, pins=PinStore(), clock=clock) as host:
        yield host


@asynccontextmanager
async def lab_pipeline(
    home: Path, lab: Path, *, brain: BrainFactory = playbook_brain, grant_key: str | None = None
) -> AsyncIterator[Pipeline]:
    """The pipeline over the lab at `lab`, all its files under `home`; a `grant_key` registers the change tools."""
    settings = AgentSettings(home=home)
    servers = bundled(lab, home / "knowledge", ServerSettings(home=home, grant_key=grant_key), names=ANALYST)
    store = CaseStore(settings.cases_url)
    with closing(Lab.open(lab)) as world, ExitStack() as leaving:
        leaving.callback(store.dispose)

        def clock(of: World) -> datetime:
            return world.now() if of == "lab" else utc_now()

        async with connected(servers, world.now, settings) as host:
            chosen = brain()
            analyst = Analyst(
                host=host,
                store=store,
                brain=chosen,
                playbooks=load_playbooks(),
                audit=AuditLog(settings.audit_path),
                settings=settings,
                clock=clock,
            )
            yield Pipeline(analyst, host, chosen, clock, servers)


@asynccontextmanager
async def site_judge(
    brain: BrainFactory = playbook_brain,
) -> AsyncIterator[Callable[[JsonObject, int], Awaitable[Report]]]:
    """Judges raw alerts as a fresh installation would: world `site`, no lab, no memory of the alert before."""
    with TemporaryDirectory(prefix="mcpsoc-eval-") as folder:
        home = Path(folder)
        settings = AgentSettings(home=home)
        servers = bundled(None, home / "knowledge", ServerSettings(home=home), names=ANALYST)
        playbooks, chosen = load_playbooks(), brain()
        async with connected(servers, utc_now, settings) as host:

            async def judge(raw: JsonObject, ordinal: int) -> Report:
                alert = parse(raw, world="site", ordinal=ordinal)
                ledger = Ledger()
                subject = ledger.from_alert(alert)
                door = host.read_door(world="site", clock=utc_now, ledger=ledger)
                deps = Deps(
                    case_id=alert.alert_id,
                    brain=chosen,
                    fallback=PlaybookBrain(),
                    door=door,
                    playbooks=playbooks,
                    clock=utc_now,
                    subject=subject,
                    limits=Limits(settings.max_calls, settings.max_rounds, settings.max_seconds),
                    tenant=settings.site_tenant,
                    excuse=door.budget.excuse,
                )
                return await investigate(alert, alert_class(alert), deps)

            yield judge


def _rows(answer: Evidence, name: str) -> list[JsonObject]:
    rows = answer.data.get(name) if isinstance(answer.data, dict) else None
    if answer.status not in ("success", "no_data"):
        raise EvalError(f"{answer.tool}: {answer.status}: {answer.error}")
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _object(answer: Evidence, name: str) -> JsonObject:
    found = answer.data.get(name) if isinstance(answer.data, dict) else None
    if not isinstance(found, dict):
        raise EvalError(f"{answer.tool}: {answer.status}: {answer.error}")
    return found
