"""A question, the looks it took, and the sentences of its answer."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from agent.conversation.models import ChatStep, Run, Sentence, SentenceKind
from agent.models import Ref
from ui.cli.catalogue import Catalogue
from ui.web.evidence import class_mark, status_name
from ui.web.frame import address_with, elsewhere
from ui.web.icons import icon
from ui.web.markup import Html, el, lines

BLIND: Final = frozenset({"error", "refused", "stale"})
"""How an answer ends that says nothing about what was looked for."""
SIGNS: Final[Mapping[SentenceKind, str]] = {
    "fact": "check",
    "nothing_found": "search",
    "could_not_look": "blind",
    "quote": "note",
    "speech": "chat",
}


CITED: Final = "[{id}]"
"""How a template of a sentence names the section of a document that it cites."""
_LAST: Final = re.compile(r"\[([^\[\]]+#[^\[\]]+)\][^\[\]]{0,2}$")


@dataclass(frozen=True, slots=True)
class Turn:
    """One question of a conversation and what is known of its answer so far."""

    run: Run
    steps: tuple[ChatStep, ...] = ()

    @property
    def running(self) -> bool:
        return self.run.status == "running"

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        """What holds."""
        return self._said("sentence") if self.run.answer is None else self.run.answer.sentences

    @property
    def struck(self) -> tuple[Sentence, ...]:
        """What did not hold."""
        return self._said("struck") if self.run.answer is None else self.run.answer.struck

    def told(self, kind: str) -> tuple[ChatStep, ...]:
        """The steps of one kind."""
        return tuple(step for step in self.steps if step.kind == kind)

    def _said(self, kind: str) -> tuple[Sentence, ...]:
        return tuple(step.sentence for step in self.told(kind) if step.sentence is not None)


def draw_turn(t: Catalogue, turn: Turn, *more: Html | None) -> Html:
    """The markup of one turn; `more` comes after the answer."""
    return el(
        "article",
        el("h2", turn.run.question),
        _course(t, turn),
        el("ul", *(draw_sentence(t, sentence) for sentence in turn.sentences), class_="said"),
        _struck(t, turn),
        _end(t, turn),
        *more,
        class_="turn running" if turn.running else "turn",
        id=f"turn-{turn.run.id}",
    )


def draw_sentence(t: Catalogue, sentence: Sentence) -> Html:
    """One sentence: its kind in words (unseen where it is the usual one), its text, and where it opens."""
    usual = sentence.kind in ("fact", "speech")
    return el(
        "li",
        el("span", icon(SIGNS[sentence.kind]), class_="kind"),
        el(
            "div",
            el("span", kind_name(t, sentence.kind), class_="unseen" if usual else "label"),
            el("span", lines(sentence.text), class_="text"),
            _section(t, sentence),
            _cites(t, sentence),
            class_="words",
        ),
        class_=f"sentence {sentence.kind}",
    )


def kind_name(t: Catalogue, kind: SentenceKind) -> str:
    """What a sentence is, in words; its colour and its drawing only repeat it."""
    names: Mapping[SentenceKind, str] = {
        "fact": t("Found"),
        "nothing_found": t("Nothing found"),
        "could_not_look": t("Could not look"),
        "quote": t("Quote"),
        "speech": t("Analyst"),
    }
    return names[kind]


def draw_cite(t: Catalogue, ref: Ref, label: str | None = None) -> Html:
    """A chip that opens one place of the evidence."""
    return el(
        "a",
        label or ref.evidence,
        href=address_with(evidence=ref.evidence, path=ref.path),
        data_go=True,
        class_="chip blue",
        title=t("Open evidence {id}", id=ref.evidence),
    )


def _section(t: Catalogue, sentence: Sentence) -> Html | None:
    """The way to the section of a document that a sentence cites."""
    template = sentence.claim.template if sentence.claim else ""
    cited = _LAST.search(sentence.text) if CITED in template else None
    if cited is None:
        return None
    place = elsewhere("knowledge", section=cited[1])
    return el("a", icon("knowledge"), t("Open the section"), href=place, data_go=True, class_="chip line opens")


def _cites(t: Catalogue, sentence: Sentence) -> Html | None:
    """One chip per piece of evidence, at the first place that the sentence reads."""
    places: dict[str, Ref] = {}
    for ref in sentence.cites:
        places.setdefault(ref.evidence, ref)
    if not places:
        return None
    chips = (draw_cite(t, ref) for ref in places.values())
    return el("span", *chips, class_mark(t, sentence.provenance), class_="cites")


def _course(t: Catalogue, turn: Turn) -> Html:
    """How the question was read and what was looked at: folded once the answer is there."""
    read = [el("p", step.text, class_="read") for step in turn.told("understood")]
    notices = [el("p", icon("flag"), el("span", step.text), class_="notice") for step in turn.told("notice")]
    return el("div", *read, *notices, _looks(t, turn), class_="course")


def _looks(t: Catalogue, turn: Turn) -> Html | None:
    calls = turn.told("call")
    if not calls:
        return None
    blind = sum(step.status in BLIND for step in calls)
    return el(
        "details",
        el(
            "summary",
            el("span", t("Looks: {n}", n=len(calls))),
            el("span", t("without an answer: {n}", n=blind), class_="blind") if blind else None,
        ),
        el("ol", *(_look(t, step) for step in calls)),
        class_="looks",
        id=f"looks-{turn.run.id}",
    )


def _look(t: Catalogue, step: ChatStep) -> Html:
    status = step.status or "success"
    return el(
        "li",
        el("span", status_name(t, status), class_=f"status {'blind' if status in BLIND else status}"),
        el("code", step.text),
        draw_cite(t, Ref(evidence=step.evidence, path="$")) if step.evidence else None,
    )


def _struck(t: Catalogue, turn: Turn) -> Html | None:
    if not turn.struck:
        return None
    rows = (
        el("li", el("s", sentence.text), el("p", t("Struck:"), " ", sentence.struck_because or "", class_="why"))
        for sentence in turn.struck
    )
    return el(
        "details",
        el("summary", t("Struck because the evidence does not bear it: {n}", n=len(turn.struck))),
        el("ul", *rows),
        class_="struck",
        id=f"struck-{turn.run.id}",
    )


def _end(t: Catalogue, turn: Turn) -> Html | None:
    """How the run stands, or how it came to its answer."""
    run = turn.run
    if turn.running:
        return el(
            "p", el("span", class_="pulse", aria_hidden=True), t("Working on it"), class_="run-state", role="status"
        )
    if run.status == "stopped":
        return el("p", icon("cross"), t("Stopped. What was found until then stands above."), class_="run-state")
    if run.answer is None:
        return el("p", icon("alarm"), t("No answer came of this. Ask it again."), class_="run-state red")
    answer = run.answer
    how = t("Without a model") if answer.brain == "playbook" else answer.brain
    looks, seconds = t("looks: {n}", n=answer.calls), t("{n} s", n=f"{answer.seconds:.1f}")
    return el("p", el("span", how), el("span", looks), el("span", seconds), class_="how")
