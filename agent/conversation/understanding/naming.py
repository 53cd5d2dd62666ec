"""From words that look like names to the things they mean."""

import re
from collections.abc import Sequence
from typing import Final

from agent.conversation.models import Entity, EntityType
from agent.conversation.protocol import Looker
from agent.conversation.understanding.mentions import Mention, Mentions
from agent.conversation.understanding.names import account_names, dotted_name, file_hashes, host_names, loose_names
from agent.conversation.understanding.scoring import unknown_words
from agent.conversation.understanding.table import Table
from agent.conversation.understanding.words import Words

_MOST_LOOSE: Final = 3
_TYPED: Final = re.compile(
    r"\b(?P<type>host|hostname|machine|computer|server|workstation|laptop|user|username|account|employee)\s+"
    r"(?:named |called )?[\"']?(?P<name>[\w.-]{3,})",
    re.IGNORECASE | re.ASCII,
)
_TYPED_ZH: Final = re.compile(
    r"(?P<type>主机|服务器|机器|电脑|终端|用户|账号|帐号|账户|员工)\s*[\"']?(?P<name>[A-Za-z][\w.-]{2,})"
)
_ACCOUNT_WORDS: Final = ("user", "username", "account", "employee", "用户", "账号", "帐号", "账户", "员工")


_AFTER_ACCOUNT: Final = re.compile(
    r"(?:\b(?:user|username|account|login|employee)|用户|账号|帐号|账户|员工)\s*[:：]?\s*$", re.IGNORECASE
)


async def named(
    found: Mentions, table: Table, known: Words, words: Sequence[str], text: str, looker: Looker
) -> tuple[list[Mention], list[list[Entity]]]:
    """What is named for sure, and names that mean one of several things each."""
    sure, doubts = list(found.found), []
    for start, entities in await _looked_up(found, known, text, looker):
        if len(entities) == 1:
            sure.append(Mention(entities[0], start))
        elif entities:
            doubts.append(entities)
    if not sure and not doubts:
        entities = await _loose(found, table, known, words, looker)
        if len({entity.value for entity in entities}) == 1:
            sure.append(Mention(entities[0], 0))
        elif entities:
            doubts.append(entities)
    return sure, doubts


async def _looked_up(found: Mentions, known: Words, text: str, looker: Looker) -> list[tuple[int, list[Entity]]]:
    """Each word that has the shape of a name, with all it may mean."""
    meant: list[tuple[int, list[Entity]]] = []
    for word, start in found.hosts:
        names = await host_names(word, looker)
        meant.append((start, _entities("host", names or [word.lower()], word)))
    for word, start in found.accounts:
        names = await account_names(word, looker)
        meant.append((start, _entities("account", names or [word.lower()], word)))
    for word, start in found.dotted:
        if _AFTER_ACCOUNT.search(text[:start]):
            meant.append((start, _entities("account", await account_names(word, looker) or [word.lower()], word)))
        elif word.lower() not in known.fields:
            meant.append((start, await dotted_name(word, looker)))
    for word, start in found.hash_parts:
        meant.append((start, _entities("sha256", await file_hashes(word, looker) or [word.lower()], word)))
    for place, mention in enumerate(found.found):
        if mention.entity.type == "account" and (names := await account_names(mention.entity.value, looker)):
            found.found[place] = Mention(mention.entity.model_copy(update={"value": names[0]}), mention.start)
    return meant


async def _loose(found: Mentions, table: Table, known: Words, words: Sequence[str], looker: Looker) -> list[Entity]:
    """What a word after `user` or `host`, or one that nobody knows, may name."""
    for pattern in (_TYPED, _TYPED_ZH):
        for match in pattern.finditer(found.rest):
            name = match["name"].rstrip(".")
            if name.lower() in known.common or name.lower() in table.vocabulary:
                continue
            kind: EntityType = "account" if match["type"].lower() in _ACCOUNT_WORDS else "host"
            names = await (host_names if kind == "host" else account_names)(name, looker)
            return _entities(kind, names or [name.lower()], name)
    strange = unknown_words(words, table, known)[:_MOST_LOOSE]
    return await loose_names(strange, looker) if strange else []


def _entities(kind: EntityType, names: Sequence[str], said: str) -> list[Entity]:
    return [Entity(type=kind, value=name, said=said) for name in names]
