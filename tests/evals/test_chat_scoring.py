"""Judging answers of the chat: a wrong, uncited, dishonest or invented answer never counts as a good one."""

from collections.abc import Iterable
from datetime import UTC, datetime

import pytest
from pydantic import JsonValue

from agent.conversation.models import Answer, Proposal, Reading, Sentence, SentenceKind
from agent.models import Evidence, EvidenceStatus, Ref
from agent.wording import Language
from evals.suites.chat_expected import Demand, Expected, fact, text
from evals.suites.chat_scoring import Heard, Scored, score, tokens

NOW = datetime(2026, 3, 9, 14, tzinfo=UTC)
KNOWN = {"ws-042", "a.chen", "198.51.100.7", "C-1"}


def evidence(name: str, data: JsonValue, status: EvidenceStatus = "success", sensor: str | None = None) -> Evidence:
    """One answer of a tool."""
    return Evidence(
        id=name,
        server="siem",
        tool="siem_count_events",
        arguments={},
        asked_at=NOW,
        status=status,
        summary="",
        data=data,
        sha256="0" * 64,
        sensor=sensor,
        backend="embedded",
    )


LEDGER = {
    "E1": evidence("E1", {"events": 24, "host": "ws-042"}),
    "E2": evidence("E2", {"events": []}, "no_data"),
    "E3": evidence("E3", None, "stale", "edr"),
    "E4": evidence("E4", {"text": "1. Isolate the host.\n2. Disable the account\n   and end its sessions."}),
}


def says(kind: SentenceKind, words: str, *places: str) -> Sentence:
    """A sentence that cites `E1 $.events` and the like."""
    refs = tuple(Ref(evidence=place.split()[0], path=place.split()[1]) for place in places)
    return Sentence(kind=kind, text=words, cites=refs)


def answer(
    *sentences: Sentence,
    language: Language = "en",
    readings: Iterable[Reading] = (),
    proposals: Iterable[Proposal] = (),
    suggestions: Iterable[str] = (),
) -> Answer:
    """An answer of these sentences."""
    return Answer(
        run_id="run-1",
        thread_id="th-1",
        question="?",
        language=language,
        brain="playbook",
        sentences=sentences,
        readings=tuple(readings),
        proposals=tuple(proposals),
        suggestions=tuple(suggestions),
    )


def judged(expected: Expected, said: Answer | None, language: Language = "en", target: str = "") -> Scored:
    """The answer held against what was expected."""
    heard = Heard(said, LEDGER, "what about ws-042?")
    return score(expected, language, heard, lambda token: token in KNOWN, lambda proposal, ref: target)


def test_a_right_answer_with_its_citation_is_all_it_has_to_be() -> None:
    """The plain case, so that the others differ from it in one thing."""
    scored = judged(fact(text(24)), answer(says("fact", "There were 24 failures.", "E1 $.events")))
    assert (scored.right, scored.honest, scored.cited, scored.in_language) == (True, True, True, True)
    assert (scored.uncited, scored.invented, scored.reasons) == ((), (), ())


def test_another_value_is_wrong_and_therefore_not_cited_right() -> None:
    """A citation of the wrong number is no comfort."""
    scored = judged(fact(text(24)), answer(says("fact", "There were 23 failures.", "E1 $.events")))
    assert (scored.right, scored.cited) == (False, False)
    assert "not said: 24" in scored.reasons


def test_a_value_in_a_struck_sentence_is_not_said() -> None:
    """Nobody should believe it, so nobody is helped by it."""
    struck = says("fact", "There were 24 failures.", "E1 $.events").model_copy(update={"struck_because": "no"})
    assert not judged(fact(text(24)), answer(struck)).right


def test_a_value_in_small_talk_is_not_said() -> None:
    """Speech says nothing about the world."""
    assert not judged(fact(text(24)), answer(says("speech", "Is it 24?"))).right


