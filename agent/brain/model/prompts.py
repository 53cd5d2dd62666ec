"""The texts a model is given: one file per decision in agent/brain/prompts, composed into one system message.

Nothing in it depends on a case, so that every request of every case begins with the same bytes.
"""

from functools import cache
from importlib.resources import files
from typing import Final

SYSTEM: Final = ("system", "plan", "assess", "challenge", "conclude")
"""The parts of the system message, in order."""
SECOND: Final = "second"
_VERSION: Final = "version: "


@cache
def prompt(name: str) -> str:
    """The text of one prompt file, without its version."""
    return _parts(name)[1]


@cache
def system_prompt() -> str:
    """The system message: the same for every decision of every case."""
    return "\n\n".join(prompt(name) for name in SYSTEM)


@cache
def prompt_version() -> str:
    """Name and version of the decision prompts as a case keeps it: the version of each file, in order."""
    return "decisions@" + ".".join(_parts(name)[0] for name in (*SYSTEM, SECOND))


@cache
def _parts(name: str) -> tuple[str, str]:
    """Version and text. Raises: ValueError when the first line has no version."""
    head, _, text = (files("agent.brain") / "prompts" / f"{name}.md").read_text("utf-8").partition("\n")
    if not head.startswith(_VERSION):
        raise ValueError(f"prompts/{name}.md has no version in its first line")
    return head.removeprefix(_VERSION).strip(), text.strip()
