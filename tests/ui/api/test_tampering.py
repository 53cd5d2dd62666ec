"""What somebody changes in the files is seen in the next answer."""

import json
import sqlite3

from tests.ui.api.conftest import Api
from ui.api.models import CaseView

LAB = {"world": "lab"}


async def test_claims_are_run_again_for_every_answer(api: Api) -> None:
    """What somebody changed in the database is seen at once, not when the next report is written."""
    before = CaseView.model_validate_json((await api.ana.get("/cases/C-1", params=LAB)).content)
    cited = next(ref.evidence for claim in before.claims if claim.kind == "equals" for ref in claim.refs)
    with sqlite3.connect(api.home.demo.cases) as db:
        query = "SELECT document FROM evidence WHERE case_id = 'C-1' AND id = ?"
        document = json.loads(db.execute(query, (cited,)).fetchone()[0])
        document["data"] = {"gone": True}
        db.execute("UPDATE evidence SET document = ? WHERE case_id = 'C-1' AND id = ?", (json.dumps(document), cited))
    db.close()

    after = CaseView.model_validate_json((await api.ana.get("/cases/C-1", params=LAB)).content)

    assert not after.proof.whole
    assert after.proof.no_longer > 0
    assert after.proof.hashes == after.proof.evidence - 1
    assert [line.id for line in after.evidence if not line.hash_fits] == [cited]
