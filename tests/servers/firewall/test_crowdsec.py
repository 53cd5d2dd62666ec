"""A real CrowdSec local API, and every request to it held against its published contract."""

import gzip
import json
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit
from urllib.request import Request, urlopen

import pytest
import yaml
from jsonschema import Draft4Validator
from pydantic import JsonValue, SecretStr

from servers.errors import ConfigurationError, ToolError
from servers.firewall.backend import single
from servers.firewall.crowdsec import CrowdSec, CrowdSecDoor, lasting
from servers.firewall.ends import Ends
from servers.firewall.server import build
from servers.firewall.settings import FirewallSettings
from tests.real import free_port, program
from tests.servers.acting import Analyst, analyst, part, verified
from tests.servers.serving import listening
from tests.servers.waiting import until

pytestmark = pytest.mark.thorough

INSTALL = "apt-get install crowdsec"
KEY, PASSWORD = "bouncer-key-8812", "machine-password-8812"
CONFIG = """
common: {{daemonize: false, log_media: stdout, log_level: info, working_dir: {home}}}
config_paths: {{config_dir: {home}, data_dir: {home}, simulation_path: {home}/simulation.yaml, hub_dir: {home}/hub,
  index_path: {home}/hub/.index.json, notification_dir: {home}/hub, plugin_dir: {home}/hub}}
cscli: {{output: json}}
db_config: {{log_level: info, type: sqlite, db_path: {home}/crowdsec.db, flush: {{max_items: 5000, max_age: 7d}}}}
plugin_config: {{user: nobody, group: nogroup}}
api:
  client: {{insecure_skip_verify: false, credentials_path: {home}/credentials.yaml}}
  server: {{log_level: info, listen_uri: "127.0.0.1:{port}", profiles_path: {home}/profiles.yaml}}
prometheus: {{enabled: false}}
"""
PROFILES = """name: default
filters: ["Alert.Remediation == true && Alert.GetScope() == 'Ip'"]
decisions: [{type: ban, duration: 4h}]
on_success: break
"""


