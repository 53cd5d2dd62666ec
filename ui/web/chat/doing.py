"""What a person does in a conversation, done over the API: nothing is decided or kept here."""

from typing import Final

import streamlit as st

from ui.api.client import ApiError
from ui.web.board import Act
from ui.web.case import doing as casework
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
    """Carry out what a board tells; what changes a case is done as on the page of that case."""
    match act.name:
        case "ask":
            ask(visit, act.value)
        case "stop":
            stop(visit, act.value)
        case _:
            casework.do(visit, act.value, act)


def stop(visit: Visit, run_id: str) -> None:
    """Stop a run; one that has ended by itself is left alone."""
    try:
        visit.api.stop(visit.world, run_id)
    except ApiError as error:
        say(visit.t("Not stopped: {why}", why=error.message))
