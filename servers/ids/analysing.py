"""The tools that run the engine over captures."""

from dataclasses import dataclass

from servers.folders import FilePath
from servers.ids.backend import Engine
from servers.ids.models import Capture, Tested
from servers.ids.rules import Rule
from servers.kit import Cursor, Limit, Reply


@dataclass(frozen=True, slots=True)
class EngineReads:
    """Tools over one engine."""

    engine: Engine

    def ids_analyse_pcap(self, path: FilePath, limit: Limit = 20, cursor: Cursor = None) -> Reply[Capture]:
        """What the rules find in a packet capture below the opened folders, and how many events of each kind it has."""
        return self.engine.analyse(path, limit, cursor)

    def ids_test_rule(self, rule: Rule, path: FilePath, limit: Limit = 20, cursor: Cursor = None) -> Reply[Tested]:
        """Whether the engine takes a rule, and what the rule finds in a capture. Nothing is loaded into the sensor."""
        return self.engine.try_rule(rule, path, limit, cursor)
