"""The span of time that an answer looks at, and how it is told."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from agent.conversation.models import Window, moment_text
from agent.conversation.protocol import Looker, Speech, Understood

DAY: Final = timedelta(days=1)
WEEK: Final = timedelta(days=7)
TOLD: Final = "{name}, {start} to {end} (UTC):"
TOLD_SPAN: Final = "From {start} to {end} (UTC):"
LAST_DAY: Final = "{name}, in the last day:"
LAST_WEEK: Final = "{name}, in the last week:"
_LATELY: Final[Mapping[timedelta, str]] = {DAY: LAST_DAY, WEEK: LAST_WEEK}
_ONLY: Final[Mapping[timedelta, str]] = {DAY: "In the last day:", WEEK: "In the last week:"}


def span(question: Understood, looker: Looker, otherwise: timedelta) -> Window:
    """The span that was asked for; else that long back from now."""
    return question.window or Window(start=looker.now() - otherwise, end=looker.now())


def heading(question: Understood, name: str, otherwise: timedelta) -> Speech:
    """What the sentences below are about: the thing and the span, in the words of the question as it was read."""
    if question.window is None:
        return Speech(_LATELY[otherwise], {"name": name}) if name else Speech(_ONLY[otherwise])
    times = {"start": moment_text(question.window.start), "end": moment_text(question.window.end)}
    return Speech(TOLD, {"name": name, **times}) if name else Speech(TOLD_SPAN, times)
