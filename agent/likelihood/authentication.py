"""Group `authentication`: one slip, or somebody trying doors."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from agent.likelihood.attested import attested
from agent.likelihood.weights import Weight, weights
from agent.models import Alert, Contribution

FAILURE_GROUPS: Final = frozenset({"authentication_failed", "authentication_failures", "invalid_login", "login_denied"})
SUCCESS_GROUPS: Final = frozenset({"authentication_success"})
FAILURE_CODES: Final = frozenset({"4625", "4771", "4776"})
SUCCESS_CODES: Final = frozenset({"4624", "4768"})
NO_SUCH_ACCOUNT: Final = frozenset({"0xc0000064"})
WRONG_PASSWORD: Final = frozenset({"0xc000006a", "0xc0000071", "0xc0000224"})
LOCKED: Final = frozenset({"0xc0000234", "0xc0000072"})

_REPEATED: Final = re.compile(
    r"maximum authentication attempts exceeded|too many authentication failures|repeated login failures", re.IGNORECASE
)
"""What services write once somebody has used up all tries of a connection (six, as OpenSSH comes)."""
_COUNTS: Final = re.compile(
    r"\b(\d{1,6}) more authentication failures|message repeated (\d{1,6}) times|(\d{1,6}) failed", re.ASCII
)


def weigh_authentication(alert: Alert, neighbours: Sequence[Alert]) -> Contribution | None:
    """The strongest sign that raises; else one failure of an existing account."""
    raising = max(_raising(alert, neighbours), key=lambda item: item.weight, default=None)
    if raising is not None or not _is_single_failure(alert):
        return raising
    return _contribution("single_failure", weights().authentication.single_failure, "rule.groups")


def _raising(alert: Alert, neighbours: Sequence[Alert]) -> Iterator[Contribution]:
    table = weights().authentication
    mine = [alert, *(other for other in neighbours if _same_source(alert, other))]
    failed = [item for item in mine if is_failure(item)]
    remote = _source(alert) is not None
    if _is_success_after_failures(alert) or (
        any(map(is_success, mine)) and len(failed) >= table.many_failures.at_least
    ):
        yield _contribution("failures_then_success", table.failures_then_success, "source.ip")
    if not is_failure(alert):
        return
    names = {(item.text("user.attempted_name") or "").lower() for item in failed} - {""}
    if remote and len(names) >= table.many_accounts.at_least:
        yield _contribution("many_accounts", table.many_accounts, "user.attempted_name")
    if "authentication_failures" in _groups(alert) or alert.field("rule.frequency") is not None:
        yield _contribution("many_failures", table.many_failures, "rule.groups")
    if max(_counted(alert), len(failed) if remote else 0) >= table.many_failures.at_least:
        yield _contribution("many_failures", table.many_failures, "source.ip")
    if remote and _number(attested(alert, "rule.fired_times")) >= table.fired_often.at_least:
        yield _contribution("fired_often", table.fired_often, "rule.fired_times")
    if remote and _is_unknown_account(alert):
        yield _contribution("unknown_account", table.unknown_account, "logon.sub_status")
    if attested(alert, "logon.sub_status") in LOCKED:
        yield _contribution("locked_account", table.locked_account, "logon.sub_status")


def is_failure(alert: Alert) -> bool:
    """Whether the alert is about a failed sign-in, by the rule's class, the event's code or its outcome."""
    is_sign_in = attested(alert, "event.category") == "authentication"
    return (
        bool(_groups(alert) & FAILURE_GROUPS)
        or attested(alert, "event.code") in FAILURE_CODES
        or (is_sign_in and attested(alert, "event.outcome") == "failure")
    )


def is_success(alert: Alert) -> bool:
    """Whether the alert is about a sign-in that succeeded."""
    is_sign_in = attested(alert, "event.category") == "authentication"
    return (
        bool(_groups(alert) & SUCCESS_GROUPS)
        or attested(alert, "event.code") in SUCCESS_CODES
        or (is_sign_in and attested(alert, "event.outcome") == "success")
    )


def _is_success_after_failures(alert: Alert) -> bool:
    """Wazuh's own correlation: a success whose rule is about guessing."""
    is_guessing = any(technique.startswith("T1110") for technique in alert.techniques)
    return is_success(alert) and not is_failure(alert) and is_guessing


def _is_single_failure(alert: Alert) -> bool:
    """One failure of an account that exists, as the rule's class and the status code attest."""
    status = attested(alert, "logon.sub_status")
    if not is_failure(alert) or "invalid_login" in _groups(alert) or alert.field("count") or alert.field("event.count"):
        return False
    return status in WRONG_PASSWORD if status is not None else "authentication_failed" in _groups(alert)


def _is_unknown_account(alert: Alert) -> bool:
    return "invalid_login" in _groups(alert) or attested(alert, "logon.sub_status") in NO_SUCH_ACCOUNT


def _counted(alert: Alert) -> int:
    """How many failures the alert itself counts; one more than a line that says how often the last was repeated."""
    fields = max(_number(alert.text("count")), _number(alert.text("event.count")))
    line = f"{alert.text('event.original') or ''} {alert.text('message') or ''}"
    repeated = weights().authentication.many_failures.at_least if _REPEATED.search(line) else 0
    return max([fields, repeated, *(_number(match[1] or match[2] or match[3]) + 1 for match in _COUNTS.finditer(line))])


def _same_source(alert: Alert, other: Alert) -> bool:
    return _source(alert) is not None and _source(alert) == _source(other)


def _source(alert: Alert) -> str | None:
    return alert.text("source.ip")


def _groups(alert: Alert) -> frozenset[str]:
    return frozenset(group.lower() for group in alert.rule.groups)


def _number(text: str | None) -> int:
    return int(text) if text is not None and re.fullmatch(r"\d{1,12}", text, re.ASCII) else 0


def _contribution(name: str, weight: Weight, field: str) -> Contribution:
    return Contribution(group="authentication", weight=weight.weight, reason=f"{name}: {weight.because}", field=field)
