"""What leaves this machine is said before it does: once per home, endpoint and model."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from agent.brain.endpoint.protocol import Endpoint
from agent.brain.records import keep_told, read_record
from agent.evidence.text import inert
from agent.models import utc_now
from agent.wording import Language, localised

DISCLOSURE: Final = (
    "Alerts are judged with the help of {model} at {endpoint}. It is sent alerts and answers of the tools: records of"
    " operators, sensor values and texts that outsiders may have written. Secrets are masked; names of hosts and"
    " accounts are {names}."
)
UNMEASURED: Final = "Nobody measured what this model is fit for; to do so, run: mcpsoc model probe"
HIDDEN: Final = "replaced"
SHOWN: Final = "sent as they are"

log = logging.getLogger(__name__)


def disclosure(endpoint: Endpoint, *, hidden: bool, language: Language = "en") -> str:
    """Which endpoint decisions are asked of and what it sees."""
    return localised(DISCLOSURE, language).format(
        model=inert(endpoint.name.removeprefix("model:")),
        endpoint=inert(endpoint.shown),
        names=localised(HIDDEN if hidden else SHOWN, language),
    )


@dataclass(frozen=True, slots=True)
class Discloser:
    """Says it, and remembers that it was said."""

    home: Path | None
    """Where it is remembered; None: nowhere."""
    tell: Callable[[str], None]
    """Tells a person."""
    language: Language = "en"

    def announce(self, endpoint: Endpoint, *, hidden: bool) -> None:
        """Tell a person and the log, unless this home has been told. Raises: ModelRecordError."""
        name = endpoint.name.removeprefix("model:")
        known = None if self.home is None else read_record(self.home, endpoint.shown, name)
        if known is not None and known.told_at is not None:
            return
        log.warning("model_disclosed endpoint=%s model=%s names_hidden=%s", endpoint.shown, name, hidden)
        self.tell(disclosure(endpoint, hidden=hidden, language=self.language))
        if known is None or known.fitness is None:
            self.tell(localised(UNMEASURED, self.language))
        if self.home is not None:
            keep_told(self.home, endpoint.shown, name, utc_now())
