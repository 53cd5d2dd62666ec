"""The queue as markup: what it is narrowed to, and one row per case."""

from collections.abc import Collection
from datetime import datetime
from typing import get_args

from agent.cases.queries import CaseSummary, Sort
from agent.models import Disposition, Priority
from ui.api.models import CaseList
from ui.cli.terms import term
from ui.web.client import service_url
from ui.web.filters import ROWS, TABS, Filters
from ui.web.frame import Visit
from ui.web.icons import icon
from ui.web.markup import Html, el, join, lines
from ui.web.verdicts import age_mark, disposition_mark, due_mark, likelihood_mark, priority_mark, status_mark

TITLE = 160
"""Characters of a title that a row shows."""
SENDING = (
    'curl -H "Authorization: Bearer $(cat ${{MCPSOC_HOME:-~/.mcpsoc}}/api.token)" \\\n'
    "  --data-binary @examples/alerts.jsonl {service}/alerts"
)
"""How an alert is sent, for a shell."""


def queue_view(visit: Visit, filters: Filters, queue: CaseList, fresh: Collection[str]) -> Html:
    """The whole page."""
    rows = table(visit, filters, queue, fresh) if queue.cases else nothing(visit, filters, queue)
    return el("div", heading(visit, filters, queue), toolbar(visit, filters, queue), rows, class_="queue")


def heading(visit: Visit, filters: Filters, queue: CaseList) -> Html:
    """How much waits, by priority; each number narrows the queue to it."""
    t = visit.t
    chips = (
        el(
            "a",
            priority_mark(t, priority),
            el("b", str(queue.by_priority.get(priority, 0)), class_="number"),
            href=_address(visit, filters, priority=None if filters.priority == priority else priority),
            data_go=True,
            title=t("only {priority}", priority=priority),
            aria_pressed="true" if filters.priority == priority else "false",
            role="button",
        )
        for priority in get_args(Priority)
    )
    clock = el("span", t("as of"), " ", el("time", queue.now.strftime("%Y-%m-%d %H:%M UTC")), class_="soft small asof")
    counts = el("div", *chips, class_="counts", role="group", aria_label=t("Not closed, by priority"))
    return el("header", el("h1", t("Queue")), counts, clock, class_="heading")


def toolbar(visit: Visit, filters: Filters, queue: CaseList) -> Html:
    """Which cases are shown."""
    return el("div", tabs(visit, filters, queue), _switches(visit, filters), search(visit, filters), class_="toolbar")


def tabs(visit: Visit, filters: Filters, queue: CaseList) -> Html:
    """One choice of statuses each, with how many there are."""
    t = visit.t
    names = {
        "": t("Not closed"),
        "waiting": t("Waiting"),
        "taken": t("Taken"),
        "closed": t("Closed"),
        "all": t("All"),
    }
    links = (
        el(
            "a",
            names[tab],
            el("b", str(sum(queue.by_status.get(status, 0) for status in statuses or queue.by_status))),
            href=_address(visit, filters, status=tab),
            data_go=True,
            aria_current="true" if tab == filters.status else None,
        )
        for tab, statuses in TABS.items()
    )
    return el("nav", *links, class_="tabs", aria_label=t("Status"))


def _switches(visit: Visit, filters: Filters) -> Html:
    t = visit.t
    return el(
        "div",
        _switch(t("Mine"), "person", filters.mine, _address(visit, filters, mine=not filters.mine)),
        _switch(t("Overdue"), "alarm", filters.overdue, _address(visit, filters, overdue=not filters.overdue)),
        class_="switches",
    )


def _switch(name: str, drawing: str, on: bool, address: str) -> Html:
    pressed = "true" if on else "false"
    return el(
        "a", icon(drawing), name, href=address, data_go=True, role="button", aria_pressed=pressed, class_="switch"
    )


