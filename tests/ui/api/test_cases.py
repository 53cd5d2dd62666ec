"""Cases to read: the queue, the whole case with its claims re-run, and the case as file or picture."""

import json
from xml.etree import ElementTree

import pytest

from tests.ui.api.conftest import Api
from ui.api.models import CaseList, CaseView, DecisionList, EvidenceView

LAB = {"world": "lab"}
pytestmark = pytest.mark.asyncio(loop_scope="module")


async def one(reading: Api, case_id: str = "C-1", **query: str) -> CaseView:
    answer = await reading.ana.get(f"/cases/{case_id}", params={**LAB, **query})
    assert answer.status_code == 200, answer.text
    return CaseView.model_validate_json(answer.content)


async def queue(reading: Api, **query: str | int | bool) -> CaseList:
    answer = await reading.ana.get("/cases", params={**LAB, **query})
    assert answer.status_code == 200, answer.text
    return CaseList.model_validate_json(answer.content)


async def test_the_queue_is_paged_and_counts_all_of_it(reading: Api) -> None:
    """Tabs and page numbers come from the counts, whatever is shown."""
    everything = await queue(reading)
    page = await queue(reading, limit=1, offset=1)
    filtered = await queue(reading, status="closed")

    assert everything.total == len(everything.cases) == 4
    assert page.cases == everything.cases[1:2]
    assert page.total == 4
    assert (filtered.cases, filtered.total) == ((), 0)
    assert filtered.by_status == everything.by_status == {"open": 4}
    assert sum(everything.by_priority.values()) == 4


async def test_the_queue_is_filtered_by_what_alerts_name(reading: Api) -> None:
    """`which cases are about this host?` is the first thing anybody looks for."""
    case = (await queue(reading)).cases[0]
    host = next(view.alert.text("host.name") for view in (await one(reading, case.id)).alerts)
    found = await queue(reading, entity=str(host))

    assert case.id in [item.id for item in found.cases]
    assert found.total < 4
    assert (await queue(reading, entity="no-such-host")).total == 0


async def test_a_case_says_how_it_was_decided(reading: Api) -> None:
    """Each decision in words with the case; as it is kept, with the conversation, on a road of its own."""
    case, chinese = await one(reading), await one(reading, language="zh")
    answer = await reading.ana.get("/cases/C-1/decisions", params=LAB)
    kept = DecisionList.model_validate_json(answer.content).decisions

    assert case.decided_by == case.brain == "playbook"
    assert [item.step for item in case.decisions] == [item.step for item in kept]
    assert [item.answer for item in case.decisions] == [item.answer for item in kept]
    assert case.decisions[-1].title == "Conclude"
    assert chinese.decisions[-1].title == "得出结论"
    assert (case.usage.calls, case.cost, case.cut, case.disagreements) == (0, "no model was asked", (), ())
    assert "messages" not in case.decisions[0].model_dump()


async def test_a_case_is_told_whole(reading: Api) -> None:
    """The page makes one request per case."""
    case = await one(reading)

    assert case.verdict is not None
    assert case.opening is not None
    assert case.proof.whole
    assert case.proof.verified == sum(claim.status == "verified" for claim in case.claims) > 0
    assert [technique.id for technique in case.techniques] == list(case.verdict.techniques)
    assert all(technique.name for technique in case.techniques)
    assert case.evidence[0].id == case.alerts[0].evidence == "E0"
    assert [event.time for event in case.timeline] == sorted(event.time for event in case.timeline)
    assert any(event.tone == "alert" for event in case.timeline)
    known = {node.id for node in case.entities.nodes}
    assert all({edge.left, edge.right} <= known for edge in case.entities.edges)


async def test_a_case_is_told_in_chinese_and_its_evidence_is_not(reading: Api) -> None:
    """Sentences are ours and are translated; values are somebody's words and stay."""
    english, chinese = await one(reading), await one(reading, language="zh")
    texts = [(mine.text, theirs.text) for mine, theirs in zip(english.claims, chinese.claims, strict=True)]

    assert any(mine != theirs for mine, theirs in texts)
    assert chinese.proof == english.proof
    assert [claim.refs for claim in chinese.claims] == [claim.refs for claim in english.claims]
    assert {row.text for row in chinese.findings} <= {claim.text for claim in chinese.claims}


async def test_every_claim_opens_where_it_was_read(reading: Api) -> None:
    """A sentence nobody can open is an opinion."""
    case = await one(reading)
    evidence = {line.id for line in case.evidence}

    for claim in case.claims:
        assert claim.refs
        assert {ref.evidence for ref in claim.refs} <= evidence
        if claim.status == "verified" and claim.kind in ("equals", "contains"):
            ref = next(ref for ref in claim.refs if ref.role == "ref")
            assert ref.values


async def test_the_matrix_adds_up_to_the_scores(reading: Api) -> None:
    """The page draws these numbers; they are the ones the verdict was made of."""
    case = await one(reading)
    columns = [hypothesis.id for hypothesis in case.hypotheses]

    assert sum(hypothesis.leading for hypothesis in case.hypotheses) <= 1
    assert all([cell.hypothesis for cell in row.cells] == columns for row in case.findings)
    assert {row.claim for row in case.findings} <= {claim.id for claim in case.claims}


