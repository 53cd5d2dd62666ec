"""Checking what was written: a case's export, and the audit log."""

from contextlib import closing
from pathlib import Path

from agent.evidence.verification import VerificationReport, verify_export
from knowledge.trust.audit import AuditLog, AuditReport
from knowledge.trust.keys import known_keys
from ui.errors import UsageError
from ui.exporting import signed_json
from ui.home import Home
from ui.store import find_case


def verify_named(name: str, home: Home) -> VerificationReport:
    """Check an exported file, or a stored case by its id (`last` is the newest).

    A file needs no database; its signer is known when its key is one of this home's.

    Raises: UsageError, CaseNotFoundError when there is nothing of that name."""
    file = Path(name)
    data = file.read_bytes() if file.is_file() else signed_json(find_case(home, name), home)
    return verify_export(data, known=known_keys(home.keys))


def verify_audit_log(home: Home) -> AuditReport:
    """Walk every chain of the audit log. Raises: UsageError when nothing was ever logged."""
    if not home.audit.exists():
        raise UsageError("there is no audit log yet in {path}", path=home.root)
    with closing(AuditLog(home.audit)) as log:
        return log.verify()