def test_a_forbidden_value_makes_the_answer_wrong() -> None:
    """Naming every case answers no question about some."""
    expected = fact(text("ws-042"), forbidden=[text("a.chen")])
    assert judged(expected, answer(says("fact", "ws-042", "E1 $.host"))).right
    assert not judged(expected, answer(says("fact", "ws-042 and a.chen", "E1 $.host"))).right


@pytest.mark.parametrize("place", ["E9 $.events", "E1 $.nothing", "E1 $..[", "E1 $.host"])
def test_a_citation_has_to_open_and_to_hold_the_value(place: str) -> None:
    """Evidence that is not there, a path to nothing, a broken path, and the wrong place."""
    scored = judged(fact(text(24)), answer(says("fact", "There were 24 failures.", place)))
    assert (scored.right, scored.cited) == (True, False)


@pytest.mark.parametrize(
    ("words", "borne"),
    [
        ("The runbook says: “1. Isolate the host.", True),
        ("“Disable the account and end its sessions.”", True),
        ("“Disable nobody.”", False),
        ("“”", False),
    ],
)
def test_a_quote_has_to_stand_in_the_text_it_cites(words: str, borne: bool) -> None:
    """From its beginning or from anywhere in it, however its lines are broken; other words are nobody's."""
    assert judged(fact(), answer(says("quote", words, "E4 $.text"))).cited is borne


def test_a_sentence_without_a_citation_is_counted() -> None:
    """Whether it calls itself a fact or only chats about a host nobody asked for."""
    bare = judged(fact(text(24)), answer(says("fact", "There were 24 failures.")))
    assert (len(bare.uncited), bare.cited) == (1, False)
    assert judged(fact(), answer(says("speech", "a.chen is fine."))).uncited == ("a.chen is fine.",)
    assert judged(fact(), answer(says("speech", "Do you mean ws-042?"))).uncited == ()


def test_names_of_nothing_are_found() -> None:
    """In sentences, readings and suggestions alike."""
    reading = Reading(label="ws-998", question="what about ws-998?")
    said = answer(says("fact", "198.51.100.8", "E1 $.host"), readings=[reading], suggestions=["who owns ws-997?"])
    assert judged(fact(), said).invented == ("198.51.100.8", "ws-997", "ws-998")


@pytest.mark.parametrize(
    ("demand", "kind", "honest"),
    [
        ("fact", "fact", True),
        ("fact", "quote", True),
        ("fact", "nothing_found", False),
        ("fact", "could_not_look", False),
        ("fact", "speech", False),
        ("nothing", "nothing_found", True),
        ("nothing", "could_not_look", False),
        ("blind", "could_not_look", True),
        ("blind", "nothing_found", False),
        ("unknown", "nothing_found", True),
        ("unknown", "fact", False),
        ("scope", "fact", False),
        ("scope", "quote", False),
    ],
)
def test_the_kind_of_sentence_has_to_be_the_one_that_truth_demands(
    demand: Demand, kind: SentenceKind, honest: bool
) -> None:
    """`Nothing found` where nobody could look is the most dangerous answer of all."""
    said = answer(says(kind, "words", "E1 $.events"), suggestions=["which cases are open?"])
    assert judged(Expected((demand,)), said).honest is honest


def test_nothing_found_beside_could_not_look_is_dishonest() -> None:
    """A reader would take the comfortable half."""
    said = answer(says("could_not_look", "edr was down", "E3 $"), says("nothing_found", "nothing", "E2 $.events[*]"))
    assert not judged(Expected(("blind",)), said).honest


def test_could_not_look_may_cite_an_answer_that_says_so_itself() -> None:
    """Stale evidence has no data to point into; its sensor is what the sentence shows."""
    expected = Expected(("blind",), (text("edr"),))
    scored = judged(expected, answer(says("could_not_look", "edr could not look.", "E3 $")))
    assert (scored.right, scored.honest, scored.cited) == (True, True, True)


