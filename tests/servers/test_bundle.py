"""The bundled servers as a set: what they publish, and one real call of each tool."""

import json
import sqlite3
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator
from mcp import ClientSession
from pydantic import JsonValue, SecretStr

from knowledge.trust.keys import SigningKey
from servers.bundle import ANALYST, bundled, server_names
from servers.errors import ConfigurationError
from servers.kit import SecurityServer
from servers.kit.provenance import undeclared
from servers.settings import Settings
from tests.servers.lab.tables import rows

CANARY = "canary-5521-siem-token"
WINDOW = {"start": "2026-03-09T00:00:00Z", "end": "2026-03-09T14:00:00Z"}

PRODUCTS_ONLY: dict[str, dict[str, set[str]]] = {
    "config": {
        "reads": {"config_list_playbooks", "config_check_playbook", "config_check_drift"},
        "changes": {"config_apply_playbook"},
    },
    "ids": {
        "reads": {"ids_analyse_pcap", "ids_test_rule"},
        "changes": {"ids_add_indicator", "ids_remove_indicator", "ids_load_rules"},
    },
    "dns": {"reads": {"dns_resolve"}, "changes": set()},
    "reputation": {"reads": {"reputation_quota"}, "changes": set()},
    "intel": {
        "reads": {"intel_lookup_many", "intel_get_actor", "intel_related", "intel_list_feeds"},
        "changes": {"intel_add_indicator", "intel_revoke_indicator", "intel_add_sighting"},
    },
    "endpoint": {
        "reads": {"endpoint_query", "endpoint_file_info", "endpoint_list_hosts", "endpoint_count_hosts"},
        "changes": {"endpoint_kill_process", "endpoint_collect_file"},
    },
    "antivirus": {"reads": set(), "changes": {"antivirus_reload_signatures"}},
    "identity": {
        "reads": {"identity_search_accounts", "identity_summarise_accounts"},
        "changes": {"identity_remove_from_group", "identity_add_to_group"},
    },
    "assets": {
        "reads": {"assets_search", "assets_summarise", "assets_list_services", "assets_list_unknown"},
        "changes": {"assets_tag", "assets_untag", "assets_run_scan"},
    },
    "firewall": {"reads": {"firewall_list_states", "firewall_list_rules"}, "changes": {"firewall_kill_states"}},
}
"""Tools that only a configured product offers, by server."""


class Secretive(Settings):
    """Settings with a credential, as a real backend's have."""

    backend_token: SecretStr = SecretStr(CANARY)


def serve(lab: Path | None, home: Path, key: SigningKey | None = None) -> dict[str, SecurityServer]:
    """The bundle with a credential in its settings."""
    text = None if key is None else key.public.text
    return bundled(lab, home, Secretive(home=home, grant_key=text))


@pytest.fixture(scope="module")
def servers(whole_lab: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, SecurityServer]:
    """The bundle over the whole lab."""
    return serve(whole_lab, tmp_path_factory.mktemp("home"))


def calls(lab: Path) -> dict[str, dict[str, JsonValue]]:
    """Arguments for every read, taken from an alert that names a process."""
    with sqlite3.connect(lab) as db:
        documents = [json.loads(row[0]) for row in db.execute("SELECT fields FROM alerts ORDER BY time, id")]
        indicator = db.execute("SELECT indicator FROM intel ORDER BY indicator").fetchone()[0]
    db.close()
    alert = next(item for item in documents if "process.entity_id" in item)
    host, at, digest = alert["host.name"], alert["@timestamp"], alert["process.hash.sha256"]
    return {
        "siem_list_alerts": {"limit": 200},
        "siem_get_alert": {"alert_id": alert["kibana.alert.uuid"]},
        "siem_search_events": {"filters": {}, "limit": 200, **WINDOW},
        "siem_count_events": {"by": ["user.attempted_name", "event.outcome"], "filters": {}, "source": "idp", **WINDOW},
        "siem_timeline": {"around": at, "host": host, "minutes": 600},
        "siem_related_events": {"alert_id": alert["kibana.alert.uuid"]},
        "siem_baseline": {"field": "host.name", "value": host, "before": at},
        "siem_list_sources": {},
        "siem_check_coverage": {"sensors": ["edr", "idp", "ids"], "host": host, **WINDOW},
        "firewall_search_flows": {"source": host, **WINDOW},
        "firewall_summarise_flows": {"host_or_ip": host, **WINDOW},
        "firewall_list_blocks": {},
        "firewall_check_address": {"address": "198.51.100.7"},
        "endpoint_get_host": {"host": host, **WINDOW},
        "endpoint_process_tree": {"host": host, "process_id": alert["process.entity_id"], "at": at},
        "endpoint_list_connections": {"host": host, **WINDOW},
        "endpoint_list_logons": {"host": host, **WINDOW},
        "endpoint_list_files": {"host": host, **WINDOW},
        "endpoint_find_file": {"sha256": digest},
        "identity_get_account": {"account": alert["user.name"]},
        "identity_list_signins": {**WINDOW},
        "identity_list_groups": {},
        "identity_list_members": {"group": "nobody"},
        "intel_lookup": {"indicator": indicator},
        "intel_check_known": {"value": digest},
        "assets_resolve": {"identifier": host, "at": at},
        "assets_list_authorised_work": {"at": at},
        "assets_neighbours": {"host": host},
        "assets_list_software": {"host": host},
        "assets_list_vulnerabilities": {"host": host},
        "kb_search": {"query": "ransomware", "outside": True},
        "kb_get_section": {"section_id": "ransomware#contain"},
        "kb_list_documents": {},
        "kb_list_outside": {},
        "kb_get_technique": {"technique_id": "T1486"},
        "kb_map_techniques": {"text": "files were encrypted for impact"},
        **{f"{name}_health": {} for name in ANALYST},
    }


