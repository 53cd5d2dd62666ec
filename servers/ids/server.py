"""The ids server: alerts with what the same flow carried; captures, indicators and rules where Suricata is behind."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from servers.behind import server_over
from servers.folders import Folders, folders_of
from servers.ids.analysing import EngineReads
from servers.ids.backend import IdsBackend
from servers.ids.changing import IndicatorChanges, RuleChanges
from servers.ids.embedded import embedded
from servers.ids.engine import SuricataEngine
from servers.ids.reading import LogReads
from servers.ids.settings import NEEDS, IdsSettings
from servers.ids.socket_client import ControlSocket
from servers.ids.suricata import SuricataIndicators, SuricataRules, running
from servers.ids.suricata_log import RecordLog, suricata_log
from servers.ids.zeek import logs_there, zeek_folder
from servers.kit import Protected, SecurityServer, ToolError
from servers.kit.changes import Change
from servers.kit.server import wall_clock
from servers.kit.tool import Method
from servers.parts import Parts

INSTRUCTIONS: Final = "Alerts, flows and captures of network intrusion detection. "


def build(parts: Parts, settings: IdsSettings) -> SecurityServer:
    """The sensor that is configured, or the one of the lab."""
    backend = backend_of(parts, settings)
    return server_over(
        "ids",
        backend,
        reads=reads(backend),
        changes=changes(backend, parts.conditions.protected),
        instructions=INSTRUCTIONS + NEEDS,
        settings=settings,
        conditions=parts.conditions,
    )


def backend_of(parts: Parts, settings: IdsSettings) -> IdsBackend:
    """What answers; nothing is opened by it."""
    chosen = parts.backend(settings.backend)
    if chosen == "embedded":
        return embedded(parts.door)
    return _zeek(settings) if chosen == "zeek" else _suricata(settings)


def reads(backend: IdsBackend) -> Sequence[Method]:
    """The tools that look, as far as the product can serve them."""
    found: list[Method] = []
    if backend.log is not None:
        log = LogReads(backend, backend.log)
        found += [log.ids_search_alerts, log.ids_summarise_alerts, log.ids_get_flow, log.ids_host_activity]
    if backend.engine is not None:
        engine = EngineReads(backend.engine)
        found += [engine.ids_analyse_pcap, engine.ids_test_rule]
    return found


def changes(backend: IdsBackend, protected: Protected) -> Sequence[Change]:
    """The tools that change, as far as the product can serve them."""
    found: list[Change] = []
    if backend.indicators is not None:
        found += IndicatorChanges(backend.indicators, backend.now, protected).declared()
    if backend.rules is not None:
        found += RuleChanges(backend.rules).declared()
    return found


def _suricata(settings: IdsSettings) -> IdsBackend:
    folders = Folders(folders_of(settings.roots), "MCPSOC_IDS_ROOTS")
    engine = SuricataEngine(settings.program, folders, folders_of(settings.rule_files), settings.home_net)
    log = suricata_log(settings.eve, wall_clock, timedelta(minutes=settings.quiet_minutes))
    control = None if settings.socket is None else ControlSocket(settings.socket)
    rules = None
    if control is not None and settings.rules_file is not None:
        rules = SuricataRules(control, settings.rules_file, settings.data_dir, engine.check)
    return IdsBackend(
        product="suricata" if settings.socket is None else f"suricata at {settings.socket}",
        probe=lambda: _probed(log, control, engine),
        sensor="suricata",
        now=wall_clock,
        log=log,
        engine=engine if settings.roots else None,
        indicators=None if control is None else SuricataIndicators(control),
        rules=rules,
    )


def _probed(log: RecordLog, control: ControlSocket | None, engine: SuricataEngine) -> str:
    held = log.read()
    product = running(control) if control is not None else engine.version()
    return f"{product}; {len(held.rows)} events held, {held.unreadable} lines unreadable"


def _zeek(settings: IdsSettings) -> IdsBackend:
    folder = zeek_folder(settings.zeek_dir)
    log = RecordLog(folder.read, wall_clock, timedelta(minutes=settings.quiet_minutes))

    def probe() -> str:
        there = logs_there(settings.zeek_dir)
        if not there:
            raise ToolError("unreachable", "the folder holds no log of Zeek", "see MCPSOC_IDS_ZEEK_DIR")
        return f"Zeek logs: {', '.join(there)}; {len(log.read().rows)} events held"

    return IdsBackend("zeek", probe, "zeek", wall_clock, log)
