"""What `it`, `that host` and `the second one` point at."""

import re
from collections.abc import Collection, Sequence
from typing import Final

from agent.conversation.models import Entity, EntityType, Referents
from agent.conversation.understanding.words import Words

_ORDINALS: Final = {
    "first": 1, "1st": 1, "second": 2, "2nd": 2, "third": 3, "3rd": 3, "fourth": 4, "4th": 4, "fifth": 5, "5th": 5,
    "sixth": 6,    "6th": 6, "seventh": 7, "eighth": 8, "last": -1,
    "一": 1, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8,
}  # fmt: skip
THINGS: Final[tuple[EntityType, ...]] = ("host", "account", "address", "domain", "url", "sha256")
_BY_ARTICLE: Final[tuple[EntityType, ...]] = ("host", "account", "address", "sha256", "case")
"""Kinds of which `the host` means the one that was talked about."""
_PRONOUNS: Final[tuple[tuple[re.Pattern[str], tuple[EntityType, ...]], ...]] = (
    (re.compile(r"\b(?:he|she|him|his|her|hers)\b|(?<!其)[他她](?!们)|此人|这个人|那个人"), ("account",)),
    (re.compile(r"(?<!is )(?<!are )(?<!was )(?<!were )(?<!be )\bthere\b|[这那该]台(?!主|服|机|电)|该机"), ("host",)),
    (
        re.compile(
            r"\b(?:it|its|(?:that|this) one)\b|\b(?:is|was|did|does|has|do|about|of|on|from|to|by|with) (?:that|this)\b"
            r"(?! (?:week|month|year|morning|afternoon|evening|time|day|hour))"
            r"|它(?!们)|其(?![他它中实余])|该(?=是|的|在)"
        ),
        ("case", *THINGS, "technique"),
    ),
)
_ORDINAL: Final = re.compile(
    r"\b(first|1st|second|2nd|third|3rd|fourth|4th|fifth|5th|sixth|6th|seventh|eighth|last)"
    r" (?:one|case|claim|alert|event|host|statement|item|point|line|entry|result|finding|fact|user|account|sentence)\b"
    r"|第\s*([一二三四五六七八]|\d{1,2})\s*(?:个|条|项|点|起|台|位|句)"
    r"|\b(?:number|no\.?|item|line) (\d{1,2})\b"
)


def ordinal(plain: str, referents: Referents) -> Entity | None:
    """What `the second one` is among what the last answer listed."""
    found = _ORDINAL.search(plain)
    if found is None or not referents.listed:
        return None
    word = found[1] or found[2] or found[3]
    place = int(word) if word.isdigit() else _ORDINALS[word]
    if place > len(referents.listed) or place == 0:
        return None
    listed = referents.listed[place - 1 if place > 0 else -1]
    return listed.model_copy(update={"said": found[0]})


def pointed_types(plain: str, words: Words) -> list[EntityType]:
    """The kinds of things of which `that host`, `the user`, `这台主机` point at one."""
    found: list[EntityType] = []
    for kind, said in words.types.items():
        one = [word for word in said if not (word.endswith("s") and word[:-1] in said)]
        english = "|".join(re.escape(word) for word in one if word.isascii())
        chinese = "|".join(word for word in one if not word.isascii())
        lead = "that|this|the|same|its|their" if kind in _BY_ARTICLE else "that|this|same"
        if re.search(
            rf"\b(?:{lead}) (?:same )?(?:{english})\b(?! (?:of|for) (?!it\b|this\b|that\b))", plain
        ) or re.search(rf"(?:这|那|该|此|上述)(?:一)?(?:个|台|位|条|起|只)?(?:{chinese})", plain):
            found.append(kind)
    return found


def carried(referents: Referents, hints: Sequence[EntityType], said: Sequence[Entity]) -> list[Entity]:
    """What the thread was about, what is pointed at first; kinds that the question itself names are left out."""
    named = {entity.type for entity in said}
    kept = [item.model_copy(update={"said": ""}) for item in referents.entities if item.type not in named]
    return sorted(kept, key=lambda entity: hints.index(entity.type) if entity.type in hints else len(hints))


def pronoun(plain: str) -> tuple[str, tuple[EntityType, ...]] | None:
    """A word that points back without saying at what kind of thing, and the kinds it may point at."""
    for pattern, types in _PRONOUNS:
        if found := pattern.search(plain):
            return found[0].strip(), types
    return None


def meant(kept: Sequence[Entity], types: Collection[EntityType], word: str) -> Entity | None:
    """The latest thing of one of these kinds, as said by `word`."""
    found = next((entity for entity in kept if entity.type in types), None)
    return None if found is None else found.model_copy(update={"said": word})