async def test_every_read_answers_within_its_schema_and_bounds(
    servers: dict[str, SecurityServer], whole_lab: Path
) -> None:
    """One real answer of each tool: valid, bounded, dated by the lab, honest about being synthetic, without secrets."""
    arguments = calls(whole_lab)
    answered = set()
    for server in map(servers.__getitem__, ANALYST):
        for tool in server.published:
            envelope = await server.call(tool.name, arguments[tool.name])
            Draft202012Validator(tool.output_schema).validate(envelope)
            assert envelope["ok"], (tool.name, envelope["error"])
            text = json.dumps(envelope, ensure_ascii=False)
            assert len(text) <= 24_000
            assert CANARY not in text
            source = envelope["source"]
            assert isinstance(source, dict)
            assert source["synthetic"] is (server.name != "kb")
            assert server.name == "kb" or source["time"] == "2026-03-09T14:00:00.000Z"
            answered.add(tool.name)

    assert answered == set(arguments)


async def test_no_answer_holds_the_ground_truth(servers: dict[str, SecurityServer], whole_lab: Path) -> None:
    """Whoever can read a story's name or kind needs no investigation."""
    stories = [value for row in rows(whole_lab, "SELECT id, family, kind FROM stories") for value in row]
    arguments = calls(whole_lab)
    said = [
        json.dumps(await server.call(tool.name, arguments[tool.name]))
        for server in map(servers.__getitem__, ANALYST)
        if server.name != "kb"
        for tool in server.published
    ]

    assert not [name for name in stories if any(json.dumps(name) in text for text in said)]


def test_every_output_field_says_who_wrote_it(servers: dict[str, SecurityServer]) -> None:
    """An undeclared field counts as untrusted; that must be a decision, not an oversight."""
    silent = [
        (tool.name, path)
        for server in servers.values()
        for tool in server.tools.values()
        for path in undeclared(tool.data_schema)
    ]

    assert silent == []


def test_every_event_field_of_the_lab_is_declared_and_typed(
    servers: dict[str, SecurityServer], whole_lab: Path
) -> None:
    """Filters accept declared fields only, and clients throw away answers outside the schema."""
    schema = servers["siem"].tools["siem_search_events"].data_schema
    events: dict[str, JsonValue] = {}
    with sqlite3.connect(whole_lab) as db:
        for (text,) in db.execute("SELECT fields FROM events"):
            event = json.loads(text)
            events.setdefault(",".join(f"{key}:{type(value).__name__}" for key, value in event.items()), event)
    db.close()
    item = json.loads(json.dumps(schema))["properties"]["events"]["items"]

    validator = Draft202012Validator({**item, "additionalProperties": False})
    assert [error.message for event in events.values() for error in validator.iter_errors(event)] == []


def test_tools_are_few_and_their_manuals_short(whole_lab: Path, tmp_path: Path) -> None:
    """Every schema is paid for in tokens on each turn of a model."""
    servers = serve(whole_lab, tmp_path, SigningKey.generate())
    sizes = [
        len(tool.name + tool.description + json.dumps(tool.input_schema, separators=(",", ":"))) / 4
        for server in servers.values()
        for tool in server.published
    ]

    assert max(len(server.tools) for server in servers.values()) <= 10
    assert sum(sizes) / len(sizes) <= 180


