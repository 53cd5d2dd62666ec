"""What people do to cases: authorised, done, and written to the audit log. The command line and the API both come
through here."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from agent.cases import CaseStore
from agent.cases.lifecycle import REASONS
from agent.models import Case, Disposition, HumanVerdict, JsonObject
from agent.response.authorisation import Permission, authorise
from agent.response.identity import Identity
from knowledge.trust.audit import AuditLog


class Learner(Protocol):
    """Keeps what a closed case teaches. It never raises: a case is closed and opened again whatever becomes of it."""

    def propose(self, case: Case) -> str | None:
        """Keep a note; its id, None when there is none."""
        ...

    def withdraw(self, case: Case) -> str | None:
        """Take the note back; its id, None when there was none."""
        ...


@dataclass(frozen=True, slots=True)
class Changes:
    """Changes to the cases of one store, signed with the name of who made them."""

    store: CaseStore
    audit: AuditLog
    clock: Callable[[], datetime]
    """Of the cases' world."""
    tenant: str | None = None
    """Whose cases; None for whatever the store holds."""
    learner: Learner | None = None
    """None where nothing is learned."""

    def take(self, case_id: str, who: Identity) -> Case:
        """Acknowledge a case; taking it again changes nothing.

        Raises: as all below: CaseNotFoundError, NotAllowedError, CaseStateError."""
        case = self._allowed(case_id, who, "case.take")
        if case.status == "taken" and case.owner == who.name:
            return case
        taken = self.store.take(case_id, who.name, self.clock(), self.tenant)
        return self._told(taken, who, "case.taken", {})

    def note(self, case_id: str, who: Identity, text: str) -> Case:
        """Add a person's words."""
        self._allowed(case_id, who, "case.note")
        noted = self.store.add_note(case_id, who.name, text, self.clock(), self.tenant)
        return self._told(noted, who, "case.noted", {"text": text})

    def close(
        self, case_id: str, who: Identity, reason_code: str, note: str = "", disposition: Disposition | None = None
    ) -> Case:
        """Close with a person's verdict; without a disposition the reason says which. Closing it again with the same
        verdict changes nothing. Raises: also ValidationError and KeyError for a reason that is none."""
        case = self._allowed(case_id, who, "case.close")
        data: JsonObject = {
            "disposition": disposition or REASONS[reason_code],
            "reason_code": reason_code,
            "note": note,
        }
        verdict = HumanVerdict.model_validate({**data, "at": self.clock(), "author": who.name})
        if case.status == "closed" and case.human is not None and _same(case.human, verdict):
            return case
        closed = self._told(self.store.close(case_id, verdict, self.tenant), who, "case.closed", data)
        noted = self.learner.propose(closed) if self.learner else None
        return self._told(closed, who, "knowledge.proposed", {"document": noted}) if noted else closed

    def reopen(self, case_id: str, who: Identity, why: str) -> Case:
        """Open a closed case again."""
        self._allowed(case_id, who, "case.reopen")
        reopened = self.store.reopen(case_id, who.name, why, self.clock(), self.tenant)
        self._told(reopened, who, "case.reopened", {"reason": why})
        gone = self.learner.withdraw(reopened) if self.learner else None
        return self._told(reopened, who, "knowledge.withdrawn", {"document": gone}) if gone else reopened

    def _allowed(self, case_id: str, who: Identity, permission: Permission) -> Case:
        case = self.store.get(case_id, self.tenant)
        authorise(who, permission, world=case.world, resource=case.id)
        return case

    def _told(self, case: Case, who: Identity, event: str, data: JsonObject) -> Case:
        self.audit.append(case.tenant, who.name, event, {"case": case.id, **data}, case.updated_at)
        return case


def _same(one: HumanVerdict, other: HumanVerdict) -> bool:
    """Whether two closings say the same, whenever they were said."""
    return one == other.model_copy(update={"at": one.at})
