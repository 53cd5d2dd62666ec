"""The package's own contract, the simulator and the published documents say the same."""

from collections import Counter
from pathlib import Path

import pytest
from pydantic import JsonValue

from servers.firewall.pfsense.contract import Operation, contract
from servers.firewall.pfsense.settings import NEEDS, privileges
from tests.servers.firewall.pfsense.conftest import Site
from tests.servers.firewall.pfsense.published import Published, strict
from tests.servers.openapi import explored


@pytest.fixture
def documents(published: Published | None) -> Published:
    """The published documents, or a skip that says so."""
    if published is None:
        pytest.skip("public data sets are not here: set MCPSOC_EVAL_DATA to their folder")
    return published


@pytest.mark.parametrize("operation", contract().operations, ids=lambda each: f"{each.method} {each.path}")
def test_each_operation_is_published_with_these_fields(operation: Operation, documents: Published) -> None:
    """A field that the vendor names or types otherwise would be read wrongly on a real box."""
    data = documents.answer(operation.method, operation.path)
    assert (data.get("type") == "array") == operation.many
    fields = documents.fields(data["items"] if operation.many else data)

    for name, ours in contract().fields(operation).items():
        expected = strict(ours.schema())
        kind, enum, null, longest = strict(fields[name])
        assert (kind, enum, null) == expected[:3], name
        assert ours.longest is None or longest == ours.longest
        assert kind != "array" or fields[name]["items"]["type"] == "string"


@pytest.mark.parametrize("operation", contract().operations, ids=lambda each: f"{each.method} {each.path}")
def test_each_operation_needs_the_published_privilege(operation: Operation, documents: Published) -> None:
    """The list of rights that an operator copies into the box is the box's own."""
    text = documents.operation(operation.method, operation.path)["description"]
    assert f"[ page-all, {operation.privilege} ]" in text


@pytest.mark.parametrize("operation", [each for each in contract().operations if each.takes], ids=lambda e: e.path)
def test_bodies_are_those_of_both_published_versions(operation: Operation, documents: Published) -> None:
    """A write must suit the older and the newer package."""
    newer = documents.writes[f"{operation.method} {operation.path}"]
    fields = contract().models[str(operation.takes)]
    assert set(fields) <= set(newer["properties"])
    assert list(operation.needs) == newer["required"]
    for name, ours in fields.items():
        theirs = newer["properties"][name]
        assert theirs["type"] == ours.schema()["type"]
        assert theirs.get("enum", []) == list(ours.choices)


def test_what_the_docs_ask_for_is_what_the_calls_need() -> None:
    """Least privilege: the text for people names every right that is used, and none is a right over everything."""
    for privilege in privileges("read", "block"):
        words = privilege.removeprefix("api-v2-").rsplit("-", 1)
        known = [each.path.removeprefix("/api/v2/") for each in contract().operations if each.privilege == privilege]
        assert words[1] in ("get", "patch", "delete")
        assert known[0] in NEEDS or known[0] == "firewall/alias"
    assert "page-all" not in privileges("read", "block", "setup")


def test_an_answer_of_another_shape_is_a_breach() -> None:
    """The check that a live box is held to must not pass whatever comes."""
    operation = contract().operation("GET", "/api/v2/firewall/apply")
    assert operation is not None
    good: JsonValue = {"applied": True, "pending_subsystems": [], "new": 1}
    assert [*contract().breaches(operation, good)] == []
    assert [*contract().breaches(operation, {"applied": "yes"})] == [
        "applied is not of type boolean",
        "pending_subsystems is missing",
    ]
    assert [*contract().breaches(operation, [good])] == ["data is a list"]


@pytest.mark.thorough
def test_schemathesis_finds_no_disagreement(site: Site, documents: Published, tmp_path: Path) -> None:
    """Thousands of requests nobody thought of: the simulator answers each as the vendor's document says."""
    site.world.log_dies = False
    trusted = str(site.certificates.authority)
    words, more = ("--tls-verify", trusted), {"SSL_CERT_FILE": trusted}

    explored(tmp_path, documents.part(), site.url, "x-api-key: good", *words, examples=30, more=more)
    statuses = Counter((each.path, each.status) for each in site.world.recorded)
    site.world.recorded.clear()

    assert {path for path, status in statuses if status == 200} == {each.path for each in contract().operations}
    assert statuses.total() > 500
