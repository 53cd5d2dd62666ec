"""The package's own contract, its client, the simulator and the published document say the same."""

from collections import Counter
from pathlib import Path

import pytest

from servers.endpoint.wazuh.answers import Agent, Api, Connections, System
from servers.endpoint.wazuh.contract import Operation, contract
from servers.endpoint.wazuh.settings import NEEDS
from servers.endpoint.wazuh.simulator import Recorded
from tests.servers.endpoint.wazuh.conftest import Site
from tests.servers.endpoint.wazuh.published import Published
from tests.servers.openapi import explored

OPERATIONS = pytest.mark.parametrize("operation", contract().operations, ids=lambda each: f"{each.method} {each.path}")


@pytest.fixture
def document(published: Published | None) -> Published:
    """The published document, or a skip that says so."""
    if published is None:
        pytest.skip("public data sets are not here: set MCPSOC_EVAL_DATA to their folder")
    return published


@OPERATIONS
def test_each_operation_is_published_with_these_fields(operation: Operation, document: Published) -> None:
    """A field that the vendor names or types otherwise would be read wrongly from a real manager."""
    theirs = document.model(operation.method, operation.path)
    assert ("affected_items" in document.answer(operation.method, operation.path)) == operation.many
    for name, ours in contract().models[operation.model].items():
        kind = "array" if ours.type == "strings" else ours.type
        assert (theirs[name]["type"], tuple(theirs[name].get("enum", ()))) == (kind, ours.choices), name


@OPERATIONS
def test_each_parameter_and_right_is_published(operation: Operation, document: Published) -> None:
    """A parameter of another name is refused by the manager, a right of another name cannot be given."""
    published = document.operation(operation.method, operation.path)
    named = {document.resolved(each)["name"] for each in published.get("parameters", [])}
    rights = [each["$ref"].rpartition("/")[2] for each in published.get("x-rbac-actions", [])]
    assert set(operation.takes) <= named
    assert rights == ([] if operation.right == "none" else [operation.right])
    assert operation.right in NEEDS or operation.right == "none"


def test_calls_left_out_are_not_published(document: Published) -> None:
    """When the vendor publishes inventory or responses, the docs no longer may say that there are none."""
    assert not [path for path in document.document["paths"] if path.startswith(("/syscollector", "/active-response"))]


def test_what_is_read_is_what_the_contract_lists() -> None:
    """A field that is read but not in the contract is one that no published document was asked about."""
    read = {field.alias or name for name, field in Agent.model_fields.items()} - {"os"}
    read |= {f"os.{name}" for name in System.model_fields}
    assert read <= set(contract().models["agent"])
    assert set(Api.model_fields) <= set(contract().models["api"])
    assert {f"connection.{name}" for name in Connections.model_fields} == set(contract().models["connections"])


def test_an_exchange_that_is_not_published_is_seen(document: Published) -> None:
    """The check that all exchanges are held to must not pass whatever comes."""
    good = {"affected_items": [{"id": "001"}], "total_affected_items": 1, "failed_items": [], "total_failed_items": 0}
    bad = {**good, "affected_items": [{"id": 1, "hostname": "web"}]}
    found = [*document.wrong(Recorded("GET", "/agents", {"limit": "0", "agent": "1"}, 200, {"data": bad}))]
    assert len(found) == 4, found
    assert [*document.wrong(Recorded("GET", "/agents", {"limit": "5"}, 200, {"data": good}))] == []
    assert [*document.wrong(Recorded("PUT", "/active-response", {}, 200, {}))] != []


@pytest.mark.thorough
def test_schemathesis_finds_no_disagreement(site: Site, document: Published, tmp_path: Path) -> None:
    """Thousands of requests nobody thought of: the simulator answers each as the vendor's document says."""
    site.world.login_attempts = 10**9
    site.world.tokens.add("known")
    explored(tmp_path, document.part(), site.url, "Authorization: Bearer known", examples=60)
    statuses = Counter((each.path, each.status) for each in site.world.recorded)
    site.world.recorded.clear()

    answered = {path for path, status in statuses if status == 200}
    assert answered == {each.path for each in contract().operations} - {"/security/user/authenticate"}
    assert statuses.total() > 150, statuses