@dataclass(frozen=True)
class Api:
    """A running local API."""

    home: Path
    port: int

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def cscli(self, *words: str) -> str:
        """The product's own command line."""
        command = [program("cscli", INSTALL), "-c", str(self.home / "config.yaml"), *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout

    def banned(self) -> list[str]:
        """What the product's own command line says is banned."""
        found = json.loads(self.cscli("decisions", "list", "-o", "json") or "null") or []
        return sorted(each["value"] for alert in found for each in alert["decisions"])


@contextmanager
def crowdsec(home: Path) -> Iterator[Api]:
    """The API until the end."""
    server = program("crowdsec", INSTALL)
    api = Api(home, free_port())
    files = {"config.yaml": CONFIG.format(home=home, port=api.port), "profiles.yaml": PROFILES, "credentials.yaml": ""}
    for name, text in {**files, "simulation.yaml": "simulation: false\n"}.items():
        (home / name).write_text(text)
    (home / "hub").mkdir()
    api.cscli("machines", "add", "mcpsoc", "--password", PASSWORD, "-f", str(home / "credentials.yaml"), "--force")
    api.cscli("bouncers", "add", "mcpsoc", "--key", KEY)
    words = [server, "-c", str(home / "config.yaml"), "-no-cs"]
    with (home / "out").open("w") as out, subprocess.Popen(words, stdout=out, stderr=out) as process:
        try:
            until(lambda: _listens(api.port))
            yield api
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """One API for all tests here."""
    with crowdsec(tmp_path_factory.mktemp("crowdsec")) as found:
        yield found


@pytest.fixture
def clean(api: Api) -> Iterator[Api]:
    """The API without decisions at the end."""
    yield api
    api.cscli("decisions", "delete", "--all")


@pytest.fixture
def soc(clean: Api, tmp_path: Path) -> Analyst:
    """A server over this API."""
    return analyst(build, configured(clean.url), tmp_path)


def configured(url: str, key: str = KEY, password: str = PASSWORD) -> FirewallSettings:
    """Settings for an API."""
    return FirewallSettings(
        backend="crowdsec", url=url, bouncer_key=SecretStr(key), machine_password=SecretStr(password)
    )


@pytest.mark.parametrize(
    "address",
    [
        "198.51.100.7",
        pytest.param("198.51.100.0/24", marks=pytest.mark.thorough),
        pytest.param("2001:db8::7", marks=pytest.mark.thorough),
        "2001:db8::/64",
    ],
)
async def test_decision_is_made_read_back_and_taken_back(soc: Analyst, clean: Api, address: str) -> None:
    """As the product's own command line sees it, not only as we do."""
    done = await soc.does("block_address", address=address, minutes=30, reason="case 42")
    seen = clean.banned()
    listed = await soc.asks("list_blocks")
    lifted = await soc.does("unblock_address", address=address)

    assert {done["status"], lifted["status"]} == {"success"}
    assert (verified(done), verified(lifted)) == ("unknown", "unknown")
    assert "whether a bouncer drops anything by it cannot be read" in str(part(done, "data", "detail"))
    assert seen == [address]
    assert clean.banned() == []
    assert isinstance(listed["data"], dict)
    [block] = listed["data"]["blocks"]
    assert (block["by"], block["note"]) == ("cscli", "mcpsoc/block: case 42")


@pytest.mark.parametrize("theirs", [("--range", "198.51.100.0/24"), ("--ip", "198.51.100.7")])
async def test_taking_ours_back_leaves_what_others_decided(soc: Analyst, clean: Api, theirs: tuple[str, str]) -> None:
    """The API's own deletion by address would take both, and the read-back has to say that it is still blocked."""
    done = await soc.does("block_address", address="198.51.100.7", minutes=30)
    clean.cscli("decisions", "add", *theirs, "--duration", "48h")
    planned = await soc.plans("unblock_address", address="198.51.100.7")
    lifted = await soc.undoes(done)

    assert clean.banned() == [theirs[1]]
    assert part(planned, "action", "blast_radius") == "1 blocks on 1 addresses end; 1 others stay and block it"
    assert verified(lifted) is False
    assert lifted["status"] == "error"


async def test_what_others_ban_for_longer_is_blocked_already(soc: Analyst, clean: Api) -> None:
    """Ours would add nothing, and whoever approves it should know."""
    clean.cscli("decisions", "add", "--range", "203.0.113.0/24", "--duration", "48h")
    answers = [
        await soc.plans("block_address", address="203.0.113.50", minutes=5),
        await soc.does("block_address", address="203.0.113.50", minutes=5),
    ]

    assert [part(each, "error", "code") for each in answers] == ["blocked_already"] * 2
    assert clean.banned() == ["203.0.113.0/24"]


async def test_ban_that_ends_before_ours_would_is_extended_by_ours_alone(soc: Analyst, clean: Api) -> None:
    """A scenario's ban of a few minutes is no reason to leave the rest of the time open."""
    clean.cscli("decisions", "add", "--ip", "203.0.113.50", "--duration", "5m")
    done = await soc.does("block_address", address="203.0.113.50", minutes=60)
    blocks = CrowdSec(door(clean.url))
    both = [entry.ours for entry in blocks.holding(single("203.0.113.50"))]
    await soc.undoes(done)

    assert done["status"] == "success"
    assert sorted(both) == [False, True]
    assert [entry.ours for entry in blocks.holding(single("203.0.113.50"))] == [False]


async def test_ban_of_somebody_else_is_not_lifted(soc: Analyst, clean: Api) -> None:
    """Nobody permitted that: whoever set it has a reason."""
    clean.cscli("decisions", "add", "--ip", "203.0.113.50", "--duration", "48h", "--reason", "mcpsoc/blocklist")
    lifted = await soc.does("unblock_address", address="203.0.113.50")

    assert part(lifted, "error", "code") == "blocked_by_others"
    assert part(lifted, "action", "state") == "failed"
    assert clean.banned() == ["203.0.113.50"]


async def test_blocking_again_moves_the_end(soc: Analyst, clean: Api) -> None:
    """One ban of ours on a target."""
    await soc.does("block_address", address="198.51.100.7", minutes=5)
    await soc.does("block_address", address="198.51.100.7", minutes=60)
    state = await soc.asks("check_address", address="198.51.100.7")

    assert clean.banned() == ["198.51.100.7"]
    assert isinstance(state["data"], dict)
    assert state["data"]["block"]["until"] > soc.server.clock().isoformat()


def test_decision_ends_at_one_time_however_often_it_is_read(clean: Api) -> None:
    """The API tells the time left: a later look computes another end, and an unchanged list would look changed."""
    blocks = CrowdSec(door(clean.url))
    blocks.block(single("198.51.100.7"), timedelta(minutes=5), "drill")
    first = blocks.entries()

    assert blocks.entries() == first
    assert blocks.covering(single("198.51.100.7")) == first[0]


def test_ends_are_forgotten_with_their_decisions_and_moved_when_they_move() -> None:
    """A moved end is no rounding, and an id of a list that is gone is kept by nobody."""
    ends, at = Ends(), datetime(2026, 1, 1, tzinfo=UTC)
    ends.settled({1: at, 2: at}, whole=True)
    moved = ends.settled({1: at + timedelta(seconds=2)}, whole=False)
    ends.settled({1: at}, whole=True)

    assert moved == {1: at + timedelta(seconds=2)}
    assert ends.settled({2: at + timedelta(seconds=1)}, whole=True) == {2: at + timedelta(seconds=1)}


@pytest.mark.thorough
def test_decision_of_one_second_ends_by_itself(clean: Api) -> None:
    """The API keeps the time."""
    blocks = CrowdSec(door(clean.url))
    blocks.block(single("198.51.100.7"), timedelta(seconds=1), "short")
    until(lambda: blocks.covering(single("198.51.100.7")) is None)

    assert clean.banned() == []


async def test_expired_session_is_opened_anew(clean: Api, tmp_path: Path) -> None:
    """A machine's login lasts an hour; a server lives longer."""
    blocks = CrowdSec(door(clean.url))
    first = blocks._session()
    blocks._login = blocks._login.model_copy(update={"expire": blocks._login.expire - timedelta(hours=2)})

    assert blocks.try_block(single("198.51.100.7"), timedelta(minutes=1), "drill") is False
    assert blocks._login is not None
    assert first["Authorization"].startswith("Bearer ")


@pytest.mark.parametrize("wrong", ["key", "password"])
async def test_wrong_credentials_are_told_and_never_shown(clean: Api, tmp_path: Path, wrong: str) -> None:
    """A refusal of the product is an error, and no error carries a secret."""
    secret = "not-the-secret-3391"
    settings = configured(clean.url, **{wrong: secret})
    soc = analyst(build, settings, tmp_path)
    answers = [await soc.does("block_address", address="198.51.100.7", minutes=5), await soc.asks("health")]

    assert answers[0]["status"] == "error"
    assert "'ready': False" in str(answers[1]["data"])
    assert secret not in str(answers)
    assert clean.banned() == []


async def test_api_that_is_down_is_an_error(tmp_path: Path) -> None:
    """Nothing is known about decisions of an API that does not answer."""
    soc = analyst(build, configured(f"http://127.0.0.1:{free_port()}"), tmp_path)
    answers = [
        await soc.asks("check_address", address="198.51.100.7"),
        await soc.does("block_address", address="198.51.100.7", minutes=5),
    ]

    assert {answer["status"] for answer in answers} == {"error"}


def test_missing_credentials_stop_the_start(tmp_path: Path) -> None:
    """A server that could never answer is not started."""
    with pytest.raises(ConfigurationError, match="BOUNCER_KEY"):
        analyst(build, FirewallSettings(backend="crowdsec"), tmp_path)


async def test_reason_is_data(soc: Analyst, clean: Api) -> None:
    """What an analyst writes is printed by the product's tools."""
    await soc.does("block_address", address="198.51.100.7", minutes=5, reason='x"}],"a":[{ \x1b[2J \u202e <script>')
    listed = await soc.asks("list_blocks")

    assert isinstance(listed["data"], dict)
    assert listed["data"]["blocks"][0]["note"] == "mcpsoc/block: x , a : 2J script"


async def test_every_request_is_in_the_published_contract(clean: Api, tmp_path: Path, public_data: Path) -> None:
    """A parameter or field the contract does not know would be ignored by one version and refused by the next."""
    with recorded(clean.url) as (url, sent):
        soc = analyst(build, configured(url), tmp_path)
        for address in ("198.51.100.7", "203.0.113.0/24", "2001:db8::7"):
            await soc.does("block_address", address=address, minutes=5)
            await soc.asks("check_address", address=address)
        await soc.asks("list_blocks")
        await soc.does("unblock_address", address="198.51.100.7")
        await soc.asks("health")
    document = gzip.decompress((public_data / "contracts" / "crowdsec-localapi-swagger.yaml.gz").read_bytes())
    contract = yaml.safe_load(document)
    problems = [problem for each in sent for problem in violations(contract, each)]

    assert problems == []
    assert {(each.method, each.path.split("/")[1]) for each in sent} == {
        ("POST", "watchers"),
        ("POST", "alerts"),
        ("GET", "decisions"),
        ("DELETE", "decisions"),
    }
    assert all(each.agent.count("/") == 1 for each in sent)


def test_contract_check_sees_a_wrong_request(public_data: Path) -> None:
    """A check that passes everything proves nothing."""
    document = gzip.decompress((public_data / "contracts" / "crowdsec-localapi-swagger.yaml.gz").read_bytes())
    contract = yaml.safe_load(document)

    assert violations(contract, Sent("GET", "/decisions", {"adress": "1.2.3.4"}, None))
    assert violations(contract, Sent("POST", "/alerts", {}, [{"scenario": "x"}]))
    assert violations(contract, Sent("POST", "/watchers/login", {}, {"machine_id": "a", "password": "b", "pass": "c"}))
    assert violations(contract, Sent("PUT", "/decisions", {}, None))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("3h59m59.5s", 14_399.5), ("59.565200954s", 59.565201), ("-50.344826ms", -0.050345), ("0s", 0)],
)
def test_durations_are_read_as_go_writes_them(text: str, seconds: float) -> None:
    """The API says how long is left, not until when."""
    assert lasting(text).total_seconds() == pytest.approx(seconds, abs=1e-6)


