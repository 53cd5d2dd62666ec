"""Asking the analyst: a conversation, live while an answer is worked on, with the evidence beside it.

The answer is worked on behind the API whether or not anybody looks; the address names conversation, run and evidence,
so a reload and another tab show the same.
"""

import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final

import streamlit as st

from agent.conversation.models import ChatStep, Run, Thread
from ui.api.client import ApiError
from ui.api.models import StepPage
from ui.web.board import board
from ui.web.chat.doing import UNSENT, ask, do
from ui.web.chat.head import draw_beginning, draw_head
from ui.web.chat.proposals import ask_button, draw_next
from ui.web.chat.turns import Turn, draw_turn
from ui.web.evidence import closed_address, draw_evidence
from ui.web.frame import Visit, address_with
from ui.web.icons import icon
from ui.web.markup import Html, el, join
from ui.web.notices import empty

POLL_S: Final = 0.5
"""How often a run is looked at while it is on."""
FIRST_WAIT_S: Final = 0.05
FIRST_TRIES: Final = 8
"""How long, and how often, a look at a run waits for its first step."""
TURNS: Final = 8
"""Questions of a conversation that are shown before somebody asks for the earlier ones."""
STEPS: Final = "steps"
"""Where the session keeps the steps of runs it has seen: a step never changes."""
QUESTION: Final = "question"


def draw(visit: Visit) -> None:
    """Draw the page for a visit."""
    if not visit.may("chat.ask"):
        board(_may_not(visit), "talk")
        return
    _question_box(visit)
    threads = visit.api.threads(visit.world).threads
    thread_id = visit.asked("thread") or _thread_of_run(visit)
    if not thread_id:
        board(join((draw_head(visit, None, threads), draw_beginning(visit, threads))), "talk", partial(do, visit))
        return
    view = visit.api.thread(visit.world, thread_id)
    board(draw_head(visit, view.thread, threads), "talk")
    done = [run for run in view.runs if run.status != "running"]
    running = [run for run in view.runs if run.status == "running"]
    board(_past(visit, done, latest=not running), "turns", partial(do, visit))
    for run in running:
        st.fragment(_follow, run_every=POLL_S)(visit, run.id, st.query_params.to_dict())
    _panel(visit, view.thread)


def _question_box(visit: Visit) -> None:
    """Where questions are typed; Enter asks."""
    st.chat_input(
        visit.t("Ask about a case, host, user or address"),
        key=QUESTION,
        max_chars=8000,
        on_submit=lambda: ask(visit, str(st.session_state[QUESTION] or "")),
    )


def _may_not(visit: Visit) -> Html:
    """What somebody reads who may not ask."""
    t = visit.t
    lead = t("Your roles do not include asking. Somebody with the role admin can give you another one.")
    return empty("chat", t("You may not ask the analyst"), lead)


def _thread_of_run(visit: Visit) -> str:
    run = visit.asked("run")
    return visit.api.run(visit.world, run).thread_id if run else ""


def _past(visit: Visit, runs: Sequence[Run], *, latest: bool) -> Html:
    """The questions that were dealt with; the last of them with what may come next."""
    shown = runs if visit.asked("all") else runs[-TURNS:]
    turns = [Turn(run, _steps(visit, run)) for run in shown]
    drawn = [draw_turn(visit.t, turn) for turn in turns[:-1]]
    if turns:
        answer = turns[-1].run.answer
        drawn.append(draw_turn(visit.t, turns[-1], draw_next(visit, answer) if latest and answer else None))
    return el("div", _earlier(visit, len(runs) - len(shown)), *drawn, _unsent(visit), class_="turns")


def _earlier(visit: Visit, hidden: int) -> Html | None:
    if not hidden:
        return None
    label = visit.t("Earlier questions: {n}", n=hidden)
    return el("a", label, href=address_with(all="1"), data_go=True, class_="button")


def _unsent(visit: Visit) -> Html | None:
    """A question that could not be asked, to be asked again."""
    question = st.session_state.get(UNSENT)
    if not isinstance(question, str):
        return None
    return el("div", el("h3", visit.t("Not asked yet")), ask_button(question), class_="suggestions")


def _follow(visit: Visit, run_id: str, drawn: Mapping[str, str]) -> None:
    """One look at a run that is on. When it has ended, or the address is another than was `drawn`, the whole page is
    drawn again."""
    page = _soon(visit, run_id)
    turn = Turn(page.run, page.steps)
    stop = el("button", icon("cross"), visit.t("Stop"), type="button", data_do="stop", value=run_id, class_="button")
    board(draw_turn(visit.t, turn, stop), "live", partial(do, visit))
    if not turn.running or st.query_params.to_dict() != drawn:
        st.rerun()


def _soon(visit: Visit, run_id: str) -> StepPage:
    """The steps there are; just after Enter, the first of them is worth a moment's wait."""
    page = visit.api.steps(visit.world, run_id)
    for _ in range(FIRST_TRIES):
        if page.steps or page.run.status != "running":
            break
        time.sleep(FIRST_WAIT_S)
        page = visit.api.steps(visit.world, run_id)
    return page


def _steps(visit: Visit, run: Run) -> tuple[ChatStep, ...]:
    """The steps of a run that has ended."""
    kept: dict[str, tuple[ChatStep, ...]] = st.session_state.setdefault(STEPS, {})
    if run.id not in kept:
        kept[run.id] = visit.api.steps(visit.world, run.id).steps
    return kept[run.id]


def _panel(visit: Visit, thread: Thread) -> None:
    """The evidence that the address names."""
    if not (evidence := visit.asked("evidence")):
        return
    try:
        view = visit.api.thread_evidence(visit.world, thread.id, evidence, visit.asked("path") or None)
    except ApiError as error:
        board(el("aside", el("p", error.message), class_="drawer"), "panel", escape=closed_address())
        return
    board(draw_evidence(visit.t, view), "panel", escape=closed_address())
