"""Which host, account or file a word means: looked up whole, then in part. Several that fit are all given."""

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from agent.conversation.models import Entity, EntityType, moment_text
from agent.conversation.protocol import Looker
from agent.conversation.understanding.mentions import is_domain
from agent.conversation.understanding.rows import inner, rows, text, texts
from agent.models import Evidence, JsonObject

_LOOK_BACK: Final = timedelta(days=7)
_MOST: Final = 200
_LEAST_SWAPPED: Final = 5
_HOST_KINDS_NOT: Final = frozenset({"own_nat", "vpn_egress", "partner", "scanner_egress"})
_SPLIT: Final = re.compile(r"([a-z]+)[-_ ]?0*(\d+)$")


async def host_names(word: str, looker: Looker) -> list[str]:
    """The hosts that `word` may mean; empty when nothing has such a name."""
    word = word.lower()
    asset = inner(await looker.read("assets__assets_resolve", {"identifier": word}), "asset")
    if (name := text(asset, "name")) and text(asset, "kind") not in _HOST_KINDS_NOT:
        return [name]
    split = _SPLIT.match(word)
    pattern = f"{split[1]}*{split[2]}*" if split else f"*{word}*"
    seen = await _seen(looker, "host.name", pattern)
    if split:
        same = [name for name in seen if (other := _SPLIT.match(name.lower())) and other.groups() == split.groups()]
        seen = same or [name for name in seen if name.lower().startswith(word)]
    return _best(word, seen) or await _named_in_cases(looker, word, "host")


async def account_names(word: str, looker: Looker) -> list[str]:
    """The accounts that `word` may mean; empty when nobody has such a name."""
    word = word.lower()
    account = inner(await looker.read("identity__identity_get_account", {"account": word}), "account")
    if name := text(account, "name"):
        return [name]
    if "@" in word:
        return []
    found = _best(word, await _seen(looker, "user.name", f"*{word}*"))
    return found or await _named_in_cases(looker, word, "account") or await _swapped(word, looker)


async def _swapped(word: str, looker: Looker) -> list[str]:
    """The account of which `word` is the name with letters in another order; nothing when several are."""
    if len(word) < _LEAST_SWAPPED or not word.isascii():
        return []
    names = await _seen(looker, "user.name", f"{word[0]}*")
    same = [name for name in names if sorted(name.lower()) == sorted(word) and name[-1].lower() in word[-2:]]
    return same if len(same) == 1 else []


async def dotted_name(word: str, looker: Looker) -> list[Entity]:
    """A name with dots: a host with its domain, an account, or else a domain."""
    first, lowered = word.partition(".")[0], word.lower()
    if is_domain(lowered):
        if re.search(r"\d$", first) and (names := await _exact_host(first, looker)):
            return [Entity(type="host", value=names, said=word)]
        return [Entity(type="domain", value=lowered, said=word)]
    names_found = await account_names(lowered, looker)
    if not names_found and re.search(r"\d$", first) and (host := await _exact_host(first, looker)):
        return [Entity(type="host", value=host, said=word)]
    kind: EntityType = "account" if names_found or len(first) <= 1 else "domain"
    return [Entity(type=kind, value=name, said=word) for name in names_found or [lowered]]


async def file_hashes(word: str, looker: Looker) -> list[str]:
    """The SHA-256 hashes that begin like this, among files and programs seen."""
    start = re.sub(r"[.…*]+$", "", word.lower())
    if len(start) in (32, 40):
        return []
    found: list[str] = []
    for field in ("file.hash.sha256", "process.hash.sha256"):
        found += await _seen(looker, field, f"{start}*")
    return list(dict.fromkeys(found))


async def loose_names(words: Sequence[str], looker: Looker) -> list[Entity]:
    """What words that nobody knows may name: accounts and hosts that have them as a part of their name."""
    calls = [_counting(looker, field, f"*{word}*") for word in words for field in ("user.name", "host.name")]
    answers = await looker.read_many(calls)
    found: list[Entity] = []
    for place, word in enumerate(words):
        for kind, field, answer in zip(
            ("account", "host"), ("user.name", "host.name"), answers[2 * place :], strict=False
        ):
            names = _best(word, _keys(answer, field))
            before = words[place - 1][:1] if kind == "account" and place else ""
            names = [name for name in names if name.startswith(before)] or names
            found += [Entity(type="account" if kind == "account" else "host", value=name, said=word) for name in names]
    return found


async def _exact_host(word: str, looker: Looker) -> str | None:
    answer = await looker.read("assets__assets_resolve", {"identifier": word})
    return text(inner(answer, "asset"), "name")


async def _seen(looker: Looker, field: str, pattern: str) -> list[str]:
    """Values of a field in the last week that fit a pattern."""
    tool, arguments = _counting(looker, field, pattern)
    return _keys(await looker.read(tool, arguments), field)


def _counting(looker: Looker, field: str, pattern: str) -> tuple[str, JsonObject]:
    now = looker.now()
    return "siem__siem_count_events", {
        "by": [field],
        "filters": {field: pattern},
        "start": moment_text(now - _LOOK_BACK),
        "end": moment_text(now),
        "limit": _MOST,
    }


def _keys(answer: Evidence, field: str) -> list[str]:
    buckets = rows(answer, "buckets")
    values = [key.get(field) for bucket in buckets if isinstance(key := bucket.get("key"), dict)]
    return [value for value in values if isinstance(value, str)]


async def _named_in_cases(looker: Looker, word: str, kind: str) -> list[str]:
    answer = await looker.read("mcpsoc__mcpsoc_find_cases", {"entity": word, "kind": kind})
    return _best(word, list(dict.fromkeys(value for row in rows(answer, "cases") for value in texts(row, "values"))))


def _best(word: str, names: Sequence[str]) -> list[str]:
    """The names that fit best: those that are it, else those with it as a whole part, else those that start a part
    with it, else all."""
    word = word.lower()
    parts = {name: re.split(r"[.\-_@\\]", name.lower()) for name in names}
    tests = (
        [name for name in names if name.lower() == word],
        [name for name in names if word in parts[name]],
        [name for name in names if any(part.startswith(word) for part in parts[name])],
    )
    return next((sorted(found) for found in tests if found), sorted(names))
