"""What people do to cases over HTTP: done once, refused clearly, signed with their name."""

from contextlib import closing

from knowledge.trust.audit import AuditLog
from tests.ui.api.conftest import Api

LAB = {"world": "lab"}


async def test_taking_again_changes_nothing(api: Api) -> None:
    """A double click, or a request that was repeated, is no second event."""
    first = await api.ana.post("/cases/C-1/take", params=LAB)
    again = await api.ana.post("/cases/C-1/take", params=LAB)

    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json() == again.json()
    assert (first.json()["status"], first.json()["owner"]) == ("taken", "ana")


async def test_a_case_somebody_else_has_is_not_taken(api: Api) -> None:
    """Two people working on one case without knowing is what taking is for."""
    await api.ana.post("/cases/C-1/take", params=LAB)
    async with api.user("ben") as ben:
        answer = await ben.post("/cases/C-1/take", params=LAB)

    assert answer.status_code == 409
    assert answer.json()["error"]["code"] == "wrong_state"
    assert "ana" in answer.json()["error"]["message"]


async def test_several_cases_are_taken_at_once_and_the_rest_named(api: Api) -> None:
    """One that cannot be taken does not keep the others."""
    async with api.user("ben") as ben:
        await ben.post("/cases/C-2/take", params=LAB)
    answer = await api.ana.post("/cases/take", params=LAB, json={"ids": ["C-1", "C-2", "C-99", "C-3", "C-1"]})

    assert [line["id"] for line in answer.json()["taken"]] == ["C-1", "C-3"]
    assert [(line["id"], line["error"]["code"]) for line in answer.json()["refused"]] == [
        ("C-2", "wrong_state"),
        ("C-99", "no_case"),
    ]


async def test_a_note_is_kept_word_for_word(api: Api) -> None:
    """Notes may hold anything; whoever shows them makes them inert."""
    words = "seen <b>before</b>\n[x](http://evil.example) 你好"
    answer = await api.ana.post("/cases/C-1/notes", params=LAB, json={"text": words})
    case = (await api.ana.get("/cases/C-1", params=LAB)).json()

    assert answer.status_code == 201
    assert [(note["author"], note["text"]) for note in case["notes"]] == [("ana", words)]


async def test_an_empty_note_is_refused(api: Api) -> None:
    """It would be kept for ever."""
    assert (await api.ana.post("/cases/C-1/notes", params=LAB, json={"text": ""})).status_code == 422
    assert (await api.ana.post("/cases/C-1/notes", params=LAB, json={"text": "  "})).status_code == 409


async def test_a_case_is_closed_with_a_reason_and_opened_again(api: Api) -> None:
    """The person's verdict stands beside the machine's, and goes when the case is opened again."""
    body = {"reason_code": "admin_work", "note": "agreed with the owner"}
    closed = await api.ana.post("/cases/C-1/close", params=LAB, json=body)
    again = await api.ana.post("/cases/C-1/close", params=LAB, json=body)
    other = await api.ana.post("/cases/C-1/close", params=LAB, json={"reason_code": "bad_data"})
    opened = await api.ana.post("/cases/C-1/reopen", params=LAB, json={"why": "it came back"})
    twice = await api.ana.post("/cases/C-1/reopen", params=LAB, json={"why": "it came back"})

    assert closed.json()["human_disposition"] == "benign_true_positive"
    assert again.json() == closed.json()
    assert (other.status_code, twice.status_code) == (409, 409)
    assert (opened.json()["status"], opened.json()["human_disposition"]) == ("open", None)


async def test_a_reason_that_explains_something_else_is_refused(api: Api) -> None:
    """`rule logic` does not make an attack of it."""
    body = {"reason_code": "rule_logic", "disposition": "true_positive"}
    answer = await api.ana.post("/cases/C-1/close", params=LAB, json=body)

    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "bad_reason"


async def test_changes_are_audited_with_the_name_of_who_made_them(api: Api) -> None:
    """Not with the name of whoever runs the service."""
    async with api.user("ben") as ben:
        await ben.post("/cases/C-3/take", params=LAB)
        await ben.post("/cases/C-3/close", params=LAB, json={"reason_code": "confirmed_attack"})
    with closing(AuditLog(api.home.demo.audit)) as audit:
        entries = audit.entries("lab", limit=1000)
        report = audit.verify("lab")

    told = [(entry.actor, entry.event) for entry in entries if entry.data.get("case") == "C-3"]
    assert told[-3:] == [("ben", "case.taken"), ("ben", "case.closed"), ("ben", "knowledge.proposed")]
    assert report.ok


async def test_a_case_of_the_other_world_is_not_changed(api: Api) -> None:
    """The address says which world; the id alone never does."""
    answer = await api.ana.post("/cases/C-2/take")

    assert answer.status_code == 404
    assert (await api.ana.get("/cases/C-2", params=LAB)).json()["owner"] is None


async def test_another_tenants_cases_are_not_there(api: Api) -> None:
    """Tenants share a database; no list, id, count, event or change of one reaches the other."""
    work = api.app.state.cases.casework("lab")
    case = work.store.get("C-1", "lab")
    work.store.save(case.model_copy(update={"id": "C-77", "tenant": "other", "version": 0, "title": "not yours"}))
    queue = (await api.ana.get("/cases", params=LAB)).json()
    events = (await api.ana.get("/events", params={**LAB, "after": 0})).json()["events"]

    assert "C-77" not in [item["id"] for item in queue["cases"]]
    assert (queue["total"], queue["by_status"]) == (4, {"open": 4})
    assert "C-77" not in [event["case_id"] for event in events]
    assert (await api.ana.get("/cases/C-77", params=LAB)).status_code == 404
    assert (await api.ana.post("/cases/C-77/take", params=LAB)).status_code == 404
