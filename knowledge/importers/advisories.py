"""CISA's catalogue of known exploited vulnerabilities as documents.

Source: https://www.cisa.gov/known-exploited-vulnerabilities-catalog, its JSON schema (`vulnerabilities[]`)."""

import re
from datetime import date
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError
from pydantic.alias_generators import to_camel

from knowledge.bounded import read_bytes
from knowledge.chunking import document_from_markdown
from knowledge.errors import DocumentError
from knowledge.importers.models import Imported, Refusal
from knowledge.models import Document, Trust

ORIGIN: Final = "kev"
_CVE = r"CVE-\d{4}-\d{4,19}"
_ADDRESS = "https://www.cisa.gov/known-exploited-vulnerabilities-catalog?field_cve={cve}"


class _Catalogue(BaseModel):
    """The file; its entries are read one by one."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel)

    catalog_version: str = ""
    vulnerabilities: tuple[dict[str, JsonValue], ...]


class _Entry(BaseModel):
    """One vulnerability."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, str_max_length=20_000)

    cve_id: str = Field(alias="cveID", pattern=f"^{_CVE}$")
    vendor_project: str
    product: str
    vulnerability_name: str
    date_added: date
    short_description: str
    required_action: str
    due_date: date | None = None
    known_ransomware_campaign_use: str = "Unknown"
    notes: str = ""
    cwes: tuple[str, ...] = ()


def read_kev(path: Path, *, provenance: Trust = "T2") -> Imported:
    """One document per CVE; origin `kev`, ids `kev/CVE-2024-1234`. An entry that is not of the form is refused by name.

    Raises: DocumentError when it is no catalogue."""
    try:
        catalogue = _Catalogue.model_validate_json(read_bytes(path))
    except ValidationError as error:
        raise DocumentError(f"{path}: it is no catalogue of known exploited vulnerabilities (JSON)") from error
    documents: dict[str, Document] = {}
    refused: list[Refusal] = []
    for number, row in enumerate(catalogue.vulnerabilities, 1):
        try:
            entry = _Entry.model_validate(row)
            documents[entry.cve_id] = _document(entry, provenance)
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            place = ".".join(str(part) for part in first["loc"])
            refused.append(Refusal(_named(row, number), f"{place}: {first['msg']}"))
    return Imported(ORIGIN, tuple(documents.values()), tuple(refused))


def _document(entry: _Entry, provenance: Trust) -> Document:
    return document_from_markdown(
        f"{ORIGIN}/{entry.cve_id}",
        _text(entry),
        provenance=provenance,
        kind="advisory",
        language="en",
        origin=ORIGIN,
        source=_ADDRESS.format(cve=entry.cve_id),
        title=_line(f"{entry.cve_id} {entry.vulnerability_name}"),
    )


def _text(entry: _Entry) -> str:
    """One section: what it is, and what to do about it."""
    due = f" (for federal agencies until {entry.due_date})" if entry.due_date else ""
    facts = [
        f"Product: {entry.vendor_project} {entry.product}",
        f"Known to be exploited since: {entry.date_added}",
        f"Used by ransomware: {entry.known_ransomware_campaign_use}",
        *([f"Weakness: {', '.join(entry.cwes)}"] if entry.cwes else []),
    ]
    listed = "\n".join(f"- {_line(fact)}" for fact in facts)
    notes = f"\n\nNotes: {_line(entry.notes)}" if entry.notes.strip() else ""
    what, action = _line(entry.short_description), _line(entry.required_action)
    return f"## Known exploited\nWhat: {what}\n\n{listed}\n\nTo do{due}: {action}{notes}"


def _line(text: str) -> str:
    return " ".join(text.split())


def _named(row: dict[str, JsonValue], number: int) -> str:
    found = row.get("cveID")
    return found if isinstance(found, str) and re.fullmatch(_CVE, found) else f"entry {number}"
