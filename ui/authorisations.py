"""The site's register of authorised work: one JSON file that the operator alone writes (class T0).

Entries are never taken out: what is no longer in force is marked as revoked, so that yesterday's verdicts stay
explainable.
"""

import json
from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import Field, TypeAdapter, ValidationError, model_validator

from agent.models import Model, UtcTime, utc_now
from ui.errors import CheckFailedError, UsageError
from ui.home import replace_text


class Work(Model):
    """One piece of authorised work. An empty list of hosts, accounts or addresses means none, not any."""

    id: str
    kind: Literal["change", "scan", "pentest", "travel"]
    title: str = Field(min_length=1, max_length=200)
    approver: str = Field(min_length=1, max_length=200)
    approved_at: UtcTime
    window_start: UtcTime
    window_end: UtcTime
    hosts: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    source_addresses: tuple[str, ...] = ()
    techniques: tuple[str, ...] = ()
    note: str = ""
    revoked: bool = False

    @model_validator(mode="after")
    def _window_runs_forward(self) -> "Work":
        if self.window_end <= self.window_start:
            raise ValueError("the window ends before it begins")
        if not (self.hosts or self.accounts or self.source_addresses):
            raise ValueError("name at least one host, account or address")
        return self


_REGISTER = TypeAdapter(tuple[Work, ...])


def load(path: Path) -> tuple[Work, ...]:
    """Every entry, oldest first; nothing when there is no register.

    Raises: CheckFailedError for a file that is no register."""
    if not path.exists():
        return ()
    try:
        return _REGISTER.validate_json(path.read_bytes())
    except ValidationError as error:
        raise CheckFailedError("{path} is no register: {reason}", path=path, reason=_first(error)) from error


def add_entry(
    path: Path,
    *,
    kind: str,
    title: str,
    approver: str,
    window_start: datetime,
    window_end: datetime,
    hosts: tuple[str, ...],
    accounts: tuple[str, ...],
    source_addresses: tuple[str, ...],
    techniques: tuple[str, ...],
    note: str,
) -> Work:
    """Enter one piece of work. Raises: UsageError when it cannot be one."""
    entries = load(path)
    try:
        entry = Work.model_validate(
            {
                "id": f"AW-{len(entries) + 1:04d}",
                "kind": kind,
                "title": title,
                "approver": approver,
                "approved_at": utc_now(),
                "window_start": window_start,
                "window_end": window_end,
                "hosts": hosts,
                "accounts": accounts,
                "source_addresses": source_addresses,
                "techniques": techniques,
                "note": note,
            }
        )
    except ValidationError as error:
        raise UsageError("this cannot be entered: {reason}", reason=_first(error)) from error
    _write(path, (*entries, entry))
    return entry


def revoke_entry(path: Path, entry: str) -> Work | None:
    """Mark an entry as revoked; None when there is no such entry."""
    entries = load(path)
    changed = tuple(item.model_copy(update={"revoked": True}) if item.id == entry else item for item in entries)
    found = next((item for item in changed if item.id == entry), None)
    if found is not None:
        _write(path, changed)
    return found


def _write(path: Path, entries: tuple[Work, ...]) -> None:
    text = json.dumps([entry.model_dump(mode="json") for entry in entries], ensure_ascii=False, indent=2)
    replace_text(path, text + "\n")


def _first(error: ValidationError) -> str:
    detail = error.errors(include_url=False)[0]
    place = ".".join(str(part) for part in detail["loc"])
    message = detail["msg"].removeprefix("Value error, ")
    return f"{place}: {message}" if place else message
