"""Group `network`: what the traffic is, by the rule set's own categories and by what a request carries."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from agent.likelihood.attested import attested, is_inside
from agent.likelihood.texts import matches
from agent.likelihood.weights import Weight, weights
from agent.models import Alert, Contribution


def weigh_network(alert: Alert, neighbours: Sequence[Alert]) -> Contribution | None:
    """The strongest sign that raises; else the category that lowers most."""
    raising = max(_raising(alert, neighbours), key=lambda item: item.weight, default=None)
    if raising is not None:
        return raising
    lowering = [item for item in _by_category(alert) if item.weight < 0]
    return min(lowering, key=lambda item: item.weight, default=None)


def _raising(alert: Alert, neighbours: Sequence[Alert]) -> Iterator[Contribution]:
    table = weights().network
    attacks = [item for item in _by_category(alert) if item.weight > 0]
    yield from attacks
    if attacks and is_inside(attested(alert, "source.ip")):
        strongest = max(attacks, key=lambda item: item.weight)
        more = min(weights().cap, strongest.weight + table.internal_source.weight)
        reason = f"{strongest.reason}; {table.internal_source.because}"
        yield strongest.model_copy(update={"weight": more, "reason": reason})
    for match in matches(alert, table.signs):
        yield _contribution(match.sign.id, match.sign, match.field)
    if _signatures(alert, neighbours) >= table.many_signatures.at_least:
        yield _contribution("many_signatures", table.many_signatures, "source.ip")


def _by_category(alert: Alert) -> Iterator[Contribution]:
    names = {group.lower() for group in alert.rule.groups}
    for category in weights().network.categories:
        if found := sorted(names & category.names):
            yield _contribution(found[0], category, "rule.category")


def _signatures(alert: Alert, neighbours: Sequence[Alert]) -> int:
    """How many different rules fired for the alert's source around it."""
    source = alert.text("source.ip")
    if source is None:
        return 0
    window = timedelta(minutes=weights().network.many_signatures.within_minutes)
    near = (
        other for other in neighbours if other.text("source.ip") == source and abs(other.time - alert.time) <= window
    )
    return len({_signature(alert), *map(_signature, near)})


def _signature(alert: Alert) -> str:
    return attested(alert, "rule.name") or alert.rule.id


def _contribution(name: str, weight: Weight, field: str) -> Contribution:
    return Contribution(group="network", weight=weight.weight, reason=f"{name}: {weight.because}", field=field)
