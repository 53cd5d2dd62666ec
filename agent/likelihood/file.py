"""Group `file`: what scanners say of a file. Only ever raises: a scanner that says nothing has not called it clean."""

from collections.abc import Iterator

from agent.likelihood.attested import attested
from agent.likelihood.weights import Weight, weights
from agent.models import Alert, Contribution


def weigh_file(alert: Alert) -> Contribution | None:
    """The strongest verdict."""
    return max(_verdicts(alert), key=lambda item: item.weight, default=None)


def _verdicts(alert: Alert) -> Iterator[Contribution]:
    table = weights().file
    if alert.field("antivirus.signature") is not None:
        yield _contribution("signature", table.signature, "antivirus.signature")
    positives = attested(alert, "reputation.positives") or "0"
    if positives.isdecimal() and int(positives) >= table.reputation.at_least:
        yield _contribution("reputation", table.reputation, "reputation.positives")
    elif positives.isdecimal() and int(positives) > 0:
        yield _contribution("single_reputation", table.single_reputation, "reputation.positives")


def _contribution(name: str, weight: Weight, field: str) -> Contribution:
    return Contribution(group="file", weight=weight.weight, reason=f"{name}: {weight.because}", field=field)
