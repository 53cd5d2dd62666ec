"""Questions that go on from the last one: `which ones?`, `only failures`, `same for gw-02`, `那昨天呢`. They keep its
intent, what it was about, its filters and its span, and change only what they name."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from agent.conversation.models import Entity, EntityType, Referents
from agent.models import JsonObject

_OPENS: Final = re.compile(
    r"^(?:and|but|or|so|ok|okay|then|only|just|same|also|now|what about|how about|what of|again)\b"
    r"|\b(?:too|as well|instead|only)\W*$|也\W*$|^(?:那么|那|再|还有|只|仅|同样|换成|换|以及)|呢\W*$"
)
_GROUPS: Final = re.compile(
    r"^(?:and |but )?(?:by|from|to|for|on|in|with) (?:which|what|whom|where|how many)\b"
    r"|^(?:都)?(?:从|在|由)?(?:哪里|哪儿|哪些|哪个|哪台)|^(?:分别|都)(?:是|从|在|来自)"
)
_ONES: Final = re.compile(r"\b(?:ones?|those|them|these|they)\b|这些|那些|它们|其中|前者|后者")
_REFINES: Final = re.compile(
    r"\b(?:how many|how often|count|number|in total|total|altogether|first|earliest|since when|last|latest|most recent"
    r"|when|list|show|details?|which|what|from where|to where|where from|who|whom|by (?:user|host|account|source)"
    r"|success\w*|succeeded|fail\w*|of those|of them|denied|allowed|blocked)\b"
    r"|多少|几次|几条|总共|一共|次数|总数|首次|最早|第一|什么时候|何时|几点|最后|最近一次|最新|哪些|哪个|哪台|谁|列出|详细|具体"
    r"|成功|失败|被拒|从哪"
)
_OUTCOMES: Final[Mapping[str, str]] = {
    "failure": r"\bfail\w*|\bunsuccessful\w*|\bdenied\b|\bblocked\b|失败|被拒|不成功|未成功",
    "success": r"(?<!un)success\w*|\bsucceeded\b|\ballowed\b|\bworked\b|(?<!不)(?<!未)成功",
}
_ACTORS: Final[tuple[EntityType, ...]] = ("host", "account", "address")
_FIELDS_OF: Final[Mapping[EntityType, tuple[str, ...]]] = {
    "host": ("host.name",),
    "account": ("user.name", "user.target.name"),
    "address": ("source.ip", "destination.ip"),
    "domain": ("dns.question.registered_domain", "destination.domain", "dns.question.name"),
    "sha256": ("file.hash.sha256", "process.hash.sha256"),
}
"""Fields in which a thing of that kind stands."""
_FEW: Final = 12
"""Words of a question that may go on without saying so."""


def opens(plain: str) -> bool:
    """Whether the question begins or ends like one that goes on."""
    return _OPENS.search(plain) is not None


def points_at_listed(plain: str) -> bool:
    """Whether it speaks of `ones`, `those`, `其中`."""
    return _ONES.search(plain) is not None


def speaks_of_ones(plain: str) -> bool:
    """Whether it speaks of `ones`, which are always some of what was listed."""
    return re.search(r"\bones?\b|其中", plain) is not None


def groups(plain: str) -> bool:
    """Whether it begins by asking for whom, from where or on which hosts."""
    return _GROUPS.search(plain) is not None


def asks_how_long(plain: str) -> bool:
    """Whether it asks since when, until when or for how long, and little else."""
    return (
        re.fullmatch(
            r"(?:and |ok |so )?(?:since when|until when|how long|when did (?:it|that|this) (?:start|stop|happen))\b"
            r".{0,20}"
            r"|.{0,6}(?:从什么时候|什么时候开始|多久|自何时).{0,6}",
            plain,
        )
        is not None
    )


def refines(plain: str) -> bool:
    """Whether it asks for a number, a first or last one, a list, a grouping or an outcome."""
    return _REFINES.search(plain) is not None and len(re.findall(r"[a-z']+|[\u3400-\u9fff]{2}", plain)) <= _FEW


def outcome(plain: str) -> JsonObject:
    """The filter of `only failures`, `any successful ones`."""
    said = next((name for name, words in _OUTCOMES.items() if re.search(words, plain)), None)
    return {} if said is None else {"event.outcome": said}


def kept_subjects(before: Referents, said: Sequence[Entity]) -> list[Entity]:
    """What the last question was about, without what the new one puts in its place: a thing of the same kind, else
    another host, account or address."""
    named = {entity.type for entity in said}
    gone = named if named & {entity.type for entity in before.subjects} else named | _in_place_of(named)
    return [entity for entity in before.subjects if entity.type not in gone]


def _in_place_of(named: set[EntityType]) -> set[EntityType]:
    return set(_ACTORS) if named.intersection(_ACTORS) else set()


def kept_filters(before: Referents, said: Sequence[Entity], changed: JsonObject, *, kinds: bool) -> JsonObject:
    """The last question's filters with what changes: a new kind of event puts away the old one, a new thing the
    fields that named the old one."""
    kept = (
        {name: value for name, value in before.filters.items() if not name.startswith("event.")}
        if kinds
        else before.filters
    )
    named = {field for entity in said for field in _FIELDS_OF.get(entity.type, ())}
    if named and not named.intersection(kept):
        named = {field for entity in said if entity.type in _ACTORS for kind in _ACTORS for field in _FIELDS_OF[kind]}
    return {**{name: value for name, value in kept.items() if name not in named}, **changed}