async def test_evidence_says_who_wrote_each_value(reading: Api) -> None:
    """Colours of the page come from here; what nobody declared is untrusted."""
    answer = await reading.ana.get("/cases/C-1/evidence/E0", params=LAB)
    view = EvidenceView.model_validate_json(answer.content)

    assert view.hash_fits
    assert view.left_out == 0
    assert len(view.leaves) == len({leaf.path for leaf in view.leaves}) > 10
    assert {leaf.provenance for leaf in view.leaves} >= {"T1", "T2"}
    assert not any(leaf.cited for leaf in view.leaves)


async def test_a_cited_place_is_marked(reading: Api) -> None:
    """The panel scrolls to what the sentence read."""
    case = await one(reading)
    claim = next(item for item in case.claims if item.status == "verified" and item.kind == "equals")
    ref = next(item for item in claim.refs if item.role == "ref")
    answer = await reading.ana.get(f"/cases/C-1/evidence/{ref.evidence}", params={**LAB, "path": ref.path})
    view = EvidenceView.model_validate_json(answer.content)

    assert [leaf.text for leaf in view.leaves if leaf.cited] == [leaf.text for leaf in ref.values]
    assert view.provenance == ref.provenance


async def test_everything_under_a_cited_place_is_marked(reading: Api) -> None:
    """A sentence may cite a whole row."""
    answer = await reading.ana.get("/cases/C-1/evidence/E0", params={**LAB, "path": "$.alert"})
    view = EvidenceView.model_validate_json(answer.content)

    assert {leaf.path for leaf in view.leaves if leaf.cited} == {
        leaf.path for leaf in view.leaves if leaf.path.startswith("['alert']")
    }


async def test_a_path_that_is_none_is_refused(reading: Api) -> None:
    """It comes from an address that anybody may have typed."""
    answer = await reading.ana.get("/cases/C-1/evidence/E0", params={**LAB, "path": "$[?("})

    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "bad_path"


@pytest.mark.parametrize(
    "path", ["", "/evidence/E0", "/report", "/navigator", "/similar", "/pictures/timeline", "/pictures/entities"]
)
async def test_a_case_of_the_other_world_is_not_there(reading: Api, path: str) -> None:
    """C-2 is a case of the simulated enterprise alone: to the site it looks like a case that never was."""
    there = await reading.ana.get(f"/cases/C-2{path}", params=LAB)
    here = await reading.ana.get(f"/cases/C-2{path}", params={"world": "site"})
    nowhere = await reading.ana.get(f"/cases/C-99{path}", params={"world": "site"})

    assert there.status_code in (200, 204)
    assert here.status_code == nowhere.status_code == 404
    assert here.json() == json.loads(nowhere.text.replace("C-99", "C-2"))


async def test_the_same_id_is_another_case_in_the_other_world(reading: Api) -> None:
    """Ids are counted per world."""
    lab = await one(reading)
    site = await one(reading, world="site")

    assert (lab.id, lab.tenant, lab.synthetic) == ("C-1", "lab", True)
    assert (site.id, site.tenant, site.synthetic) == ("C-1", "default", False)


@pytest.mark.parametrize("form, starts", [("html", b"<!DOCTYPE html>"), ("markdown", b"# C"), ("json", b"{")])
async def test_reports_come_as_files_that_do_nothing(reading: Api, form: str, starts: bytes) -> None:
    """They are opened beside the session cookie of the page."""
    answer = await reading.ana.get("/cases/C-1/report", params={**LAB, "format": form})

    assert answer.content.startswith(starts)
    assert answer.headers["content-disposition"].startswith("attachment")
    assert "sandbox" in answer.headers["content-security-policy"]


async def test_the_navigator_layer_has_the_techniques_of_the_verdict(reading: Api) -> None:
    """It is loaded into MITRE's Navigator as it is."""
    case = await one(reading)
    layer = (await reading.ana.get("/cases/C-1/navigator", params=LAB)).json()

    assert layer["domain"] == "enterprise-attack"
    assert [item["techniqueID"] for item in layer["techniques"]] == [item.id for item in case.techniques]


@pytest.mark.parametrize("name", ["timeline", "entities"])
async def test_pictures_are_whole_images_in_both_themes(reading: Api, name: str) -> None:
    """An image file has to bring its colours, and runs nothing."""
    light = await reading.ana.get(f"/cases/C-1/pictures/{name}", params=LAB)
    dark = await reading.ana.get(f"/cases/C-1/pictures/{name}", params={**LAB, "theme": "dark"})
    root = ElementTree.fromstring(light.text)

    assert light.headers["content-type"] == "image/svg+xml"
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert "script" not in light.text
    assert light.text != dark.text


async def test_similar_cases_say_why(reading: Api) -> None:
    """A score without a reason helps nobody."""
    found = (await reading.ana.get("/cases/C-1/similar", params=LAB)).json()["similar"]

    assert all(item["why"] and 0 < item["score"] <= 1 and item["id"] != "C-1" for item in found)