def test_hosts_registry_knows_exactly_the_bundled_tools(whole_lab: Path, tmp_path: Path) -> None:
    """A tool that the registry does not name is refused; a change listed as a read would be a hole."""
    registry = yaml.safe_load((Path(__file__).parents[2] / "agent/host/registry.yaml").read_text("utf-8"))
    servers = serve(whole_lab, tmp_path, SigningKey.generate())

    published = {
        name: {
            kind: {tool.name for tool in server.published if tool.changes is (kind == "changes")}
            for kind in ("reads", "changes")
        }
        for name, server in servers.items()
    }
    listed = {
        name: {kind: set(entry.get(kind, ())) for kind in ("reads", "changes")} for name, entry in registry.items()
    }
    for name, kinds in PRODUCTS_ONLY.items():
        for kind, tools in kinds.items():
            published[name][kind] |= tools
    assert {name: listed[name] for name in published} == published


def test_without_a_key_no_change_is_published(servers: dict[str, SecurityServer]) -> None:
    """Read-only is the default."""
    assert not [tool.name for server in servers.values() for tool in server.published if tool.changes]


def test_grant_key_that_is_none_is_named(tmp_path: Path) -> None:
    """A typing error in the key must not leave a server silently read-only."""
    with pytest.raises(ConfigurationError, match="MCPSOC_GRANT_KEY"):
        bundled(None, tmp_path, Settings(home=tmp_path, grant_key="not a key"))


async def test_without_a_lab_every_question_is_an_error(tmp_path: Path) -> None:
    """No lab is not the same as an empty one."""
    servers = serve(tmp_path / "none.db", tmp_path)
    answers = [
        await servers["siem"].call("siem_list_alerts", {}),
        await servers["intel"].call("intel_check_known", {"value": "a"}),
        await servers["assets"].call("assets_health", {}),
    ]

    assert [answer["status"] for answer in answers] == ["error"] * 3
    assert "mcpsoc" in str(answers[0]["error"])


async def test_all_are_connected_at_once(whole_lab: Path, tmp_path: Path) -> None:
    """An investigation holds them all open."""
    listed: dict[str, int] = {}
    async with AsyncExitStack() as stack:
        for name, server in serve(whole_lab, tmp_path).items():
            reader, writer = await stack.enter_async_context(server.transport())
            session = await stack.enter_async_context(ClientSession(reader, writer))
            await session.initialize()
            listed[name] = len((await session.list_tools()).tools)

    assert set(listed) == set(server_names()) >= set(ANALYST)
    assert min(listed.values()) > 0


@pytest.mark.parametrize(
    ("variable", "value", "reason"),
    [
        ("MCPSOC_FIREWALL_BACKEND", "crowdsec", "MCPSOC_FIREWALL_BOUNCER_KEY"),
        ("MCPSOC_FIREWALL_BACKEND", "cannary-8812", "MCPSOC_FIREWALL_BACKEND cannot be used: Input should be"),
    ],
)
async def test_unusable_settings_of_one_server_are_its_own_health(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, reason: str
) -> None:
    """A key that is not there yet must not take the other servers away, nor be hidden."""
    monkeypatch.setenv(variable, value)
    servers = bundled(None, tmp_path, Settings(home=tmp_path, tools_deny="firewall_block_address"))

    health = (await servers["firewall"].health())["data"]

    assert isinstance(health, dict)
    assert (health["ready"], "cannary" in str(health)) == (False, False)
    assert reason in str(health["detail"])
    assert set(servers["firewall"].tools) == {"firewall_health"}
    assert len(servers) == len(server_names())


def test_mistyped_tool_stops_the_start_beside_a_server_that_is_not_ready(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only names of the server nobody knows the tools of are taken on trust."""
    monkeypatch.setenv("MCPSOC_FIREWALL_BACKEND", "crowdsec")

    with pytest.raises(ConfigurationError, match="endpoint_isolate_hots"):
        bundled(None, tmp_path, Settings(home=tmp_path, tools_deny="endpoint_isolate_hots"))


def test_nineteen_servers_are_there() -> None:
    """The bundled ones, and our own cases, which whoever has cases adds."""
    assert len({*server_names(), "mcpsoc"}) == 19
