"""What is told of an object of ATT&CK, and how it reads as a document."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from knowledge.attack import notice
from knowledge.chunking import document_from_markdown
from knowledge.conversion.writing import Writer
from knowledge.models import Document, Kind, Trust

ORIGIN: Final = "attack"
_ADDRESS: Final = "https://attack.mitre.org/{folder}/{path}"
_FOLDERS: Final = {"technique": "techniques", "tactic": "tactics", "mitigation": "mitigations", "group": "groups"} | {
    "software": "software",
    "campaign": "campaigns",
}
_KINDS: Final[dict[str, Kind]] = {"technique": "technique", "tactic": "tactic"}
_CITATION = re.compile(r"\(Citation: [^()\n]{0,300}(?:\([^()\n]{0,300}\)[^()\n]{0,300}){0,3}\)")
_LINK = re.compile(r"\[([^\[\]\n]{1,300})\]\(https?://[^\s()]{1,500}\)")
_CODE = re.compile(r"</?[cs]ode>")


@dataclass(frozen=True, slots=True)
class Entry:
    """One object, as both forms of the data can tell of it."""

    id: str
    """As MITRE writes it: T1110.003, TA0001, M1027, G0016, S0002, C0012."""
    kind: str
    """technique, tactic, mitigation, group, software or campaign."""
    name: str
    """With the name of the parent for a sub-technique: `Brute Force: Password Spraying`."""
    description: str
    facts: tuple[tuple[str, str], ...] = ()
    """Such as its tactics or platforms."""
    lists: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Heading and lines, such as its mitigations."""


def document(entry: Entry, provenance: Trust) -> Document:
    """The entry with where it is from and whose it is. Raises: DocumentError when nothing is told of it."""
    return document_from_markdown(
        f"{ORIGIN}/{entry.id}",
        _text(entry),
        provenance=provenance,
        kind=_KINDS.get(entry.kind, "document"),
        language="en",
        origin=ORIGIN,
        source=f"{_address(entry)} ({notice()})",
        title=f"{entry.id} {entry.name}",
    )


def plain(text: str) -> str:
    """MITRE's text without marks of citations and addresses of links."""
    return _CODE.sub("`", _LINK.sub(r"\1", _CITATION.sub("", text))).strip()


def _text(entry: Entry) -> str:
    writer = Writer()
    writer.heading(2, "Description")
    writer.paragraph(plain(entry.description))
    for name, value in entry.facts:
        if value:
            writer.item(f"{name}: {value}")
    for heading, lines in entry.lists:
        if lines:
            writer.heading(2, heading)
            _items(writer, lines)
    return writer.text()


def _items(writer: Writer, lines: Sequence[str]) -> None:
    for line in lines:
        writer.item(plain(line))


def _address(entry: Entry) -> str:
    return _ADDRESS.format(folder=_FOLDERS[entry.kind], path=entry.id.replace(".", "/"))
