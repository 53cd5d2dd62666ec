"""The conversation as the page draws it: kinds told apart in words, what was struck apart, proposals as buttons."""

from datetime import UTC, datetime
from typing import Final

import pytest

from agent.conversation.models import Answer, ChatStep, Proposal, Reading, Run, Sentence, SentenceKind
from agent.models import Provenance, Ref
from tests.ui.web.conftest import HOSTILE, Served
from tests.ui.web.test_markup import Read
from ui.cli.catalogue import load
from ui.web.chat.proposals import draw_next
from ui.web.chat.turns import Turn, draw_sentence, draw_turn
from ui.web.frame import Visit

T: Final = load("en")
NOW: Final = datetime(2026, 3, 9, 14, tzinfo=UTC)
HERE: Final = Ref(evidence="E2", path="$.events[0]['host.name']")


def answer(**given: object) -> Answer:
    """An answer with some of its parts."""
    fixed = {
        "run_id": "r",
        "thread_id": "t",
        "question": "why?",
        "language": "en",
        "brain": "playbook",
        "sentences": (),
    }
    return Answer.model_validate({**fixed, **given})


def run(told: Answer | None = None, **given: object) -> Run:
    """A run that is over when it has an answer."""
    fixed = {"id": "r", "thread_id": "t", "question": "why?", "author": "ana", "started_at": NOW, "answer": told}
    return Run.model_validate({**fixed, "status": "done" if told else "running", **given})


def step(number: int, kind: str, **given: object) -> ChatStep:
    """One step of the run."""
    return ChatStep.model_validate({"run_id": "r", "seq": number, "kind": kind, "text": "", "at": NOW, **given})


def asked(served: Served, *questions: str) -> str:
    """A thread whose questions were answered."""
    with served.client() as api:
        thread = api.create_thread("lab").id
        for question in questions:
            for _ in api.stream("lab", api.ask("lab", thread, question).id):
                pass
    return thread


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("fact", "Found"),
        ("nothing_found", "Nothing found"),
        ("could_not_look", "Could not look"),
        ("quote", "Quote"),
        ("speech", "Analyst"),
    ],
)
def test_kind_of_a_sentence_is_told_in_words(kind: SentenceKind, words: str) -> None:
    """ "I looked and found nothing" must never read like "I could not look", whoever cannot see the colour."""
    cites = () if kind == "speech" else (HERE,)

    line = Read(draw_sentence(T, Sentence(kind=kind, text="ws-076", cites=cites, provenance=Provenance.SENSOR)))

    assert line.text.startswith(words)


def test_sentence_names_each_piece_of_evidence_once_and_who_wrote_it() -> None:
    """Three places of one answer are one chip; it opens the first."""
    other = Ref(evidence="E1", path="$")
    sentence = Sentence(kind="fact", text="x", cites=(HERE, HERE, other), provenance=Provenance.UNTRUSTED)

    read = Read(draw_sentence(T, sentence))

    chips = [attributes for tag, attributes in read.tags if tag == "a"]
    assert [chip["title"] for chip in chips] == ["Open evidence E2", "Open evidence E1"]
    assert "path=%24.events%5B0%5D" in str(chips[0]["href"])
    assert "T2" in read.text


def test_words_of_an_attacker_stay_words_wherever_a_conversation_shows_them() -> None:
    """Question, look, notice, sentence, struck sentence, reading, proposal and suggestion."""
    bad = Sentence(kind="fact", text=HOSTILE, cites=(HERE,), struck_because=HOSTILE)
    told = answer(
        sentences=(bad,),
        struck=(bad,),
        readings=(Reading(label=HOSTILE, question=HOSTILE),),
        proposals=(Proposal(kind="note", label=HOSTILE, case_id="C-1", text=HOSTILE),),
        suggestions=(HOSTILE,),
    )
    steps = tuple(step(number, kind, text=HOSTILE) for number, kind in enumerate(("understood", "call", "notice"), 1))

    drawn = draw_turn(T, Turn(run(told, question=HOSTILE), steps), draw_next(visit(("case.note",)), told))

    assert "<img" not in drawn
    assert "\u202e" not in drawn
    assert drawn.count("&lt;img") >= 9


def test_live_answer_shows_what_came_so_far() -> None:
    """Sentences as they are found, struck ones apart, and that it goes on."""
    good, bad = (
        Sentence(kind="speech", text="said"),
        Sentence(kind="fact", text="made up", struck_because="no evidence"),
    )
    steps = (
        step(1, "understood", text="case summary"),
        step(2, "call", text="siem_search", status="error", evidence="E1"),
        step(3, "sentence", sentence=good),
        step(4, "struck", sentence=bad),
    )

    html = draw_turn(T, Turn(run(), steps))

    text = Read(html).text
    assert "Working on it" in text
    assert "without an answer: 1" in text
    assert "failed" in text
    assert "<s>made up</s>" in html
    assert "no evidence" in text


