"""What a person is told about looks that were not made: by whom, that it is no clean answer, since when, what to do."""

import pytest

from agent.brain.playbook import PlaybookBrain
from agent.evidence.ledger import Ledger
from agent.investigation.graph import investigate
from agent.investigation.state import Deps
from agent.models import Backend, Evidence, EvidenceStatus, Gap, JsonObject, Report
from tests.agent.investigation.test_graph import COVERED, NOON, PLAYBOOKS, TAKEOVER, Answers, run, spray

DOWN = "unreachable: nobody listens at the inventory's address"
RESOLVE = "assets__assets_resolve"


class Failing(Answers):
    """A read door at which the inventory looks at nothing, or not at all that was asked."""

    status: EvidenceStatus = "error"
    error = DOWN
    backend: Backend = "real"

    def _one(self, tool: str, arguments: JsonObject) -> Evidence:
        if tool != RESOLVE:
            return super()._one(tool, arguments)
        return self.ledger.add(
            server="assets",
            tool="assets_resolve",
            arguments=arguments,
            asked_at=NOON,
            status=self.status,
            summary="the inventory",
            backend=self.backend,
            data=None,
            provenance={},
            sensor=None,
            error=self.error,
            hint="start it",
        )


async def with_inventory(**inventory: str) -> Report:
    """The report of an attack that is proved whatever the inventory says."""
    ledger = Ledger()
    subject = ledger.from_alert(spray())
    door = Failing(TAKEOVER, ledger)
    for name, value in inventory.items():
        setattr(door, name, value)
    brain = PlaybookBrain()
    deps = Deps("C-1", brain, brain, door, PLAYBOOKS, lambda: NOON, subject)
    return await investigate(spray(), "password_attack", deps)


def of_inventory(report: Report) -> tuple[Gap, ...]:
    return tuple(gap for gap in report.verdict.gaps if gap.sensor == "assets")


async def test_product_that_is_down_is_named_with_what_to_do() -> None:
    """An error that only the list of looks shows is read as nothing found."""
    report = await with_inventory()
    (gap,) = of_inventory(report)

    assert gap.reason == f"an error, which is no clean answer: {DOWN}; start it"
    assert gap.query == "assets_resolve: identifier = gw-1, at = 2026-03-02T12:00:00Z"
    assert not gap.required
    assert report.verdict.reason.endswith("; error from assets")


async def test_product_that_is_down_moves_no_verdict() -> None:
    """It is told, and weighed as any look that was not made."""
    told, before = await with_inventory(), await with_inventory(backend="embedded")

    assert of_inventory(before) == ()
    assert told.verdict.model_copy(update={"gaps": (), "reason": ""}) == before.verdict.model_copy(
        update={"gaps": (), "reason": ""}
    )


@pytest.mark.parametrize("error", ["not_configured: no inventory", "unknown_host: no such host"])
async def test_server_that_works_is_no_error_of_the_queue(error: str) -> None:
    """The line of the queue names what is broken; the case lists every look that was not made."""
    report = await with_inventory(error=error)

    assert len(of_inventory(report)) == 1
    assert "error from" not in report.verdict.reason


async def test_product_that_nobody_connected_is_no_failure() -> None:
    """A site without an inventory would be told so in every case, as if something had broken."""
    assert of_inventory(await with_inventory(status="refused", error="no_product: no product is connected")) == ()


async def test_stale_answer_of_a_product_gives_its_reason() -> None:
    """`stale` alone does not say which feed to fetch."""
    report = await with_inventory(status="stale", error="feeds_stale: 1 of 2 feeds is older than 24 hours")
    (gap,) = of_inventory(report)

    assert gap.reason == "stale: feeds_stale: 1 of 2 feeds is older than 24 hours; start it"
    assert "error from" not in report.verdict.reason


@pytest.mark.parametrize(
    ("known", "told"),
    [
        ({"silent_since": "2026-03-02T11:30:00Z", "last_event": "2026-03-02T11:29:00Z"}, "; nothing came since 2026-"),
        ({"last_event": "2026-03-02T11:29:00Z"}, "; its newest record is of 2026-03-02T11:29:00Z"),
        ({}, ""),
    ],
    ids=["since", "newest", "unknown"],
)
async def test_sensor_that_did_not_cover_the_event_says_since_when(known: dict[str, str], told: str) -> None:
    """Where it is known how old the newest record is, nobody has to look it up."""
    idp: JsonObject = {"sensor": "idp", "covered": False, "state": "down", **known}
    report, _, _ = await run({**TAKEOVER, "siem__siem_check_coverage": {"coverage": [idp]}})
    gap = next(gap for gap in report.verdict.gaps if gap.sensor == "idp")

    assert gap.reason.startswith(f"state down{told}")
    assert bool(told) == ("; " in gap.reason)


async def test_covered_sensors_leave_no_gap() -> None:
    """A list of what was not seen that is never empty is not read."""
    report, _, _ = await run({**TAKEOVER, "siem__siem_check_coverage": COVERED})
    assert report.verdict.gaps == ()
