"""What a question names by its shape: indicators, ids, techniques. Each mention blanks its place, so that no later
pattern and no keyword finds it again."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from agent.conversation.models import Entity, EntityType
from agent.evidence.entities import address_of

_ANY: Final = re.IGNORECASE | re.ASCII
"""ASCII: a Chinese character beside a name is not a part of it."""
_URL: Final = re.compile(r"\b[a-z][a-z0-9+.-]{1,9}://[^\s\"'<>,;，。；）)\]\u3400-\u9fff]+", _ANY)
_ALERT: Final = re.compile(r"\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b", _ANY)
_SHA256: Final = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])", _ANY)
_HASH_PART: Final = re.compile(
    r"(?<![0-9a-z-])(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{8,63}(?![0-9a-z-])(?:…|\.{2,3}|\*)?", _ANY
)
_MAIL: Final = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", re.ASCII)
_DOMAIN_USER: Final = re.compile(r"(?<![\w\\:])([A-Za-z][\w.-]{1,14})\\([\w.$-]{2,})(?![\\\w])", re.ASCII)
_V4: Final = re.compile(r"(?<![\w.])(\d{1,3}(?:\.\d{1,3}){3})(?::\d{1,5}|/\d{1,2})?(?![\w]|\.\d)", re.ASCII)
_V6: Final = re.compile(r"(?<![\w:])\[?([0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7})\]?(?![\w:])", _ANY)
_TECHNIQUE: Final = re.compile(r"\bT(\d{4})(?:[./_-]?(\d{3}))?(?!\d)", _ANY)
_CASE_WORD: Final = r"(?:cases?|incidents?|tickets?|案件|案例|案子|工单|事件单)"
_CASES: Final = (
    re.compile(r"(?<![\w-])C\s?-\s?0*(\d{1,7})(?!\w|\.\w)", _ANY),
    re.compile(
        rf"{_CASE_WORD}\s*(?:no\.?|number|id|nr\.?|编号|号)?\s*[#:：]?\s*(?:c-?)?0*(\d{{1,7}})(?![\w:-]|\.\w)", _ANY
    ),
    re.compile(r"(?<![\w#])#\s?0*(\d{1,7})(?!\w|\.\w)", _ANY),
    re.compile(r"(?<![\w-])c(?!2\b)0*(\d{1,5})(?![\w-]|\.\w)", _ANY),
    re.compile(rf"(?<!\d)(\d{{1,7}})号{_CASE_WORD}"),
)
_EVIDENCE: Final = (
    re.compile(r"(?<![\w-])E-?0*(\d{1,5})(?!\w|\.\w)", _ANY),
    re.compile(r"\bevidence\s*(?:no\.?|number|id)?\s*[#:]?\s*0*(\d{1,5})(?!\w|\.\w)", _ANY),
    re.compile(r"证据\s*(?:编号)?\s*0*(\d{1,5})"),
)
_PATH: Final = re.compile(r"(?:(?<![\w])[A-Za-z]:\\|\\\\[\w-]+\\)[^\s\"'<>|,;?\u3400-\u9fff]+", re.ASCII)
_EXTENSIONS: Final = (
    "exe dll sys ps1 psm1 bat cmd vbs js jse hta lnk scr msi doc docm docx xls xlsm xlsx ppt pptm pptx pdf zip 7z rar"
    " iso img asp aspx ashx php jsp jspx war py sh tmp dat bin jar chm one rtf eml txt log elf so"
)
"""Endings of file names, none of which is a top-level domain that people write."""
_FILE: Final = re.compile(rf"(?<![\w.\\/-])[\w-][\w.-]*\.(?:{_EXTENSIONS.replace(' ', '|')})(?!\w|\.\w)", _ANY)
_DOTTED: Final = re.compile(
    r"(?<![\w@.\\/-])(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{1,23}(?![\w@])(?!\.\w)", _ANY
)
_HOST: Final = re.compile(
    r"(?<![\w.@\\/-])[a-z][a-z0-9]{0,14}(?:-[a-z0-9]{1,15}){0,3}(?<=\d)(?![\w@\\-])(?!\.\w)", _ANY
)
_SERVICE: Final = re.compile(r"(?<![\w.@-])(?:svc|sa|adm|srv|emergency)[-_][a-z0-9][\w.-]*\w(?![\w@])", _ANY)
_NOT_HOSTS: Final = re.compile(
    r"(?:p[1-5]|t[0-3]|h\d|md5|sha-?\d+|ipv[46]|top-?\d+|last-?\d+|utf-?8|base64|x(?:64|86)|win(?:dows)?-?\d+|q[1-4]"
    r"|log4j|tls1|smbv?\d|c2|v\d+|first-?\d*|e\d+|ms\d|tier-?\d|level-?\d|line-?\d|ntlmv?\d|kb\d+|cve-.*|web[23]|s3|ec2)",
    re.IGNORECASE,
)
"""Words with a digit at their end that name no host."""
_TLDS: Final = (
    "com net org info biz io co edu gov mil int ai app dev cloud xyz top site online shop club live pro tech store"
    " example test local lan internal corp ru cn de nl uk eu fr it es pl br in jp kr us ca au ch se no fi dk be at cz"
    " sk hu ro bg gr tr ir ua by kz me tv cc ws su pw tk ml ga cf gq"
)
TLDS: Final = frozenset(_TLDS.split())
"""Last labels of names that are taken for domains without a look."""
_ENDING: Final = ".,;:!?。，；：！？)）\"'"


@dataclass(frozen=True, slots=True)
class Mention:
    """Something named, with the place where it was said."""

    entity: Entity
    start: int


@dataclass(slots=True)
class Mentions:
    """What was found, and what is left of the text."""

    rest: str
    """The text with every mention blanked."""
    found: list[Mention] = field(default_factory=list)
    hosts: list[tuple[str, int]] = field(default_factory=list)
    """Words shaped like a host's name, to be looked up."""
    dotted: list[tuple[str, int]] = field(default_factory=list)
    """Names with dots: domains, hosts with their domain, or accounts."""
    accounts: list[tuple[str, int]] = field(default_factory=list)
    """Words shaped like an account's name."""
    hash_parts: list[tuple[str, int]] = field(default_factory=list)
    files: list[tuple[str, int]] = field(default_factory=list)
    """Names of files and paths."""


