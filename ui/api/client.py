"""The API as a Python program calls it: one method per route, typed answers, errors with a code.

with ApiClient("http://127.0.0.1:8642", session) as api:
    queue = api.cases("lab", status=("open",))
"""

from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType
from typing import Self, TypeAlias, TypeVar
from urllib.parse import quote

import httpx
from pydantic import BaseModel, JsonValue, ValidationError

from agent.conversation.models import ChatStep, Run, Thread
from agent.models import AlertFormat, CaseStatus, Disposition, JsonObject, Priority, World
from agent.wording import Language
from knowledge.models import Kind
from ui.api.models import (
    CaseLine,
    CaseList,
    CaseView,
    DecisionList,
    EventPage,
    EvidenceView,
    Health,
    Me,
    PictureName,
    Problem,
    ProblemReport,
    ReasonCode,
    ReportFormat,
    ServerList,
    SessionView,
    SimilarCases,
    Sort,
    StepPage,
    Taken,
    Theme,
    ThreadList,
    ThreadView,
)
from ui.api.models_intake import AcceptedAlerts, AlertState, InboxView
from ui.api.models_knowledge import KnowledgeContents, KnowledgeDocuments, KnowledgeHits, KnowledgeSection, Whose

Parameter: TypeAlias = str | int | float | bool | Sequence[str] | None
Answer = TypeVar("Answer", bound=BaseModel)

TIMEOUT_S = 30.0
"""Of one request; longer than the longest poll."""


class ApiError(Exception):
    """The API refused or could not be reached; `code` is `unreachable` when no answer came."""

    def __init__(self, code: str, message: str, hint: str | None = None, status: int = 0) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.status = status
        """Of HTTP; 0 when no answer came."""


