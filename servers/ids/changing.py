"""The tools that change what the sensor looks for. It only alerts: nothing is cut off by them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import Field

from servers.domains import plain
from servers.embedded import Name, Reason
from servers.ids.backend import Indicators, IndicatorType, Rules
from servers.ids.models import IndicatorState, Loaded
from servers.ids.rules import RuleList
from servers.kit import Protected, Reply, ToolError
from servers.kit.changes import Change, Plan, Rate, Undo
from servers.kit.envelope import iso
from servers.observables import address

Minutes = Annotated[int, Field(ge=1, le=525_600)]


@dataclass(frozen=True, slots=True)
class IndicatorChanges:
    """Tools that add and remove values the sensor alerts on."""

    indicators: Indicators
    now: Callable[[], datetime]
    protected: Protected

    def ids_add_indicator(
        self, kind: IndicatorType, value: Name, reason: Reason, minutes: Minutes | None = None
    ) -> Reply[IndicatorState]:
        """Alert on a domain (that very name) or an address from now on, for some minutes or until it is removed."""
        wanted = _plain(kind, value)
        added = self.indicators.add(kind, wanted)
        until = self._until(minutes)
        state = IndicatorState(
            type=kind,
            value=wanted,
            change="added" if added else "was there",
            until=None if until is None else iso(until),
        )
        return Reply(state, "1 indicator in force")

    def plan_add(self, kind: IndicatorType, value: Name, reason: Reason, minutes: Minutes | None = None) -> Plan:
        """Nothing but alerts would follow; our own names and addresses would give too many.

        Raises: ToolError for one that is there: when it ends is up to whoever set it."""
        wanted = _plain(kind, value)
        if self.indicators.has(kind, wanted):
            hint = "ours would end it with the time of ours; ids_remove_indicator first, to set another end"
            raise ToolError("watched_already", "the sensor alerts on it already", hint)
        return Plan(
            target=f"{kind} {wanted}",
            blast_radius="alerts on traffic with it; nothing is cut off",
            undo=Undo("ids_remove_indicator", {"kind": kind, "value": wanted}),
            expires_at=self._until(minutes),
            hits=self.protected.address(wanted) if kind == "address" else self.protected.domain(wanted),
        )

    def is_there(self, kind: IndicatorType, value: Name, reason: Reason, minutes: Minutes | None = None) -> bool:
        """Whether the running engine has it."""
        return self.indicators.has(kind, _plain(kind, value))

    def ids_remove_indicator(self, kind: IndicatorType, value: Name, reason: Reason) -> Reply[IndicatorState]:
        """Alert on a domain or an address no more."""
        wanted = _plain(kind, value)
        removed = self.indicators.remove(kind, wanted)
        state = IndicatorState(type=kind, value=wanted, change="removed" if removed else "was not there")
        return Reply(state, "1 indicator removed" if removed else "there was no such indicator")

    def plan_remove(self, kind: IndicatorType, value: Name, reason: Reason) -> Plan:
        """What would not be seen any longer."""
        wanted = _plain(kind, value)
        there = self.indicators.has(kind, wanted)
        return Plan(f"{kind} {wanted}", "no alerts on it any longer" if there else "is not there")

    def is_gone(self, kind: IndicatorType, value: Name, reason: Reason) -> bool:
        """Whether the running engine has it no longer."""
        return not self.indicators.has(kind, _plain(kind, value))

    def declared(self) -> Sequence[Change]:
        """Both, as the kit wants them."""
        add = Change(
            self.ids_add_indicator,
            self.plan_add,
            self.is_there,
            risk="low",
            expiry="lapse",
            undo="ids_remove_indicator",
        )
        return add, Change(self.ids_remove_indicator, self.plan_remove, self.is_gone, risk="low")

    def _until(self, minutes: int | None) -> datetime | None:
        return None if minutes is None else self.now() + timedelta(minutes=minutes)


@dataclass(frozen=True, slots=True)
class RuleChanges:
    """The tool that loads rules. What takes it back is the same tool with the rules before."""

    rules: Rules

    def ids_load_rules(self, rules: RuleList, reason: Reason) -> Reply[Loaded]:
        """Put these rules (all of them; alert only, sid 9100000-9199999) in place of this server's rule file."""
        digest = self.rules.load(rules)
        return Reply(Loaded(rules=len(rules), sha256=digest), f"{len(rules)} rules loaded")

    def plan_load(self, rules: RuleList, reason: Reason) -> Plan:
        """The engine loads them without effect; what is there goes into the undo."""
        self.rules.check(rules)
        before = self.rules.current()
        return Plan(
            target="the rule file of this server",
            blast_radius=f"{len(before)} rules replaced by {len(rules)}; only alerts change",
            undo=Undo("ids_load_rules", {"rules": list(before)}),
            dry_run="passed",
        )

    def are_loaded(self, rules: RuleList, reason: Reason) -> bool:
        """Whether the running engine read exactly these."""
        return self.rules.in_force(rules)

    def declared(self) -> Sequence[Change]:
        """The change, as the kit wants it."""
        load = self.ids_load_rules
        return (
            Change(
                load,
                self.plan_load,
                self.are_loaded,
                risk="medium",
                undo="ids_load_rules",
                rate=Rate(10, per_s=600),
            ),
        )


def _plain(kind: IndicatorType, value: str) -> str:
    """A value as the sets hold it, an IPv4 address never written as IPv6.

    Raises: ToolError for one that is none of its kind."""
    try:
        if kind == "domain":
            return plain(value)
        found = address(value.strip())
    except ValueError:
        raise ToolError("invalid_argument", f"the value is no {kind}", "a domain name, or one plain address") from None
    if getattr(found, "scope_id", None) is not None:
        raise ToolError("invalid_argument", "the value is no address a packet carries", "give it without its zone")
    return str(found)
