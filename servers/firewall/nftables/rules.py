"""Rules of every table of the packet filter, and what a chain does with what no rule decides."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from servers.firewall.backend import Rule
from servers.nft import Counter, Nft, Statement

_VERDICTS: Final = ("accept", "drop", "reject", "jump", "goto", "queue", "return", "masquerade", "snat", "dnat")


@dataclass(frozen=True, slots=True)
class NftRules:
    """The rule set of one network space."""

    nft: Nft

    def rules(self) -> Sequence[Rule]:
        """Policies of the chains first, then the rules in their order."""
        items = self.nft.listed("ruleset")
        chains = [item.chain for item in items if item.chain is not None]
        policies = [Rule(f"{c.family} {c.table} {c.name}", c.policy, "policy of the chain") for c in chains if c.policy]
        return (*policies, *(_rule(item.rule) for item in items if item.rule is not None))


def _rule(rule: Statement) -> Rule:
    action = next((verdict for part in rule.expr for verdict in _VERDICTS if verdict in part), "continue")
    counted = [Counter.model_validate(part["counter"]) for part in rule.expr if isinstance(part.get("counter"), dict)]
    return Rule(
        f"{rule.family} {rule.table} {rule.chain}",
        action,
        json.dumps([part for part in rule.expr if "counter" not in part], separators=(",", ":")),
        packets=counted[0].packets if counted else None,
        bytes=counted[0].bytes if counted else None,
    )
