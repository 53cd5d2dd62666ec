"""A transplanted answer speaks of the story it is put into."""

from agent.intake import parse
from agent.models import Alert
from evals.transplant import Translation


def alert(host: str, user: str, time: str) -> Alert:
    """One alert of a family."""
    raw = {"kibana.alert.uuid": host, "kibana.alert.rule.name": "r", "@timestamp": time}
    return parse({**raw, "host.name": host, "user.name": user, "event.outcome": "failure"}, world="lab", ordinal=1)


HERE, THERE = alert("ws-1", "kim", "2026-03-02T10:00:00Z"), alert("ws-10", "lee", "2026-03-02T12:30:00Z")


def test_names_and_times_are_carried_over() -> None:
    """An answer about another host at another hour would prove nothing here."""
    back = Translation.between(THERE, HERE)

    assert back.value({"events": [{"host.name": "ws-10", "by": "CORP\\lee", "at": "2026-03-02T12:00:00.000Z"}]}) == {
        "events": [{"host.name": "ws-1", "by": "CORP\\kim", "at": "2026-03-02T09:30:00.000Z"}]
    }


def test_longer_names_that_begin_alike_stay() -> None:
    """`ws-10` is not `ws-1` with a nought."""
    there = Translation.between(HERE, THERE)

    assert there.value(["ws-1", "ws-10", "ws-100", 7, None]) == ["ws-10", "ws-10", "ws-100", 7, None]


def test_there_and_back_is_where_it_began() -> None:
    """The question goes there by the same words as the answer comes back."""
    there, back = Translation.between(HERE, THERE), Translation.between(THERE, HERE)
    asked = {"filters": {"host.name": "ws-1"}, "start": "2026-03-02T09:00:00.000Z"}

    assert back.arguments(there.arguments(asked)) == asked