@pytest.mark.parametrize("text", ["", "soon", "5", "3 h", "1d"])
def test_what_is_no_duration_is_an_error(text: str) -> None:
    """A guess would move the end of a block."""
    with pytest.raises(ToolError):
        lasting(text)


def door(url: str) -> CrowdSecDoor:
    """Our login at an API."""
    return CrowdSecDoor(url, SecretStr(KEY), "mcpsoc", SecretStr(PASSWORD))


@dataclass(frozen=True)
class Sent:
    """One request our client sent."""

    method: str
    path: str
    query: dict[str, str]
    body: JsonValue
    agent: str = ""


def violations(contract: dict[str, JsonValue], sent: Sent) -> Sequence[str]:
    """Where a request departs from the contract, an unknown parameter or field included."""
    operation = _operation(contract, sent)
    if operation is None:
        return [f"{sent.method} {sent.path} is not in the contract"]
    known = {each["name"]: each for each in operation.get("parameters", [])}
    found = [f"unknown parameter {name}" for name in sent.query if known.get(name, {}).get("in") != "query"]
    body = next((each["schema"] for each in known.values() if each["in"] == "body"), None)
    if body is not None:
        schema = {**body, "definitions": _closed(contract["definitions"])}
        found += [error.message for error in Draft4Validator(schema).iter_errors(sent.body)]
    elif sent.body is not None:
        found.append("a body where none belongs")
    return found