def search(visit: Visit, filters: Filters) -> Html:
    """Disposition and words."""
    t = visit.t
    choices = (
        el("option", term(t, item), value=item, selected=item == filters.disposition) for item in get_args(Disposition)
    )
    return el(
        "form",
        el(
            "select",
            el("option", t("Every disposition"), value=""),
            *choices,
            name="disposition",
            id="queue-disposition",
            data_param="disposition",
            aria_label=t("Disposition"),
        ),
        el(
            "span",
            icon("search"),
            el(
                "input",
                type="search",
                name="text",
                id="queue-text",
                value=filters.text,
                placeholder=t("Case, title or technique"),
                aria_label=t("Search the queue"),
                maxlength=200,
            ),
            class_="seek",
        ),
        el("a", t("Clear"), href=visit.address("queue"), data_go=True, class_="button plain")
        if filters.narrowed
        else None,
        role="search",
        id="queue-search",
        class_="search",
    )


def table(visit: Visit, filters: Filters, queue: CaseList, fresh: Collection[str]) -> Html:
    """The rows, and what can be done with those that are picked."""
    rows = (row(visit, case, queue.now, case.id in fresh) for case in queue.cases)
    body = el("tbody", *rows, role="rowgroup")
    whole = el("table", _head(visit, filters), body, class_="cases", role="table", aria_label=visit.t("Cases"))
    return el("div", _bulk(visit), whole, _pages(visit, filters, queue), class_="card list")


def _bulk(visit: Visit) -> Html | None:
    if not visit.may("case.take"):
        return None
    t = visit.t
    said = el("span", el("b", "0", data_picks=True), " ", t("picked"))
    button = el("button", icon("flag"), t("Take"), type="button", data_do="take", class_="button primary")
    return el("div", said, button, class_="bulk", data_when_picked=True, hidden=True)


def _head(visit: Visit, filters: Filters) -> Html:
    t = visit.t
    every = el("input", type="checkbox", data_pick_all=True, id="pick-all", aria_label=t("Pick every case"))
    cells = (
        el("th", every if visit.may("case.take") else None, role="columnheader", class_="pick"),
        _sortable(visit, filters, "priority", t("Priority")),
        el("th", t("Case"), role="columnheader", scope="col"),
        el("th", t("Disposition"), role="columnheader", scope="col"),
        el("th", t("Likelihood"), role="columnheader", scope="col"),
        el("th", t("Status"), role="columnheader", scope="col"),
        _sortable(visit, filters, "recent", t("Age")),
        _sortable(visit, filters, "due", t("Due")),
    )
    return el("thead", el("tr", *cells, role="row"), role="rowgroup")


def _sortable(visit: Visit, filters: Filters, sort: Sort, name: str) -> Html:
    chosen = filters.sort == sort
    link = el("a", name, el("span", "↓", aria_hidden="true"), href=_address(visit, filters, sort=sort), data_go=True)
    order = ("descending" if sort == "recent" else "ascending") if chosen else "none"
    return el("th", link, role="columnheader", scope="col", aria_sort=order, class_="sort")


def row(visit: Visit, case: CaseSummary, now: datetime, fresh: bool) -> Html:
    """One case."""
    t = visit.t
    marks = (
        (_pick(visit, case), "pick"),
        (priority_mark(t, case.priority), "priority-cell"),
        (_name(visit, case), "name"),
        (_judgement(visit, case), "disposition"),
        (likelihood_mark(t, case.likelihood), "likelihood-cell"),
        (_status(visit, case), "status-cell"),
        (age_mark(t, case.created_at, now), "age"),
        (due_mark(t, case.due_at, now, case.status, overdue=case.overdue), "due"),
    )
    state = " ".join(word for word, on in (("late", case.overdue), ("fresh", fresh), (case.status, True)) if on)
    return el("tr", *(el("td", mark, role="cell", class_=name) for mark, name in marks), role="row", class_=state)


def _pick(visit: Visit, case: CaseSummary) -> Html | None:
    if not visit.may("case.take") or case.status in ("taken", "closed"):
        return None
    name = visit.t("Pick {case}", case=case.id)
    return el("input", type="checkbox", data_pick=True, value=case.id, id=f"pick-{case.id}", aria_label=name)


