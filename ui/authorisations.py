"""The site's register of authorised work: entering, revoking, listing. servers/assets/register.py has its form.

Entries are never taken out: what is no longer in force is marked as revoked, so that yesterday's verdicts stay
explainable.
"""

import json
from datetime import datetime
from pathlib import Path

from pydantic import ValidationError

from agent.models import utc_now
from knowledge.trust.owned_files import alone, replace_file
from servers.assets.register import AuthorisedWork, first_fault, read_register
from servers.errors import RegisterError
from ui.errors import CheckFailedError, UsageError


def load(path: Path) -> tuple[AuthorisedWork, ...]:
    """Every entry, oldest first; nothing when there is no register.

    Raises: CheckFailedError for a file that is no register."""
    try:
        return read_register(path)
    except RegisterError as error:
        raise CheckFailedError("{path} is no register: {reason}", path=path, reason=error.reason) from error


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
) -> AuthorisedWork:
    """Enter one piece of work. Raises: UsageError when it cannot be one."""
    with alone(path):
        return _added(
            path,
            {
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
            },
        )


def _added(path: Path, work: dict[str, object]) -> AuthorisedWork:
    entries = load(path)
    try:
        entry = AuthorisedWork.model_validate({"id": f"AW-{len(entries) + 1:04d}", **work})
    except ValidationError as error:
        raise UsageError("this cannot be entered: {reason}", reason=first_fault(error)) from error
    _write(path, (*entries, entry))
    return entry


def revoke_entry(path: Path, entry: str) -> AuthorisedWork | None:
    """Mark an entry as revoked; None when there is no such entry."""
    with alone(path):
        entries = load(path)
        changed = tuple(item.model_copy(update={"revoked": True}) if item.id == entry else item for item in entries)
        found = next((item for item in changed if item.id == entry), None)
        if found is not None:
            _write(path, changed)
    return found


def _write(path: Path, entries: tuple[AuthorisedWork, ...]) -> None:
    text = json.dumps([entry.model_dump(mode="json") for entry in entries], ensure_ascii=False, indent=2)
    replace_file(path, text + "\n")