def _operation(contract, sent):
    for path, operations in contract["paths"].items():
        pattern, parts = path.strip("/").split("/"), sent.path.strip("/").split("/")
        fits = len(pattern) == len(parts) and all(
            a == b or a.startswith("{") for a, b in zip(pattern, parts, strict=True)
        )
        if fits and sent.method.lower() in operations:
            return operations[sent.method.lower()]
    return None


def _closed(schema):
    """The same schemas, with no field beyond those they name."""
    if isinstance(schema, list):
        return [_closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {name: _closed(each) for name, each in schema.items()}
    return (
        {**closed, "additionalProperties": False}
        if isinstance(closed.get("properties"), dict) and "type" in closed
        else closed
    )


@contextmanager
def recorded(upstream: str) -> Iterator[tuple[str, list[Sent]]]:
    """A server that notes each request and passes it on."""
    sent: list[Sent] = []

    class Passing(BaseHTTPRequestHandler):
        def _pass(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            parts = urlsplit(self.path)
            body = json.loads(raw) if raw else None
            path = parts.path.removeprefix("/v1")
            sent.append(Sent(self.command, path, dict(parse_qsl(parts.query)), body, self.headers["User-Agent"]))
            kept = {
                name: value for name, value in self.headers.items() if name.lower() not in ("host", "content-length")
            }
            onward = Request(upstream + self.path, data=raw or None, headers=kept, method=self.command)
            with urlopen(onward, timeout=10) as answer:
                content = answer.read()
                self.send_response(answer.status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing."""

    for method in ("GET", "POST", "DELETE", "PUT"):
        setattr(Passing, f"do_{method}", Passing._pass)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Passing)
    with listening(server):
        yield f"http://127.0.0.1:{server.server_port}", sent


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
