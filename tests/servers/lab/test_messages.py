"""A message in quarantine: whoever has not opened it cannot any more."""

from collections.abc import Callable

from servers.lab.messages import message_id
from servers.lab.population import build
from servers.lab.reaction import Controls, Measure
from servers.lab.records import Event, to_ms
from servers.lab.stories.engine import Player, State
from servers.lab.world import Lab
from tests.servers.lab.stories import Known, find


def delivery(known: Known) -> Event:
    """The mail that brought the document."""
    steps = known.story.plot.script.steps
    return next(event for step in steps for event in step.emit(step.begins) if event.category == "email")


def played(lab: Lab, known: Known, target: str) -> State:
    """The story from its beginning, with this message in quarantine as soon as it is delivered."""
    since = delivery(known).at + 1_000
    measure = Measure(1, "quarantine_message", target, since, until=None, active=True, wrong=False)
    state = State()
    player = Player(known.story.id, known.story.plot.script, state, Controls(build(lab.seed), [measure]))
    list(player.play(to_ms(lab.now())))
    return state


def test_a_message_quarantined_in_time_stops_the_attack_before_its_first_step(full: Lab) -> None:
    """Whoever cannot open the document starts no macro."""
    known = find(full, "phishing_macro", "attack")
    mail = delivery(known)

    state = played(full, known, message_id(mail.at, mail.fields))

    assert list(state.done) == ["deliver the mail"]
    assert state.stopped_at == "open the document"


def test_another_message_in_quarantine_changes_nothing(full: Lab) -> None:
    """Only the recipient's own copy is gone."""
    known = find(full, "phishing_macro", "attack")
    mail = delivery(known)
    other = {**mail.fields, "email.recipient": "somebody.else@halden.example"}

    state = played(full, known, message_id(mail.at, other))

    assert state.stopped_at is None
    assert "open the document" in state.done


def test_only_the_wrong_message_counts_as_a_mistake(copied: Callable[[], Lab]) -> None:
    """Collateral is charged to measures that hit the wrong thing."""
    lab = copied()
    mail = delivery(find(lab, "phishing_macro", "attack"))
    right = message_id(mail.at, mail.fields)
    wrong = message_id(mail.at, {**mail.fields, "email.attachment.sha256": "0" * 64})

    for target in (right, wrong):
        lab.contain("quarantine_message", target, None, "test")

    marked = dict(lab.db.execute("SELECT target, wrong FROM containment").fetchall())
    assert marked == {right: 0, wrong: 1}