class ApiClient:
    """A client with one identity: `session` is a session or a token. It may be used from several threads."""

    def __init__(
        self,
        base_url: str,
        session: str | None = None,
        *,
        timeout_s: float = TIMEOUT_S,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        headers = {"authorization": f"Bearer {session}"} if session else {}
        self._http = httpx.Client(
            base_url=base_url, headers=headers, timeout=timeout_s, transport=transport, trust_env=False
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def open_session(self, token: str) -> SessionView:
        """A session for a token."""
        return self._post(SessionView, "/sessions", {"token": token})

    def close_session(self) -> None:
        """End the session of this client."""
        self._request("DELETE", "/sessions")

    def health(self) -> Health:
        """Whether the service is up; needs no session."""
        return self._get(Health, "/health")

    def me(self) -> Me:
        """Who this client is, and the worlds there are."""
        return self._get(Me, "/me")

    def cases(
        self,
        world: World,
        *,
        status: Sequence[CaseStatus] = (),
        priority: Sequence[Priority] = (),
        disposition: Sequence[Disposition] = (),
        owner: str | None = None,
        overdue: bool | None = None,
        text: str | None = None,
        entity: str | None = None,
        sort: Sort = "priority",
        limit: int = 50,
        offset: int = 0,
    ) -> CaseList:
        """A page of the queue."""
        filters = {"status": status, "priority": priority, "disposition": disposition, "owner": owner}
        rest = {"overdue": overdue, "text": text, "entity": entity, "sort": sort, "limit": limit, "offset": offset}
        return self._get(CaseList, "/cases", world=world, **filters, **rest)

    def case(self, world: World, case_id: str, language: Language = "en") -> CaseView:
        """One case, every claim re-run."""
        return self._get(CaseView, f"/cases/{_part(case_id)}", world=world, language=language)

    def case_evidence(self, world: World, case_id: str, evidence_id: str, path: str | None = None) -> EvidenceView:
        """One answer of a case; the values under `path` (JSONPath) are marked as cited."""
        return self._get(EvidenceView, f"/cases/{_part(case_id)}/evidence/{_part(evidence_id)}", world=world, path=path)

    def decisions(self, world: World, case_id: str) -> DecisionList:
        """Every decision of a case, with what was said to the model and what it said."""
        return self._get(DecisionList, f"/cases/{_part(case_id)}/decisions", world=world)

    def report(self, world: World, case_id: str, form: ReportFormat = "html", language: Language = "en") -> bytes:
        """The case as a file."""
        return self._bytes(f"/cases/{_part(case_id)}/report", world=world, format=form, language=language)

    def navigator(self, world: World, case_id: str) -> bytes:
        """The case's techniques as a layer for the ATT&CK Navigator."""
        return self._bytes(f"/cases/{_part(case_id)}/navigator", world=world)

    def similar(self, world: World, case_id: str) -> SimilarCases:
        """Cases that resemble this one, and why."""
        return self._get(SimilarCases, f"/cases/{_part(case_id)}/similar", world=world)

    def picture(
        self, world: World, case_id: str, name: PictureName, theme: Theme = "light", language: Language = "en"
    ) -> bytes:
        """The timeline or the entity graph as SVG; empty when there is nothing to draw."""
        place = f"/cases/{_part(case_id)}/pictures/{name}"
        return self._bytes(place, world=world, theme=theme, language=language)

    def take(self, world: World, case_id: str) -> CaseLine:
        """Make a case mine."""
        return self._post(CaseLine, f"/cases/{_part(case_id)}/take", None, world=world)

    def take_many(self, world: World, case_ids: Sequence[str]) -> Taken:
        """Make several cases mine; those that cannot be taken are named with the reason."""
        return self._post(Taken, "/cases/take", {"ids": list(case_ids)}, world=world)

    def note(self, world: World, case_id: str, text: str) -> CaseLine:
        """Add my words to a case."""
        return self._post(CaseLine, f"/cases/{_part(case_id)}/notes", {"text": text}, world=world)

    def close_case(
        self,
        world: World,
        case_id: str,
        reason_code: ReasonCode,
        note: str = "",
        disposition: Disposition | None = None,
    ) -> CaseLine:
        """Close a case with my verdict; without a disposition, the one that the reason explains."""
        body: JsonObject = {"reason_code": reason_code, "note": note, "disposition": disposition}
        return self._post(CaseLine, f"/cases/{_part(case_id)}/close", body, world=world)

    def reopen(self, world: World, case_id: str, why: str) -> CaseLine:
        """Open a closed case again."""
        return self._post(CaseLine, f"/cases/{_part(case_id)}/reopen", {"why": why}, world=world)

    def events(self, world: World, after: int | None = None, limit: int = 200, wait_s: float = 0.0) -> EventPage:
        """What changed after the event numbered `after`, waiting up to `wait_s` seconds for something.

        Without `after`, no events but the number of the last one: where to go on from."""
        return self._get(EventPage, "/events", world=world, after=after, limit=limit, wait_s=wait_s)

    def create_thread(self, world: World, case_id: str | None = None, language: Language | None = None) -> Thread:
        """A new conversation, about a case or about anything."""
        return self._post(Thread, "/threads", {"world": world, "case_id": case_id, "language": language})

    def threads(self, world: World) -> ThreadList:
        """My conversations."""
        return self._get(ThreadList, "/threads", world=world)

    def thread(self, world: World, thread_id: str) -> ThreadView:
        """One conversation with its questions and answers."""
        return self._get(ThreadView, f"/threads/{_part(thread_id)}", world=world)

    def ask(self, world: World, thread_id: str, question: str) -> Run:
        """Ask; the run goes on whether or not anybody follows it."""
        return self._post(Run, f"/threads/{_part(thread_id)}/runs", {"question": question}, world=world)

    def run(self, world: World, run_id: str) -> Run:
        """One question and what became of it."""
        return self._get(Run, f"/runs/{_part(run_id)}", world=world)

    def steps(self, world: World, run_id: str, after: int = 0) -> StepPage:
        """Steps after the one numbered `after`, and the run as it stands."""
        return self._get(StepPage, f"/runs/{_part(run_id)}/steps", world=world, after=after)

    def stream(self, world: World, run_id: str, after: int = 0) -> Iterator[ChatStep]:
        """Stored steps, then live ones, until the run ends."""
        place = f"/runs/{_part(run_id)}/stream"
        try:
            with self._http.stream("GET", place, params=_query({"world": world, "after": after})) as response:
                if response.is_error:
                    response.read()
                    raise _refusal(response)
                yield from _steps(response.iter_lines())
        except httpx.HTTPError as error:
            raise ApiError("unreachable", str(error) or type(error).__name__) from error

    def stop(self, world: World, run_id: str) -> Run:
        """Stop a run; what it said so far stays."""
        return self._post(Run, f"/runs/{_part(run_id)}/stop", None, world=world)

    def thread_evidence(self, world: World, thread_id: str, evidence_id: str, path: str | None = None) -> EvidenceView:
        """One answer that a conversation gathered."""
        return self._get(
            EvidenceView, f"/threads/{_part(thread_id)}/evidence/{_part(evidence_id)}", world=world, path=path
        )

    def servers(self, world: World) -> ServerList:
        """The servers the analyst asks, with their tools."""
        return self._get(ServerList, "/servers", world=world)

    def search_knowledge(
        self,
        world: World,
        query: str,
        limit: int = 10,
        *,
        kind: Kind | None = None,
        language: Language | None = None,
        whose: Whose | None = None,
    ) -> KnowledgeHits:
        """Sections of the knowledge base that fit."""
        narrowed = {"kind": kind, "language": language, "whose": whose}
        return self._get(KnowledgeHits, "/knowledge", world=world, q=query, limit=limit, **narrowed)

    def documents(
        self,
        world: World,
        *,
        kind: Kind | None = None,
        language: Language | None = None,
        whose: Whose | None = None,
        limit: int = 100,
        offset: int = 0,
    ) -> KnowledgeDocuments:
        """A page of the documents of the knowledge base."""
        narrowed = {"kind": kind, "language": language, "whose": whose}
        return self._get(
            KnowledgeDocuments, "/knowledge/documents", world=world, limit=limit, offset=offset, **narrowed
        )

    def document(self, world: World, document_id: str) -> KnowledgeContents:
        """One document with its headings."""
        return self._get(KnowledgeContents, f"/knowledge/documents/{_part(document_id)}", world=world)

    def section(self, world: World, section_id: str) -> KnowledgeSection:
        """One section whole."""
        return self._get(KnowledgeSection, f"/knowledge/sections/{_part(section_id)}", world=world)

    def post_alerts(
        self, world: World, alerts: Sequence[JsonObject], form: AlertFormat | None = None
    ) -> AcceptedAlerts:
        """Hand in alerts; whatever has an id in the answer is on disk."""
        place = f"/alerts/{form}" if form else "/alerts"
        return _parsed(AcceptedAlerts, self._request("POST", place, {"world": world}, list(alerts)))

    def alert(self, row: int) -> AlertState:
        """What became of an accepted alert."""
        return self._get(AlertState, f"/alerts/{row}")

    def inbox(self, world: World, limit: int = 50) -> InboxView:
        """How much waits for triage, and what was given up."""
        return self._get(InboxView, "/inbox", world=world, limit=limit)

    def retry_alert(self, row: int) -> AlertState:
        """Queue an alert again that was given up."""
        return self._post(AlertState, f"/inbox/{row}/retry", None)

    def metrics(self) -> str:
        """What Prometheus reads."""
        return self._bytes("/metrics").decode()

    def _get(self, form: type[Answer], place: str, **query: Parameter) -> Answer:
        return _parsed(form, self._request("GET", place, query))

    def _post(self, form: type[Answer], place: str, body: Mapping[str, JsonValue] | None, **query: Parameter) -> Answer:
        return _parsed(form, self._request("POST", place, query, body))

    def _bytes(self, place: str, **query: Parameter) -> bytes:
        return self._request("GET", place, query).content

    def _request(
        self,
        method: str,
        place: str,
        query: Mapping[str, Parameter] | None = None,
        body: Mapping[str, JsonValue] | Sequence[JsonValue] | None = None,
    ) -> httpx.Response:
        """Raises: ApiError."""
        try:
            response = self._http.request(method, place, params=_query(query or {}), json=body)
        except httpx.HTTPError as error:
            raise ApiError("unreachable", str(error) or type(error).__name__) from error
        if response.is_error:
            raise _refusal(response)
        return response


def _part(value: str) -> str:
    """One part of a path, whatever is in it. Raises: ApiError for one that would lead to another path, or to none."""
    if value in ("", ".", ".."):
        raise ApiError("no_such_route", "there is nothing without a name", status=404)
    return quote(value, safe="")


def _query(given: Mapping[str, Parameter]) -> httpx.QueryParams:
    """The parameters that have a value, several values one by one."""
    found: list[tuple[str, str | int | float | bool | None]] = []
    for name, value in given.items():
        if isinstance(value, str | int | float | bool):
            found.append((name, value))
        elif value is not None:
            found.extend((name, item) for item in value)
    return httpx.QueryParams(found)


def _parsed(form: type[Answer], response: httpx.Response) -> Answer:
    try:
        return form.model_validate_json(response.content)
    except ValidationError as error:
        raise ApiError("not_understood", f"the answer is no {form.__name__}", status=response.status_code) from error


def _refusal(response: httpx.Response) -> ApiError:
    """What the API says went wrong."""
    try:
        problem = ProblemReport.model_validate_json(response.content).error
    except ValidationError:
        problem = Problem(code="not_understood", message=f"HTTP {response.status_code}")
    return ApiError(problem.code, problem.message, problem.hint, response.status_code)


def _steps(lines: Iterator[str]) -> Iterator[ChatStep]:
    """The steps among the lines of an event stream."""
    event, data = "", ""
    for line in lines:
        if line.startswith("event:"):
            event = line.removeprefix("event:").strip()
        elif line.startswith("data:"):
            data += line.removeprefix("data:").strip()
        elif not line:
            if data and event in ("", "step"):
                yield ChatStep.model_validate_json(data)
            event, data = "", ""
