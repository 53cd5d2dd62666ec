"""What a person does in a conversation, done over the API: nothing is decided or kept here."""

from collections.abc import Callable, Mapping
from typing import Final, cast

import streamlit as st

from ui.api.client import ApiError
from ui.api.models import ReasonCode
from ui.web.board import Act
from ui.web.frame import Visit
from ui.web.notices import say

UNSENT: Final = "unsent"
"""Where the session keeps a question that could not be asked, so that nobody types it twice."""


def ask(visit: Visit, question: str) -> None:
    """Ask in the conversation of the address, or open one; the address then names the run."""
    if not question.strip():
        return
    try:
        thread = visit.asked("thread") or visit.api.create_thread(visit.world, visit.asked("case") or None).id
        run = visit.api.ask(visit.world, thread, question)
    except ApiError as error:
        st.session_state[UNSENT] = question
        say(visit.t("Not asked: {why}", why=error.message))
        return
    st.session_state.pop(UNSENT, None)
    kept = {"lang": visit.asked("lang"), "world": visit.world, "thread": thread, "run": run.id}
    st.query_params.from_dict({name: value for name, value in kept.items() if value})


def do(visit: Visit, act: Act) -> None:
    """Carry out what a board tells."""
    ways: Mapping[str, Callable[[Visit, Act], str | None]] = {
        "ask": _ask,
        "stop": _stop,
        "take": _take,
        "note": _note,
        "close": _close,
        "reopen": _reopen,
    }
    try:
        done = ways[act.name](visit, act)
    except ApiError as error:
        done = visit.t("That did not work: {why}", why=error.message)
    if done:
        say(done)


def _ask(visit: Visit, act: Act) -> None:
    ask(visit, act.value)


def _stop(visit: Visit, act: Act) -> None:
    visit.api.stop(visit.world, act.value)


def _take(visit: Visit, act: Act) -> str:
    line = visit.api.take(visit.world, act.value)
    return visit.t("{case} is yours now.", case=line.id)


def _note(visit: Visit, act: Act) -> str:
    line = visit.api.note(visit.world, act.value, act.fields.get("text", ""))
    return visit.t("The note stands on {case}.", case=line.id)


def _close(visit: Visit, act: Act) -> str:
    reason = cast(ReasonCode, act.fields.get("reason_code", ""))
    line = visit.api.close_case(visit.world, act.value, reason, act.fields.get("note", ""))
    return visit.t("{case} is closed.", case=line.id)


def _reopen(visit: Visit, act: Act) -> str:
    line = visit.api.reopen(visit.world, act.value, act.fields.get("why", ""))
    return visit.t("{case} is open again.", case=line.id)
