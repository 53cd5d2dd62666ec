"""The `action` of an envelope: what a change would do, or did. Only the answers of change tools carry it."""

from collections.abc import Mapping

from pydantic import JsonValue

from servers.kit.actions import Action
from servers.kit.answer import JsonObject
from servers.kit.changes import Change, Plan, Undo
from servers.kit.envelope import iso, object_schema
from servers.kit.inert import one_line

_TEXT: JsonObject = {"type": "string"}
_MAYBE: JsonObject = {"type": ["string", "null"]}
_LONGEST = 240


def with_action(envelope_schema: Mapping[str, JsonValue]) -> JsonObject:
    """The output schema of a change tool, from that of a read with the same data."""
    undo = object_schema(tool=_TEXT, arguments={"type": "object"})
    action = object_schema(
        mode={"enum": ["plan", "execute"]},
        action_id=_MAYBE,
        state={"enum": ["planned", "done", "unknown", "failed", "ended"]},
        verified={"enum": [True, False, "unknown", None]},
        target=_TEXT,
        blast_radius=_TEXT,
        risk={"enum": ["low", "medium", "high"]},
        undo={"anyOf": [undo, {"type": "null"}]},
        expires_at=_MAYBE,
        expiry={"enum": ["lapse", "hold", None]},
        dry_run={"enum": ["passed", "not_offered", None]},
        guards={"type": "array", "items": object_schema(guard=_TEXT, why=_TEXT)},
        repeated={"type": "boolean"},
    )
    properties = envelope_schema["properties"]
    members = properties if isinstance(properties, dict) else {}
    return object_schema(**members, action={"anyOf": [action, {"type": "null"}]})


def planned(plan: Plan, change: Change) -> JsonObject:
    """A plan as the envelope carries it."""
    return {
        "mode": "plan",
        "action_id": None,
        "state": "planned",
        "verified": None,
        "target": one_line(plan.target, _LONGEST),
        "blast_radius": one_line(plan.blast_radius, _LONGEST),
        "risk": change.risk,
        "undo": _undo(plan.undo),
        "expires_at": None if plan.expires_at is None else iso(plan.expires_at),
        "expiry": change.expiry,
        "dry_run": plan.dry_run,
        "guards": [{"guard": hit.guard, "why": one_line(hit.why, _LONGEST)} for hit in plan.hits],
        "repeated": False,
    }


def recorded(action: Action, *, repeated: bool = False) -> JsonObject:
    """A change that was made, as the envelope carries it."""
    return {
        "mode": "execute",
        "action_id": action.action_id,
        "state": "unknown" if action.state == "intent" else action.state,
        "verified": action.verified,
        "target": one_line(action.target, _LONGEST),
        "blast_radius": one_line(action.blast_radius, _LONGEST),
        "risk": action.risk,
        "undo": _undo(action.undo),
        "expires_at": None if action.expires_at is None else iso(action.expires_at),
        "expiry": action.expiry,
        "dry_run": None,
        "guards": [],
        "repeated": repeated,
    }


def _undo(undo: Undo | None) -> JsonObject | None:
    return None if undo is None else {"tool": undo.tool, "arguments": dict(undo.arguments)}
