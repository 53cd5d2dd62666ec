"""What Request Tracker and ServiceNow answer, as they publish it: enough of both for a ticket's whole life."""

import re

from pydantic import JsonValue

from tests.servers.tickets.desk import Desk

CLAUSE = re.compile(r"(Queue|Subject|Status|id) (=|LIKE) '([^']*)'")
STATES = {"sysparm_fields", "sysparm_limit", "sysparm_offset"}


def request_tracker(
    desk: Desk, method: str, path: str, asked: dict[str, str], body: JsonValue
) -> tuple[int, JsonValue]:
    """REST 2 of Request Tracker."""
    if (method, path) == ("GET", "/REST/2.0/tickets"):
        return 200, _listed(desk, asked)
    if (method, path) == ("POST", "/REST/2.0/ticket"):
        assert isinstance(body, dict)
        number = str(len(desk.tickets) + 1)
        made = {"Queue": str(body["Queue"]), "Subject": str(body["Subject"]), "Text": str(body["Content"])}
        desk.tickets.append({"id": number, "Status": "new", **made})
        return 201, {"type": "ticket", "id": number, "_url": f"{desk.url}/REST/2.0/ticket/{number}"}
    found = next((each for each in desk.tickets if path.split("/")[4:5] == [each["id"]]), None)
    if found is None:
        return 404, {"message": "Not Found"}
    if method == "PUT":
        assert isinstance(body, dict)
        found["Status"] = str(body["Status"])
        return 200, [f"Ticket {found['id']}: Status changed"]
    if path.endswith("/comment"):
        assert isinstance(body, dict)
        desk.notes.append((found["id"], str(body["Content"])))
        return 201, ["Comments added"]
    return 200, {
        "id": int(found["id"]),
        "Subject": found["Subject"],
        "Status": found["Status"],
        "Created": "2026-03-09",
    }


def _listed(desk: Desk, asked: dict[str, str]) -> JsonValue:
    """A page of what a TicketSQL query finds; clauses of one field are alternatives."""
    desk.queries.append(asked["query"])
    clauses = CLAUSE.findall(asked["query"])
    subjects = [value for name, _, value in clauses if name == "Subject"]
    states = {value for name, _, value in clauses if name == "Status"}
    fit = [
        each
        for each in reversed(desk.tickets)
        if all(text.lower() in each["Subject"].lower() for text in subjects)
        and (not states or each["Status"] in states)
        and all(each[name] == value for name, _, value in clauses if name in ("Queue", "id"))
    ]
    size, page = min(int(asked["per_page"]), desk.most), int(asked["page"])
    rows = [{"type": "ticket", "_url": "", **each} for each in fit[size * (page - 1) : size * page]]
    items: list[JsonValue] = [dict(row) for row in rows]
    return {"count": len(rows), "total": len(fit), "per_page": size, "page": page, "items": items}


def servicenow(desk: Desk, method: str, path: str, asked: dict[str, str], body: JsonValue) -> tuple[int, JsonValue]:
    """Table and Aggregate API of ServiceNow."""
    if path == "/api/now/stats/incident":
        return 200, {"result": {"stats": {"count": str(len(_fitting(desk, asked["sysparm_query"])))}}}
    if (method, path) == ("GET", "/api/now/table/incident"):
        start, size = int(asked["sysparm_offset"]), min(int(asked["sysparm_limit"]), desk.most)
        rows: list[JsonValue] = [dict(each) for each in _fitting(desk, asked["sysparm_query"])[start : start + size]]
        return 200, {"result": rows}
    if method == "POST":
        assert isinstance(body, dict)
        made = {"sys_id": f"{len(desk.tickets) + 1:032x}", "state": "1", **{k: str(v) for k, v in body.items()}}
        desk.tickets.append(made)
        return 201, {"result": dict(made)}
    found = next((each for each in desk.tickets if path.endswith(f"/{each['sys_id']}")), None)
    if found is None:
        return 404, {"error": {"message": "No Record found"}, "status": "failure"}
    if method == "PATCH":
        assert isinstance(body, dict)
        desk.notes += [(found["sys_id"], str(body["work_notes"]))] if "work_notes" in body else []
        found["state"] = str(body.get("state", found["state"]))
    return 200, {"result": dict(found)}


def _fitting(desk: Desk, query: str) -> list[dict[str, str]]:
    desk.queries.append(query)
    texts = re.findall(r"short_descriptionLIKE([^^]*)", query)
    states = re.findall(r"stateIN([^^]*)", query)
    return [
        each
        for each in reversed(desk.tickets)
        if all(text.lower() in each["short_description"].lower() for text in texts)
        and (not states or each["state"] in states[0].split(","))
    ]