def test_nothing_found_needs_an_answer_that_looked() -> None:
    """A stale answer proves no absence."""
    expected = Expected(("nothing",))
    assert judged(expected, answer(says("nothing_found", "Nothing.", "E2 $.events[*]"))).cited
    assert judged(expected, answer(says("nothing_found", "Nothing.", "E3 $.events[*]"))).cited is False


def test_nothing_found_in_the_wrong_register_is_no_answer() -> None:
    """No permission to be abroad says nothing about a file."""
    said = answer(says("nothing_found", "Nothing.", "E2 $.events[*]"))
    assert judged(Expected(("nothing",), looked_with=("siem_",)), said).honest
    assert not judged(Expected(("nothing",), looked_with=("intel_check_known",)), said).honest


def test_small_talk_may_name_what_the_answer_cites() -> None:
    """A heading says which host the sentences below are about."""
    said = answer(says("speech", "About ws-042:"), says("fact", "24 events.", "E1 $.events"))
    heard = Heard(said, LEDGER, "what about 42?")
    assert score(fact(), "en", heard, lambda token: True, lambda proposal, ref: None).uncited == ()


def test_something_unknown_has_to_be_named_by_whoever_has_no_evidence() -> None:
    """`I do not understand` is no answer about a host that is not there."""
    expected = Expected(("unknown",), echo=(text("ws-999"),))
    assert judged(expected, answer(says("speech", "There is no ws-999 here."))).honest
    assert not judged(expected, answer(says("speech", "Ask me something else."))).honest


def test_two_readings_of_the_right_things_are_a_choice() -> None:
    """One reading is none, and readings of something else help nobody."""
    expected = Expected(("ambiguous",), readings=("ws-140", "ws-141"))
    first, second, other = (Reading(label=name, question=f"what about {name}?") for name in ("ws-140", "ws-141", "x"))
    assert judged(expected, answer(readings=[first, second])).honest
    assert not judged(expected, answer(readings=[first, other])).honest


def test_out_of_scope_is_only_honest_with_something_to_ask_instead() -> None:
    """A bare `no` leaves people where they were."""
    assert judged(Expected(("scope",)), answer(says("speech", "No."), suggestions=["what is T1059?"])).honest
    assert not judged(Expected(("scope",)), answer(says("speech", "No."))).honest


def test_proposed_measures_have_to_be_the_right_ones() -> None:
    """One right one at least, and none against a bystander."""
    block = Proposal(
        kind="action",
        label="Block",
        case_id="C-1",
        tool="firewall__firewall_block_address",
        arguments={"address": Ref(evidence="E0", path="$.ip")},
    )
    expected = Expected(("fact",), targets=(("block_address", "198.51.100.7"),))
    said = answer(says("fact", "24", "E1 $.events"), proposals=[block])
    assert judged(expected, said, target="198.51.100.7").right
    assert not judged(expected, said, target="ws-042").right
    assert not judged(expected, answer(says("fact", "24", "E1 $.events"))).right
    assert not judged(Expected(("fact",), targets=()), said, target="198.51.100.7").right


def test_a_chinese_question_is_answered_in_chinese() -> None:
    """Evidence stays verbatim, the words around it do not."""
    expected = fact(text(24))
    assert judged(expected, answer(says("fact", "共 24 次。", "E1 $.events"), language="zh"), "zh").in_language
    assert not judged(expected, answer(says("fact", "24 times.", "E1 $.events")), "zh").in_language


def test_a_run_that_failed_is_neither_right_nor_honest() -> None:
    """And says so."""
    scored = judged(fact(text(24)), None)
    assert (scored.right, scored.honest, scored.reasons) == (False, False, ("the run failed",))


def test_names_are_told_from_ordinary_words() -> None:
    """Every kind of name, and nothing of a plain sentence."""
    names = "198.51.100.7 ws-042 C-1 W-8cc250 E12 T1110.003 a.chen h.sousa.adm svc-topaz evil.example " + "ab" * 32
    assert tokens(f"Seen: {names}, e.g. at 14:00 in T0 or x.") == names.split()
