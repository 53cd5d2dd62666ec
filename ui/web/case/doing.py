"""What people do with a case: each goes to the API, which decides, and is said once when it is done."""

from typing import cast, get_args

from agent.models import Disposition
from ui.api.client import ApiError
from ui.api.models import CaseLine, ReasonCode
from ui.web import notices
from ui.web.board import Act
from ui.web.frame import Visit


def do(visit: Visit, case_id: str, act: Act) -> None:
    """Carry out one act of the page's boards."""
    t = visit.t
    try:
        match act.name:
            case "take":
                visit.api.take(visit.world, case_id)
                notices.say(t("{case} is yours", case=case_id))
            case "note":
                visit.api.note(visit.world, case_id, act.fields.get("text", ""))
                notices.say(t("Noted"))
            case "close":
                _close(visit, case_id, act)
                notices.say(t("{case} is closed", case=case_id))
            case "reopen":
                visit.api.reopen(visit.world, case_id, act.fields.get("why", ""))
                notices.say(t("{case} is open again", case=case_id))
    except ApiError as error:
        notices.say(f"{error.message} {error.hint or ''}".strip())


def _close(visit: Visit, case_id: str, act: Act) -> CaseLine:
    """The API refuses a reason or a disposition that does not exist."""
    disposition = act.fields.get("disposition", "")
    chosen = cast(Disposition, disposition) if disposition in get_args(Disposition) else None
    reason = cast(ReasonCode, act.fields.get("reason_code", ""))
    return visit.api.close_case(visit.world, case_id, reason, act.fields.get("note", ""), chosen)