@pytest.mark.parametrize(("status", "words"), [("stopped", "Stopped."), ("failed", "No answer came of this.")])
def test_run_that_came_to_nothing_says_so(status: str, words: str) -> None:
    """Silence would look like an answer."""
    assert words in Read(draw_turn(T, Turn(run(status=status)))).text


def visit(permissions: tuple[str, ...]) -> Visit:
    """A visitor who may do these things."""
    from ui.api.client import ApiClient
    from ui.api.models import Me

    me = Me(name="ana", roles=(), permissions=permissions, worlds=(), default_world="lab")
    return Visit(ApiClient("http://127.0.0.1:1"), me, "lab", T)


PROPOSALS: Final = (
    Proposal(kind="take", label="Take it", case_id="C-1"),
    Proposal(kind="close", label="Close it", case_id="C-1", reason_code="confirmed_attack"),
    Proposal(kind="action", label="Isolate", tool="endpoint__endpoint_isolate_host", arguments={"host": HERE}),
    Proposal(kind="hunt", label="Look elsewhere", text="who else?"),
)


def test_proposals_go_the_way_such_a_change_always_goes() -> None:
    """A button or a form with the case in it; an action shows handles and admits that nothing is carried out."""
    every = ("case.take", "case.close", "case.read", "chat.ask")
    read = Read(draw_next(visit(every), answer(proposals=PROPOSALS)))

    does = {str(attributes["data-do"]): attributes for _, attributes in read.tags if "data-do" in attributes}
    assert does["take"]["value"] == "C-1"
    assert does["close"]["data-value"] == "C-1"
    assert does["ask"]["value"] == "who else?"
    assert [item["value"] for tag, item in read.tags if tag == "option" and "selected" in item] == ["confirmed_attack"]
    assert "carries none out" in read.text
    assert "E2 events[0] › host.name" in read.text


def test_what_somebody_may_not_do_is_not_proposed_to_them() -> None:
    """A viewer is offered no button that the API would refuse."""
    read = Read(draw_next(visit(("case.read",)), answer(proposals=PROPOSALS)))

    assert [attributes["data-do"] for _, attributes in read.tags if "data-do" in attributes] == []
    assert "Isolate" in read.text


def test_conversation_of_the_address_is_drawn_with_what_comes_next(served: Served) -> None:
    """A reload and another tab show the same; only the last answer offers something."""
    thread = asked(served, "What happened in C-1 and why?", "How do I contain this?")

    turns = Read(served.draw("chat", "lab", thread=thread).board("turns"))

    assert [attributes["class"] for tag, attributes in turns.tags if tag == "article"] == ["turn", "turn"]
    assert turns.text.count("Next questions") == 1


def test_run_of_the_address_leads_to_its_conversation(served: Served) -> None:
    """A link with nothing but the run is enough."""
    thread = asked(served, "Which alerts are open?")
    with served.client() as api:
        run_id = api.thread("lab", thread).runs[0].id

    assert f'id="turn-{run_id}"' in served.draw("chat", "lab", run=run_id).board("turns")


def test_evidence_of_a_conversation_lies_beside_it(served: Served) -> None:
    """What a chip opens, opened by the address alone."""
    thread = asked(served, "What happened in C-1 and why?")

    assert 'id="evidence-E1"' in served.draw("chat", "lab", thread=thread, evidence="E1").board("panel")


def test_evidence_that_is_not_there_is_said_and_the_conversation_stays(served: Served) -> None:
    """A wrong link is no broken page."""
    thread = asked(served, "Which alerts are open?")

    drawn = served.draw("chat", "lab", thread=thread, evidence="E99")

    assert "drawer" in drawn.board("panel")
    assert "Which alerts are open?" in drawn.board("turns")


def test_beginning_offers_questions_about_the_case_it_came_from(served: Served) -> None:
    """From a case one goes on asking about that case."""
    assert "What happened in C-1 and why?" in served.draw("chat", "lab", case="C-1").board("talk")


def test_reader_who_may_not_ask_is_told_so(served: Served) -> None:
    """No box that does nothing, and no error either."""
    drawn = served.draw("chat", "lab", secret=served.viewer)

    assert "You may not ask the analyst" in drawn.board("talk")
    assert not drawn.app.chat_input
