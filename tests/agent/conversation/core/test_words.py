"""What the conversation itself says is there in Chinese."""

from string import Formatter

import pytest

from agent.conversation import nodes, running, service
from agent.conversation.model import chat
from agent.conversation.model.speeches import SPEECHES
from agent.wording.catalogue import translations

SAID = [
    *(
        value
        for part in (nodes, running, service)
        for name, value in vars(part).items()
        if name.isupper() and isinstance(value, str)
    ),
    *nodes.STILL_USEFUL,
    *SPEECHES.values(),
    chat.DISCLOSURE,
]


@pytest.mark.parametrize("template", sorted(set(SAID)))
def test_every_sentence_of_ours_is_translated_with_its_slots(template: str) -> None:
    """A sentence that was forgotten would stand in English in the middle of a Chinese answer."""
    translated = translations("zh").get(template, "")

    assert translated
    assert slots(translated) == slots(template)


def slots(template: str) -> set[str | None]:
    """Names of the slots of a template."""
    return {name for _, name, _, _ in Formatter().parse(template)} - {None}
