"""Why a case is like another one and how that one ended, in words. Context for a person, never evidence."""

from typing import Final

from agent.cases.similar import Kind, Shared, Similar
from agent.evidence.text import inert
from agent.models import Disposition
from agent.wording import Language, localised

_ENTITIES: Final[dict[str, str]] = {
    "host": "the host {value}",
    "account": "the account {value}",
    "address": "the address {value}",
    "domain": "the domain {value}",
    "sha256": "the file with the hash {value}",
    "access_key": "the access key {value}",
}
_KINDS: Final[dict[Kind, str]] = {
    "entity": "{value} in both",
    "technique": "the technique {value}",
    "rule": "the rule “{value}”",
    "sequence": "the same steps in the same order: {value}",
    "class": "the class {value}",
}
_ENDED: Final[dict[Disposition, str]] = {
    "true_positive": "It was an attack, says {who}.",
    "benign_true_positive": "It was authorised or harmless work, says {who}.",
    "false_positive": "It was a false alarm, says {who}.",
    "needs_human": "It was left for a person to decide.",
    "not_evaluable": "It could not be evaluated.",
}
_OPEN: Final = "It has not been judged yet."


def reasons(item: Similar, language: Language = "en") -> tuple[str, ...]:
    """What the two share, one phrase each, the most telling first; an attacker's words in it are inert."""
    return tuple(_reason(shared, language) for shared in item.why)


def ending(item: Similar, language: Language = "en") -> str:
    """How the other case ended: by the person who closed it, by code until somebody did."""
    disposition = item.human_disposition or item.disposition
    if disposition is None:
        return localised(_OPEN, language)
    who = localised("the person who closed it" if item.human_disposition else "the machine, not yet a person", language)
    return localised(_ENDED[disposition], language).format(who=who)


def _reason(shared: Shared, language: Language) -> str:
    value = inert(shared.value)
    if shared.kind == "entity":
        kind, _, name = value.partition(":")
        return localised(_ENTITIES.get(kind, _KINDS["entity"]), language).format(value=name)
    if shared.kind == "sequence":
        steps = (step.rpartition(".")[2].replace("_", " ") for step in value.split(" > "))
        value = " → ".join(steps)
    return localised(_KINDS[shared.kind], language).format(value=value)