def mentions(text: str) -> Mentions:
    """Everything the folded `text` names by its shape."""
    found = Mentions(text)
    _take(found, _URL, lambda match: _entity("url", match[0].rstrip(_ENDING), match[0]))
    _take(found, _ALERT, lambda match: _entity("alert", match[0].lower(), match[0]))
    _take(found, _SHA256, lambda match: _entity("sha256", match[0].lower(), match[0]))
    _collect(found, _PATH, found.files)
    _take(found, _MAIL, lambda match: _entity("account", match[0].lower().rstrip("."), match[0]))
    _take(found, _DOMAIN_USER, lambda match: _entity("account", match[2].lower(), match[0]))
    _take(found, _V4, _address)
    _take(found, _V6, _address)
    for pattern in _CASES:
        _take(found, pattern, lambda match: _entity("case", f"C-{int(match[1])}", match[0]))
    for pattern in _EVIDENCE:
        _take(found, pattern, lambda match: _entity("evidence", f"E{int(match[match.lastindex or 1])}", match[0]))
    _take(found, _TECHNIQUE, lambda match: _entity("technique", _technique(match), match[0]))
    _collect(found, _FILE, found.files)
    _collect(found, _HASH_PART, found.hash_parts)
    _collect(found, _SERVICE, found.accounts)
    _collect(found, _HOST, found.hosts, keep=lambda word: _NOT_HOSTS.fullmatch(word) is None)
    _collect(found, _DOTTED, found.dotted)
    return found


def is_domain(name: str) -> bool:
    """Whether the last label is one that domains end in."""
    return name.rpartition(".")[2].lower() in TLDS


def _entity(kind: EntityType, value: str, said: str) -> Entity:
    return Entity(type=kind, value=value, said=said.strip())


def _technique(match: re.Match[str]) -> str:
    return f"T{match[1]}.{match[2]}" if match[2] else f"T{match[1]}"


def _address(match: re.Match[str]) -> Entity | None:
    found = address_of(match[1])
    return None if found is None else _entity("address", found, match[1])


def _take(found: Mentions, pattern: re.Pattern[str], entity: Callable[[re.Match[str]], Entity | None]) -> None:
    """Every match of the pattern becomes an entity, and is blanked when it is one."""
    for match in list(pattern.finditer(found.rest)):
        if (item := entity(match)) is not None:
            found.found.append(Mention(item, match.start()))
            _blank(found, match)


def _collect(
    found: Mentions,
    pattern: re.Pattern[str],
    into: list[tuple[str, int]],
    keep: Callable[[str], bool] = lambda word: True,
) -> None:
    for match in [item for item in pattern.finditer(found.rest) if keep(item[0])]:
        into.append((match[0], match.start()))
        _blank(found, match)


def _blank(found: Mentions, match: re.Match[str]) -> None:
    start, end = match.span()
    found.rest = found.rest[:start] + " " * (end - start) + found.rest[end:]


def ordered(found: Iterator[Mention] | list[Mention]) -> list[Entity]:
    """The entities in the order in which they were said, each once."""
    seen: dict[tuple[str, str], Entity] = {}
    for mention in sorted(found, key=lambda item: item.start):
        seen.setdefault((mention.entity.type, mention.entity.value.lower()), mention.entity)
    return list(seen.values())
