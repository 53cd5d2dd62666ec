"""The top of a conversation: what it is about, the other conversations, and where to begin without one."""

from collections.abc import Sequence

from agent.conversation.models import Thread
from ui.web.chat.proposals import ask_button
from ui.web.frame import Visit
from ui.web.icons import icon
from ui.web.markup import Html, el

SHOWN = 20
"""Conversations that are listed."""


def draw_head(visit: Visit, thread: Thread | None, threads: Sequence[Thread]) -> Html:
    """Title, case, the way to other conversations."""
    t = visit.t
    case = (thread.case_id if thread else None) or visit.asked("case")
    return el(
        "header",
        el("h1", t("Ask the analyst")),
        _link(visit.address("case", case=case), "case", case, "chip") if case else None,
        _others(visit, thread, threads) if thread else None,
        _link(visit.address("chat"), "chat", t("New conversation"), "button") if thread else None,
        class_="talk",
    )


def _link(address: str, drawing: str, label: str, kind: str) -> Html:
    return el("a", icon(drawing), label, href=address, data_go=True, class_=kind)


def draw_beginning(visit: Visit, threads: Sequence[Thread]) -> Html:
    """What to do when no conversation is open."""
    t = visit.t
    return el(
        "section",
        el("p", t("Every sentence of an answer cites the evidence it stands on, and opens it.")),
        el("div", *(ask_button(question) for question in first_questions(visit)), class_="suggestions", role="group"),
        el("h2", t("Conversations")) if threads else None,
        draw_threads(visit, None, threads) if threads else None,
        class_="beginning",
    )


def first_questions(visit: Visit) -> tuple[str, ...]:
    """Questions to begin with; about the case when there is one."""
    t = visit.t
    if case := visit.asked("case"):
        return (
            t("What happened in {case} and why?", case=case),
            t("What would change the verdict of {case}?", case=case),
            t("How do I contain {case}?", case=case),
        )
    return (t("Which alerts are open, by priority?"), t("What changed since my last visit?"), t("What can you do?"))


def draw_threads(visit: Visit, here: Thread | None, threads: Sequence[Thread]) -> Html:
    """The conversations, the one used last first."""
    rows = (
        el(
            "li",
            el(
                "a",
                el("span", thread.title or thread.id),
                el("b", thread.case_id) if thread.case_id else None,
                el("time", f"{thread.updated_at:%m-%d %H:%M}"),
                href=visit.address("chat", thread=thread.id),
                data_go=True,
                aria_current="true" if here and thread.id == here.id else None,
            ),
        )
        for thread in threads[:SHOWN]
    )
    return el("ul", *rows, class_="threads")


def _others(visit: Visit, here: Thread, threads: Sequence[Thread]) -> Html:
    return el(
        "details",
        el("summary", el("span", here.title or here.id), class_="button", title=visit.t("Conversations")),
        draw_threads(visit, here, threads),
        class_="menu",
        id="conversations",
    )