def _name(visit: Visit, case: CaseSummary) -> Html:
    t = visit.t
    shown = case.title if len(case.title) <= TITLE else f"{case.title[:TITLE]}…"
    link = el("a", el("bdi", shown), href=visit.address("case", case=case.id), data_go=True, class_="title")
    several = [
        el("span", t("{n} alerts", n=case.alerts)) if case.alerts > 1 else None,
        el("span", t("seen {n} times again", n=case.repeats)) if case.repeats else None,
        *(el("code", technique) for technique in case.techniques[:4]),
    ]
    return join((link, el("span", el("b", case.id), *several, class_="under")))


def _judgement(visit: Visit, case: CaseSummary) -> Html:
    """The machine's word; a person's beside it when there is one."""
    t = visit.t
    machine = disposition_mark(t, case.disposition)
    if case.human_disposition is None:
        return machine
    person = el("span", t("closed as {disposition}", disposition=term(t, case.human_disposition)), class_="under")
    return join((machine, person))


def _status(visit: Visit, case: CaseSummary) -> Html:
    owner = el("span", el("bdi", case.owner), class_="under") if case.owner else None
    return join((status_mark(visit.t, case.status), owner))


def _pages(visit: Visit, filters: Filters, queue: CaseList) -> Html:
    t = visit.t
    first, last = filters.start + 1, filters.start + len(queue.cases)
    before = _address(visit, filters, start=max(0, filters.start - ROWS)) if filters.start else None
    after = _address(visit, filters, start=last) if last < queue.total else None
    return el(
        "footer",
        el("span", t("{first} to {last} of {total}", first=first, last=last, total=queue.total)),
        el("a", icon("back"), t("Earlier rows"), href=before, data_go=True) if before else None,
        el("a", t("Further rows"), icon("arrow"), href=after, data_go=True) if after else None,
        class_="paging",
    )


def nothing(visit: Visit, filters: Filters, queue: CaseList) -> Html:
    """No row: why, and what to do about it."""
    t = visit.t
    if queue.by_status and any(queue.by_status.values()):
        title = t("No case fits") if filters.narrowed else t("Nothing here")
        lead = t("There are cases, but none that you asked for.")
        link = el("a", t("Show every case"), href=visit.address("queue", status="all"), data_go=True, class_="button")
        return el("section", icon("check"), el("h2", title), el("p", lead), link, class_="empty card")
    return _no_alerts(visit) if visit.world == "site" else _no_demo(visit)


def _no_alerts(visit: Visit) -> Html:
    t = visit.t
    demo = next((view for view in visit.me.worlds if view.world == "lab" and view.cases), None)
    other = el("a", t("Look at the simulated enterprise"), href=f"/?world=lab&lang={visit.language}", data_go=True)
    return el(
        "section",
        icon("shield"),
        el("h2", t("No alert has come in yet")),
        el("p", t("Send alerts to the service, in the format your product writes:")),
        el("pre", lines(SENDING.format(service=service_url())), class_="block", tabindex=0),
        el("p", t("Or let the analyst follow the file that your product writes:")),
        el("pre", "mcpsoc triage --watch /var/ossec/logs/alerts/alerts.json", class_="block", tabindex=0),
        el("p", other) if demo else el("p", t("To see it at work first:"), " ", el("code", "mcpsoc demo")),
        class_="empty card",
    )


def _no_demo(visit: Visit) -> Html:
    t = visit.t
    lead = t("The simulated enterprise has no case. This command makes one and investigates twelve alerts in it:")
    return el(
        "section",
        icon("shield"),
        el("h2", t("Nothing has been simulated yet")),
        el("p", lead),
        el("pre", "mcpsoc demo", class_="block"),
        class_="empty card",
    )


def _address(visit: Visit, filters: Filters, **changes: str | int | bool | None) -> str:
    """The queue with something changed; another choice starts on the first page again."""
    given = {**filters.parameters(), "from": ""}
    named = {("from" if name == "start" else name): value for name, value in changes.items()}
    shown = {name: "1" if value is True else str(value or "") for name, value in named.items()}
    kept = {name: value for name, value in {**given, **shown}.items() if (name, value) != ("sort", "priority")}
    return visit.address("queue", **kept)
