"""Cases to read: the queue, one case, its evidence, and the case as a file or a picture."""

from typing import Annotated, Final, TypeAlias

from fastapi import APIRouter, Depends, Query, Response

from agent.cases.queries import CaseQuery
from agent.models import Case, CaseStatus, Disposition, Priority
from ui.api.access import AskedLanguage, Cases, may, missing
from ui.api.case_view import case_view
from ui.api.casework import Casework
from ui.api.evidence_view import evidence_view
from ui.api.models import (
    CaseList,
    CaseView,
    DecisionList,
    EvidenceView,
    PictureName,
    ReportFormat,
    SimilarCase,
    SimilarCases,
    Sort,
    Theme,
)
from ui.api.navigator import navigator_layer
from ui.api.pictures import picture
from ui.exporting import export_case

router = APIRouter(prefix="/cases", tags=["cases"], dependencies=[Depends(may("case.read"))])

MEDIA: Final[dict[ReportFormat, tuple[str, str]]] = {
    "html": ("text/html; charset=utf-8", "html"),
    "markdown": ("text/markdown; charset=utf-8", "md"),
    "json": ("application/json", "json"),
}
"""Format to media type and file ending."""
INERT: Final = {"content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox"}
"""A file of ours runs nothing and fetches nothing, wherever it is opened."""

Path: TypeAlias = Annotated[
    str | None, Query(max_length=20_000, description="JSONPath (RFC 9535); values under it are marked as cited.")
]


@router.get("")
def list_cases(
    work: Cases,
    status: Annotated[list[CaseStatus] | None, Query()] = None,
    priority: Annotated[list[Priority] | None, Query()] = None,
    disposition: Annotated[list[Disposition] | None, Query()] = None,
    owner: Annotated[str | None, Query(max_length=200)] = None,
    overdue: bool | None = None,
    text: Annotated[str | None, Query(max_length=200, description="Part of the id, title or a technique.")] = None,
    entity: Annotated[str | None, Query(max_length=500, description="Somebody or something an alert names.")] = None,
    sort: Sort = "priority",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> CaseList:
    """A page of the queue, the most urgent first."""
    everything = CaseQuery(now=work.now(), tenant=work.tenant, world=work.world)
    query = everything.model_copy(
        update={
            "status": tuple(status or ()),
            "priority": tuple(priority or ()),
            "disposition": tuple(disposition or ()),
            "owner": owner,
            "overdue": overdue,
            "text": text,
            "ids": _naming(work, entity) if entity else None,
            "sort": sort,
            "limit": limit,
            "offset": offset,
        }
    )
    waiting = everything.model_copy(update={"status": ("new", "investigating", "open", "taken")})
    return CaseList(
        cases=work.store.list_cases(query),
        total=work.store.count(query).total,
        now=query.now,
        by_status=work.store.count(everything).by_status,
        by_priority=work.store.count(waiting).by_priority,
    )


@router.get("/{case_id}")
def get_case(work: Cases, case_id: str, language: AskedLanguage = "en") -> CaseView:
    """One case whole. Every claim is re-run and every hash recomputed for this answer."""
    return case_view(_case(work, case_id), work.now(), language)


@router.get("/{case_id}/evidence/{evidence_id}")
def get_evidence(work: Cases, case_id: str, evidence_id: str, path: Path = None) -> EvidenceView:
    """One answer of one tool as it came, with who wrote each value."""
    found = next((item for item in _case(work, case_id).evidence if item.id == evidence_id), None)
    if found is None:
        raise missing("evidence", evidence_id)
    return evidence_view(found, path)


@router.get("/{case_id}/decisions")
def get_decisions(work: Cases, case_id: str) -> DecisionList:
    """Every decision of the case as it is kept, with the conversation with the model that led to it."""
    report = _case(work, case_id).report
    return DecisionList(decisions=report.decisions if report else ())


@router.get("/{case_id}/report", response_class=Response)
def get_report(work: Cases, case_id: str, format: ReportFormat = "html", language: AskedLanguage = "en") -> Response:
    """The case as a file: a self-contained HTML page, Markdown, or signed JSON."""
    case = _case(work, case_id)
    media, ending = MEDIA[format]
    return _file(export_case(case, work.home, format, language), media, f"{case.id}.{ending}")


@router.get("/{case_id}/navigator", response_class=Response)
def get_navigator(work: Cases, case_id: str) -> Response:
    """The case's techniques as a layer of the ATT&CK Navigator."""
    case = _case(work, case_id)
    return _file(navigator_layer(case), "application/json", f"{case.id}.layer.json")


@router.get("/{case_id}/similar")
def get_similar(work: Cases, case_id: str, limit: Annotated[int, Query(ge=1, le=20)] = 5) -> SimilarCases:
    """Other cases that resemble this one, and why: context, never evidence."""
    found = work.store.similar(case_id, work.tenant, limit)
    return SimilarCases(similar=tuple(SimilarCase.model_validate(item.model_dump()) for item in found))


@router.get("/{case_id}/pictures/{name}", response_class=Response)
def get_picture(
    work: Cases, case_id: str, name: PictureName, theme: Theme = "light", language: AskedLanguage = "en"
) -> Response:
    """The timeline or the entity graph as SVG; 204 when there is nothing to draw."""
    drawn = picture(_case(work, case_id), name, theme, language)
    return Response(drawn, 200, INERT, "image/svg+xml") if drawn else Response(status_code=204)


def _naming(work: Casework, entity: str) -> tuple[str, ...]:
    """Cases whose alerts name it, whole or in part."""
    return tuple(item.case_id for item in work.store.naming(work.tenant, entity))


def _case(work: Casework, case_id: str) -> Case:
    """Raises: CaseNotFoundError, also when it is a case of the other world."""
    return work.store.get(case_id, work.tenant)


def _file(content: bytes, media: str, name: str) -> Response:
    return Response(content, 200, {**INERT, "content-disposition": f'attachment; filename="{name}"'}, media)
