"""How likely an alert is an attack, from the alert itself and its neighbours: a sum anyone can check by eye.

likelihood = sigmoid(sum of groups); prior 0; each group at most +-2; unknown is 0. Two of triage's groups are not
formed here: *authorised*, which only the register of authorised work decides, and *sigma*, while no rules are
loaded: no rules loaded is not a clean result, so it says nothing at all.
"""

import math
from collections.abc import Callable, Sequence
from typing import Final

from agent.intake.attack import tactics_of
from agent.likelihood.authentication import weigh_authentication
from agent.likelihood.file import weigh_file
from agent.likelihood.lineage import weigh_lineage
from agent.likelihood.network import weigh_network
from agent.likelihood.process import weigh_process
from agent.likelihood.rule import weigh_rule
from agent.likelihood.weights import weights
from agent.models import Alert, Contribution

GROUPS: Final[tuple[Callable[[Alert, Sequence[Alert]], Contribution | None], ...]] = (
    lambda alert, neighbours: weigh_rule(alert),
    lambda alert, neighbours: weigh_process(alert),
    lambda alert, neighbours: weigh_lineage(alert),
    weigh_authentication,
    weigh_network,
    lambda alert, neighbours: weigh_file(alert),
    lambda alert, neighbours: weigh_neighbours(alert, neighbours),
)
"""Every group in the order a person reads them."""


def weigh(alert: Alert, neighbours: Sequence[Alert] = ()) -> tuple[Contribution, ...]:
    """At most one contribution per group; a group that knows nothing is absent.

    `neighbours` are the other alerts of the same incident; they raise, never lower."""
    cap = weights().cap
    found = (group(alert, neighbours) for group in GROUPS)
    return tuple(
        item.model_copy(update={"weight": max(-cap, min(cap, item.weight))})
        for item in found
        if item is not None and item.weight
    )


def likelihood(contributions: Sequence[Contribution]) -> float:
    """Between 0 and 1; one half when nothing is known. Each group is capped once more, whoever formed it."""
    cap = weights().cap
    sums: dict[str, float] = {}
    for item in contributions:
        sums[item.group] = sums.get(item.group, 0.0) + item.weight
    total = sum(max(-cap, min(cap, weight)) for weight in sums.values())
    return 1 / (1 + math.exp(-total))


def counterfactual(alert: Alert) -> Alert:
    """The alert with everything an attacker or a model may have written taken away."""
    fields = tuple(field for field in alert.fields if field.provenance.trusted)
    return alert.model_copy(update={"fields": fields, "decoded": ()})


def weigh_neighbours(alert: Alert, neighbours: Sequence[Alert]) -> Contribution | None:
    """What other alerts of the incident add: further tactics, or one that is strong by itself."""
    table = weights().neighbours
    suspicious = [other for other in neighbours if _sum(other) > 0]
    tactics = {tactic for item in suspicious for technique in item.techniques for tactic in tactics_of(technique)[:1]}
    own = {tactic for technique in alert.techniques for tactic in tactics_of(technique)[:1]}
    if len(tactics | own) >= table.tactics.at_least and tactics - own:
        return Contribution(group="neighbours", weight=table.tactics.weight, reason=table.tactics.because)
    if any(_sum(other) >= table.strong.strong_at for other in suspicious):
        return Contribution(group="neighbours", weight=table.strong.weight, reason=table.strong.because)
    return None


def _sum(alert: Alert) -> float:
    return sum(item.weight for item in weigh(alert))
