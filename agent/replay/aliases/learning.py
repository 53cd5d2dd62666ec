"""Which names an investigation holds: from the fields that hold names, and from the forms that names have in text."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from pydantic import JsonValue

from agent.evidence.entities import address_of
from agent.replay.aliases.words import NameKind, kinds_by_member, name_words
from agent.replay.stored import Stored

_PROFILE: Final = re.compile(
    r"(?:(?i:\\users\\+|documents and settings\\+|mailbox[\\/])|/(?:Users|home)/)([\w.$@ -]{3,60}?)(?=[\\/\"';,]|$)"
)
_QUALIFIED: Final = re.compile(r"(?<![\w\\/:.])([A-Za-z][\w-]{1,20})\\([A-Za-z][\w.$-]{1,40})(?![\w\\.$-])")
_EMAIL: Final = re.compile(r"(?<![\w.%+-])([\w.%+-]{1,64})@((?:[A-Za-z0-9-]{1,63}\.){1,5}[A-Za-z]{2,24})(?![\w-])")
_ACCOUNT: Final = re.compile(r"[\w.$-]{2,64}(?: [\w.$-]{1,40}){0,3}")
_UNC: Final = re.compile(r"(?<![\w:])\\\\([A-Za-z][\w.-]{1,60})\\")
_WORDS: Final = re.compile(r"[^\W\d_]{2,}")
_OPAQUE: Final = re.compile(r"(?=[^\s]*[0-9a-fA-F]{6})[\w{}.:-]{8,128}")


Kept: TypeAlias = NameKind | Literal["domain"]
"""What names are kept apart by."""


@dataclass(slots=True)
class Names:
    """What was found, each kind in the spelling it has."""

    found: dict[Kept, set[str]] = field(default_factory=dict)

    def of(self, kind: Kept) -> set[str]:
        """The names of one kind."""
        return self.found.setdefault(kind, set())


def learn(stored: Stored) -> Names:
    """Every name of hosts, accounts, people, organisations and things with an id in an investigation."""
    names = Names()
    for alert in (stored.alert, *stored.neighbours):
        _take(names, "id", alert.alert_id)
        for item in alert.fields:
            values = item.value if isinstance(item.value, tuple) else (item.value,)
            for value in values:
                _named(names, (item.name,), value)
        _walk(names, (), alert.raw)
    for answer in stored.answers:
        _walk(names, (), answer.arguments)
        _walk(names, (), answer.data)
    for local, _, domain in (address.rpartition("@") for address in names.of("seen")):
        names.of("account").update({local} if domain in names.of("domain") and _is_somebody(local) else ())
    return names


def _walk(names: Names, path: tuple[str, ...], value: JsonValue) -> None:
    if isinstance(value, dict):
        for name, item in value.items():
            _walk(names, (*path, name), item)
        if isinstance(asked := value.get("field"), str) and isinstance(value.get("value"), str):
            _named(names, (asked,), value["value"])
    elif isinstance(value, list):
        for item in value:
            _walk(names, path, item)
    else:
        _named(names, path, value)


def _named(names: Names, path: tuple[str, ...], value: JsonValue) -> None:
    if not isinstance(value, str) or not value:
        return
    if (kind := kind_of(path)) is not None:
        _take(names, kind, value.strip())
    _in_text(names, value)


def kind_of(path: tuple[str, ...]) -> NameKind | None:
    """What a member of this path names, by its last two parts or its last; None when it names nothing we know."""
    parts = [re.sub(r"[^a-z]", "", part.lower()) for part in ".".join(path).split(".")]
    keys = ("".join(parts[-length:]) for length in (3, 2, 1))
    return next((kinds_by_member()[key] for key in keys if key in kinds_by_member()), None)


def _take(names: Names, kind: NameKind, value: str) -> None:
    if name_words().is_nobody(value) or len(value) > 200:
        return
    match kind:
        case "host":
            _take_host(names, value)
        case "account":
            _take_account(names, value)
        case "person":
            _take_person(names, value)
        case "id":
            names.of("id").update({value} if _OPAQUE.fullmatch(value) and not value.startswith("S-1-") else ())
        case "organisation":
            _take_organisation(names, value)
        case "address":
            names.of("address").update({value} if address_of(value) else ())
        case "outside":
            names.of("outside").update({value.rstrip(".").lower()} if "." in value and not address_of(value) else ())
        case "seen":
            return


def _take_host(names: Names, value: str) -> None:
    if address_of(value):
        return
    if not re.fullmatch(r"[\w-]{2,63}(?:\.[\w-]{1,63}){0,6}\.?", value):
        return
    host, _, domain = value.rstrip(".").partition(".")
    names.of("host").add(host)
    if "." in domain:
        _take_domain(names, domain)


def _take_account(names: Names, value: str) -> None:
    if "@" in value:
        _take_person(names, value)
        return
    domain, _, name = value.rpartition("\\")
    if domain:
        _take_organisation(names, domain)
    if (
        address_of(name)
        or name_words().is_nobody(name)
        or not re.fullmatch(r"[\w.$-]{2,64}(?: [\w.$-]{1,40}){0,3}", name)
    ):
        return
    names.of("account").add(name)


def _take_person(names: Names, value: str) -> None:
    """A person's name, or the address they are written to; the address tells a domain of ours."""
    if "@" in value:
        local, _, domain = value.rpartition("@")
        names.of("account").update({local} if _is_somebody(local) else ())
        _take_domain(names, domain)
    elif _is_persons(value):
        names.of("person").add(value)


def _is_somebody(name: str) -> bool:
    return len(name) > 1 and not name_words().is_nobody(name)


def _is_persons(value: str) -> bool:
    """A few words, each with a capital or in a script that has none."""
    words = value.split()
    return len(words) <= 4 and all(not word[:1].islower() for word in words) and _WORDS.search(value) is not None


def _take_organisation(names: Names, value: str) -> None:
    if "." in value:
        _take_domain(names, value)
    elif re.fullmatch(r"[A-Za-z][\w-]{2,40}", value) and value.lower() not in name_words().common:
        names.of("organisation").add(value)


def _take_domain(names: Names, value: str) -> None:
    domain = value.strip(".").lower()
    if "." in domain and not address_of(domain):
        names.of("domain").add(domain)


def _in_text(names: Names, text: str) -> None:
    """Names that stand only inside a longer text: in profile paths, before a share, with a domain."""
    for name in _PROFILE.findall(text):
        _take(names, "account", name.strip())
    names.of("seen").update(f"{local}@{domain.lower()}" for local, domain in _EMAIL.findall(text))
    for host in _UNC.findall(text):
        _take(names, "host", host)
    for domain, name in _QUALIFIED.findall(text):
        if domain.lower() in {item.lower() for item in names.of("organisation")}:
            _take(names, "account", name)


def words_of(names: Names) -> Iterator[str]:
    """Words of people's names that are replaced also where they stand alone."""
    for person in names.of("person"):
        for word in _WORDS.findall(person):
            if (len(word) >= 4 or not word.isascii()) and word.lower() not in name_words().common:
                yield word


def organisation_words(names: Names) -> Iterator[str]:
    """What an organisation is called: first labels of its domains, and its names before a backslash."""
    yield from names.of("organisation")
    for domain in names.of("domain"):
        label = own_labels(domain)[-1:]
        yield from (word for word in label if len(word) >= 4 and word not in name_words().common)


def own_labels(domain: str) -> list[str]:
    """The labels of a domain before its public suffix (`example`, `co.uk`, `local`)."""
    labels = domain.split(".")
    public = 2 if len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in name_words().second_level else 1
    return labels[:-public]
