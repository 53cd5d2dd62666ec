"""Alerts on their way in, and what became of them."""

from typing import Annotated, Final, TypeAlias

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from agent.intake.inbox_rows import InboxRow
from agent.models import AlertFormat, JsonObject, World
from agent.response.authorisation import authorise
from ui.api.errors import Refusal
from ui.api.intake import Intake, Post
from ui.api.models_intake import AcceptedAlerts, AlertState, InboxView, state_of
from ui.api.sessions import identity_of, keyring_of

router = APIRouter(tags=["alerts"])

MOST_KEY: Final = 200
"""Characters of an Idempotency-Key."""
BODY: Final[JsonObject] = {
    "parameters": [
        {
            "name": "Idempotency-Key",
            "in": "header",
            "required": False,
            "schema": {"type": "string", "maxLength": MOST_KEY},
            "description": "The sender's own name for this request: sent again, it is the same alert.",
        }
    ],
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"anyOf": [{"type": "object"}, {"type": "array", "items": {"type": "object"}}]}
            },
            "application/x-ndjson": {"schema": {"type": "string"}},
        },
    },
}
Asked: TypeAlias = Annotated[World, Query(description="`site`, or `lab` for the simulated enterprise.")]
RowId: TypeAlias = Annotated[int, Path(ge=1, le=2**62)]


@router.post("/alerts", status_code=202, response_model=AcceptedAlerts, openapi_extra=BODY)
async def post_alerts(request: Request, world: Asked = "site") -> Response:
    """Accept alerts of any known format: one JSON object, an array, or JSON lines.

    The answer comes once they are on disk: from then on a crash loses none. What is sent again is the same row."""
    return await _post(request, world, None)


@router.post("/alerts/{format}", status_code=202, response_model=AcceptedAlerts, openapi_extra=BODY)
async def post_alerts_of(request: Request, format: AlertFormat, world: Asked = "site") -> Response:
    """The same for alerts of one format, which is not guessed then."""
    return await _post(request, world, format)


@router.get("/alerts/{row_id}")
def get_alert(request: Request, row_id: RowId) -> AlertState:
    """What became of an accepted alert; whoever sent it may ask, and whoever may read cases."""
    who = identity_of(request)
    row = intake_of(request).inbox.get(row_id)
    if row is None or row.sender != who.name:
        authorise(who, "case.read", world="site" if row is None else row.world)
    return state_of(_known(row, row_id))


@router.get("/inbox")
def get_inbox(request: Request, world: Asked = "site", limit: Annotated[int, Query(ge=1, le=500)] = 50) -> InboxView:
    """How much waits, and the alerts that were given up."""
    authorise(identity_of(request), "case.read", world=world)
    inbox = intake_of(request).inbox
    failed = tuple(state_of(row) for row in inbox.listed("failed", world, limit))
    return InboxView(counts=inbox.counts(world), failed=failed, workers=inbox.workers())


@router.post("/inbox/{row_id}/retry")
def retry_alert(request: Request, row_id: RowId) -> AlertState:
    """Queue an alert again that was given up; one that was not stays as it is."""
    who, inbox = identity_of(request), intake_of(request).inbox
    row = inbox.get(row_id)
    authorise(who, "alert.retry", world="site" if row is None else row.world, resource=str(row_id))
    before = _known(row, row_id)
    after = _known(inbox.retry(row_id), row_id)
    if before.status == "failed":
        keyring_of(request).audit(who.name, "inbox.retried", {"row": row_id, "world": before.world})
    return state_of(after)


def intake_of(request: Request) -> Intake:
    """The application's intake, put into its state by `ui.api.limits.guard`."""
    intake = request.app.state.intake
    if not isinstance(intake, Intake):
        raise TypeError("the application was built without `guard`")
    return intake


async def _post(request: Request, world: World, format: AlertFormat | None) -> Response:
    who = identity_of(request)
    authorise(who, "alert.post", world=world)
    _check_world(request, world)
    post = Post(await request.body(), world, who.name, format, _key(request))
    accepted = await intake_of(request).accept(post)
    return Response(accepted.model_dump_json(exclude_none=True), 202, media_type="application/json")


def _key(request: Request) -> str | None:
    key = request.headers.get("idempotency-key")
    if key is not None and len(key) > MOST_KEY:
        raise Refusal(422, "bad_key", f"an Idempotency-Key has at most {MOST_KEY} characters")
    return key or None


def _check_world(request: Request, world: World) -> None:
    if world == "lab" and not request.app.state.lab.exists():
        raise Refusal(404, "no_world", "there is no simulated enterprise here yet", "run: mcpsoc demo")


def _known(row: InboxRow | None, row_id: int) -> InboxRow:
    if row is None:
        raise Refusal(404, "no_alert", f"no alert was accepted under the id {row_id}")
    return row
