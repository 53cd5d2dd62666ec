"""The cloud server over files of CloudTrail, whole and broken, and over the lab."""

import gzip
import json
import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from pydantic import JsonValue

from servers.cloud.server import build
from servers.cloud.settings import CloudSettings
from servers.kit.answer import JsonObject
from servers.kit.conformance import assert_conformant
from tests.servers.acting import Analyst, Envelope, analyst, part
from tests.servers.cloud import trails
from tests.servers.cloud.trails import ALICE, FEDERATED, IAM_USER, PLANTED, ROLE, ROOT, SESSION, delivered, record
from tests.servers.lab.tables import first

DAY: JsonObject = {"start": "2026-03-09T10:00:00Z", "end": "2026-03-09T10:30:00Z"}


def over(folder: Path, home: Path, quiet_minutes: float = 1_600) -> Analyst:
    """A site whose trail is this folder, where a day may pass without an event; every call looks anew."""
    home.mkdir(exist_ok=True)
    settings = CloudSettings(backend="cloudtrail", trail_dir=folder, look_s=0, quiet_minutes=quiet_minutes)
    return analyst(build, settings, home)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A trail of one day with every kind of identity, an event before, and a digest that is none of it."""
    root = tmp_path / "trail"
    delivered(root, "2026/03/08", [record(IAM_USER, "2026-03-08T09:00:00Z"), record(IAM_USER, "2026-03-08T09:05:00Z")])
    delivered(root, "2026/03/09", trails.everyday())
    digest = root / "AWSLogs" / "CloudTrail-Digest"
    digest.mkdir(parents=True)
    (digest / "digest.json.gz").write_bytes(b"none")
    return root


def rows(envelope: Envelope, name: str) -> list[JsonValue]:
    """The rows of an answer."""
    found = part(envelope, "data", name)
    assert isinstance(found, list)
    return found


def texts(envelope: Envelope, name: str, field: str) -> list[JsonValue]:
    """One field of each row; None where it is missing."""
    return [row.get(field) if isinstance(row, dict) else None for row in rows(envelope, name)]


async def test_every_kind_of_identity_has_its_principal(folder: Path, tmp_path: Path) -> None:
    """Who called is the first question of every alert."""
    found = await over(folder, tmp_path / "home").asks("search_events", **DAY)

    assert found["status"] == "success"
    assert texts(found, "events", "cloud.principal") == [
        ALICE, SESSION, ROOT, "ec2.amazonaws.com", FEDERATED, f"account:{trails.ACCOUNT}", ALICE, ALICE,
    ]  # fmt: skip
    assert texts(found, "events", "source.ip")[3:5] == [None, "2001:db8::7"]
    assert part(found, "data", "events", 3, "source.service") == "ec2.amazonaws.com"
    assert part(found, "data", "events", 1, "cloud.role") == ROLE


@pytest.mark.parametrize(
    ("logged", "asked"),
    [
        ("198.51.100.9", "::ffff:198.51.100.9"),
        ("::ffff:198.51.100.9", "198.51.100.9"),
        ("2001:DB8::9", "2001:db8:0::9"),
    ],
)
async def test_source_is_one_however_its_address_is_written(tmp_path: Path, logged: str, asked: str) -> None:
    """A source of many calls would be one that never called under another spelling."""
    delivered(tmp_path / "trail", "2026/03/09", [record(IAM_USER, "2026-03-09T10:10:00Z", source=logged)])
    server = over(tmp_path / "trail", tmp_path / "home")
    found = await server.asks("search_events", source_ip=asked, **DAY)
    usual = await server.asks("first_seen", principal=ALICE, source_ip=asked)

    assert found["total"] == 1
    assert part(usual, "data", "events") == 1


async def test_failed_sign_in_without_an_error_code_is_a_failure(folder: Path, tmp_path: Path) -> None:
    """The console says it in another field, and what was typed as a name is nobody's name."""
    server = over(folder, tmp_path / "home")
    failed = await server.asks("failed_calls", **DAY)
    events = await server.asks("search_events", api="consolelogin", **DAY)

    assert part(failed, "data", "events") == 2
    assert set(texts(failed, "calls", "error")) == {"Failure", "AccessDenied"}
    assert texts(events, "events", "event.outcome") == ["failure", "success"]
    assert texts(events, "events", "user.name") == [None, "alice"]
    assert texts(events, "events", "user.attempted_name")[0] == PLANTED
    assert "$.events[*]['user.attempted_name']" in str(events["untrusted"])


@pytest.mark.parametrize(
    ("asked", "count"),
    [
        ({"principal": ALICE}, 4),
        ({"principal": "alice"}, 3),
        ({"principal": ROLE}, 1),
        ({"source_ip": "2001:0db8::0007"}, 1),
        ({"access_key": trails.TEMPORARY}, 1),
        ({"principal": ALICE, "api": "DeleteTrail"}, 1),
    ],
)
async def test_search_narrows(asked: JsonObject, count: int, folder: Path, tmp_path: Path) -> None:
    """Each condition, a role by the sessions it was used for, an address in any spelling."""
    assert (await over(folder, tmp_path / "home").asks("search_events", **asked, **DAY))["total"] == count


async def test_first_seen_tells_the_usual_from_the_new(folder: Path, tmp_path: Path) -> None:
    """What an alert about a new source is judged by."""
    server = over(folder, tmp_path / "home")
    before = {"before": "2026-03-09T00:00:00Z"}
    usual = await server.asks("first_seen", principal=ALICE, source_ip="198.51.100.7", **before)
    new = await server.asks("first_seen", principal=ALICE, api="DeleteTrail", **before)
    nobody = await server.asks("first_seen", principal="mallory", api="DeleteTrail")

    assert (part(usual, "data", "events"), part(usual, "data", "days")) == (2, 1)
    assert part(usual, "data", "first") == "2026-03-08T09:00:00.000Z"
    assert (part(new, "data", "seen"), part(new, "data", "principal_events")) == (False, 2)
    assert part(nobody, "data", "principal_events") == 0
    assert (await server.asks("first_seen", principal=ALICE))["status"] == "error"


async def test_keys_tell_since_when_they_are_known(folder: Path, tmp_path: Path) -> None:
    """A key nobody saw before the window comes first."""
    found = await over(folder, tmp_path / "home").asks("list_keys_used", **DAY)

    assert texts(found, "keys", "access_key") == ["ASIAI44QH8DHBEXAMPLE", trails.TEMPORARY, trails.KEY]
    assert texts(found, "keys", "temporary") == [True, True, False]
    assert texts(found, "keys", "known_since")[2] == "2026-03-08T09:00:00.000Z"


async def test_summary_adds_up(folder: Path, tmp_path: Path) -> None:
    """Calls by API are all calls, and a program's name stays the caller's word."""
    found = await over(folder, tmp_path / "home").asks("summarise_principal", principal="alice", limit=200, **DAY)
    habits = rows(found, "habits")
    apis = [part(row, "events") for row in habits if part(row, "kind") == "api"]

    assert sum(int(str(each)) for each in apis) == part(found, "data", "events") == 3
    assert "$.habits[*].text" in str(found["untrusted"])


BROKEN: dict[str, bytes] = {
    "cut.json.gz": gzip.compress(json.dumps({"Records": trails.everyday()}).encode())[:-30],
    "noise.json.gz": b"\x1f\x8b" + b"\x00" * 40,
    "half.json": json.dumps({"Records": trails.everyday()}).encode()[:-10],
    "other.json": b'{"Policies": []}',
    "text.json": b"<html>denied</html>",
    "one.json": json.dumps({"Records": [*trails.everyday()[:2], {"eventID": "x"}, 7]}).encode(),
    "deep.json": b"[" * 100_000,
}


@pytest.mark.parametrize("name", BROKEN)
async def test_broken_file_is_named_and_hides_no_other(name: str, folder: Path, tmp_path: Path) -> None:
    """The events of the others are there, and the answer says that some may be missing."""
    (folder / name).write_bytes(BROKEN[name])
    server = over(folder, tmp_path / "home")
    found = await server.asks("search_events", principal="alice", **DAY)

    assert found["status"] == "stale"
    assert int(str(found["total"])) >= 3
    assert name in str(part(found, "error", "message"))
    (folder / name).unlink()
    assert (await server.asks("search_events", **DAY))["status"] == "success"


async def test_name_of_a_broken_file_is_not_repeated_where_it_is_no_name(folder: Path, tmp_path: Path) -> None:
    """Whoever may write into the bucket chooses names."""
    (folder / f"{PLANTED}.json").write_bytes(b"{")
    found = await over(folder, tmp_path / "home").asks("search_events", **DAY)

    assert found["status"] == "stale"
    assert PLANTED not in str(found["error"])


async def test_mended_file_counts(folder: Path, tmp_path: Path) -> None:
    """A file that was still being copied is whole the next time."""
    whole = gzip.compress(json.dumps({"Records": [record(IAM_USER, "2026-03-09T10:20:00Z")]}).encode())
    (folder / "late.json.gz").write_bytes(whole[:-9])
    server = over(folder, tmp_path / "home")
    before = await server.asks("search_events", principal="alice", **DAY)
    (folder / "late.json.gz").write_bytes(whole)
    after = await server.asks("search_events", principal="alice", **DAY)

    assert (before["status"], before["total"]) == ("stale", 3)
    assert (after["status"], after["total"]) == ("success", 4)


async def test_lines_are_read_as_they_are_added(tmp_path: Path) -> None:
    """Once each, a half line when it is whole; a second process goes on where the first one was."""
    root = tmp_path / "trail"
    root.mkdir()
    log = root / "trail.jsonl"
    made = [record(IAM_USER, f"2026-03-09T10:0{n}:00Z") for n in range(4)]
    log.write_text(trails.lines(made[:2]) + json.dumps(made[2])[:50])
    server = over(root, tmp_path / "home")
    first = await server.asks("search_events", **DAY)
    log.write_text(trails.lines(made))
    second = await over(root, tmp_path / "home").asks("search_events", **DAY)

    assert (first["status"], first["total"]) == ("stale", 2)
    assert (second["status"], second["total"]) == ("success", 4)
    assert len(set(texts(second, "events", "event.id"))) == 4


async def test_event_that_was_delivered_twice_counts_once(tmp_path: Path) -> None:
    """CloudTrail delivers at least once."""
    made = [record(IAM_USER, "2026-03-09T10:00:00Z")]
    delivered(tmp_path / "trail", "2026/03/09", made, "a")
    delivered(tmp_path / "trail", "2026/03/09", made, "b")

    assert (await over(tmp_path / "trail", tmp_path / "home").asks("search_events", **DAY))["total"] == 1


async def test_window_beyond_the_trail_is_stale(folder: Path, tmp_path: Path) -> None:
    """Nothing before the first event, and nothing after the last, is known."""
    server = over(folder, tmp_path / "home")
    early = await server.asks("search_events", start="2026-01-01T00:00:00Z", end="2026-03-08T12:00:00Z")
    late = await server.asks("search_events", start="2026-03-10T00:00:00Z", end="2026-03-11T00:00:00Z")

    assert (early["status"], late["status"]) == ("stale", "stale")


async def test_window_in_which_the_trail_was_silent_is_stale(folder: Path, tmp_path: Path) -> None:
    """Whoever stops a trail for a night and starts it again leaves events on both sides."""
    server = over(folder, tmp_path / "home", quiet_minutes=60)
    night = await server.asks("search_events", start="2026-03-08T20:00:00Z", end="2026-03-08T20:30:00Z")
    awake = await server.asks("search_events", start="2026-03-08T09:00:00Z", end="2026-03-08T09:05:00Z")

    assert (night["status"], awake["status"]) == ("stale", "success")
    assert "is silent from 2026-03-08T09:05:00.000Z to 2026-03-09T10:" in str(night["error"])


OTHER = "222233334444"
BOB = f"arn:aws:iam::{OTHER}:user/bob"


def calls(account: str, begin: str, hours: int, region: str = "eu-central-1") -> list[JsonObject]:
    """A call every half hour of the one user of an account."""
    arn = ALICE if account == trails.ACCOUNT else BOB
    identity: JsonObject = {**IAM_USER, "arn": arn, "accountId": account, "userName": arn.rpartition("/")[2]}
    more: JsonObject = {"recipientAccountId": account, "awsRegion": region}
    first_call = datetime.fromisoformat(begin)
    times = [first_call + timedelta(minutes=30 * number) for number in range(2 * hours)]
    return [record(identity, f"{each:%Y-%m-%dT%H:%M:%SZ}") | more for each in times]


async def blind_for(server: Analyst, principal: str | None, start: str, end: str) -> str:
    """Why the answer about a principal is stale; empty where it is not."""
    found = await server.asks("search_events", principal=principal, start=start, end=end)
    return "" if found["status"] in ("success", "no_data") else str(part(found, "error", "message"))


async def test_account_that_goes_on_does_not_speak_for_one_that_fell_silent(tmp_path: Path) -> None:
    """Whoever takes over one account of many silences that one alone."""
    rows = [*calls(trails.ACCOUNT, "2026-03-09T00:00:00Z", 10), *calls(OTHER, "2026-03-09T00:00:00Z", 20)]
    delivered(tmp_path / "trail", "2026/03/09", rows)
    server = over(tmp_path / "trail", tmp_path / "home", quiet_minutes=60)
    late = ("2026-03-09T14:00:00Z", "2026-03-09T19:00:00Z")

    assert f"account {trails.ACCOUNT} is silent since 2026-03-09T09:30" in await blind_for(server, ALICE, *late)
    assert "is silent since" in await blind_for(server, "alice", *late)
    assert await blind_for(server, BOB, *late) == ""
    assert "holds no events" in await blind_for(server, "arn:aws:iam::999988887777:user/eve", *late)


async def test_region_that_was_never_quiet_and_falls_silent_is_told(tmp_path: Path) -> None:
    """A trail of one region can be stopped alone; one in which something happens now and then tells nothing."""
    rows = [
        *calls(trails.ACCOUNT, "2026-03-07T00:00:00Z", 48),
        *calls(trails.ACCOUNT, "2026-03-07T00:10:00Z", 40, "us-east-1"),
        *calls(trails.ACCOUNT, "2026-03-07T03:20:00Z", 1, "eu-west-1"),
    ]
    delivered(tmp_path / "trail", "2026/03/09", rows)
    server = over(tmp_path / "trail", tmp_path / "home", quiet_minutes=60)

    assert "in us-east-1 is silent since 2026-03-08T15:40" in await blind_for(
        server, ALICE, "2026-03-08T20:00:00Z", "2026-03-08T23:00:00Z"
    )
    assert await blind_for(server, ALICE, "2026-03-08T10:00:00Z", "2026-03-08T15:00:00Z") == ""


async def test_trail_that_somebody_stopped_speaks_for_nothing_until_it_goes_on(tmp_path: Path) -> None:
    """The call that stops it is the last that is surely there; one that was refused stopped nothing."""
    apis = {"10:00": "ListBuckets", "10:10": "StopLogging", "10:12": "ListBuckets", "10:14": "StartLogging",
            "11:00": "DeleteTrail", "11:10": "ListBuckets", "12:00": "ListBuckets", "12:30": "ListBuckets",
            "13:00": "StopLogging", "13:10": "ListBuckets"}  # fmt: skip
    rows = [record(IAM_USER, f"2026-03-09T{at}:00Z", api) for at, api in apis.items()]
    refused = record(IAM_USER, "2026-03-09T10:30:00Z", "StopLogging", errorCode="AccessDenied")
    elsewhere: JsonObject = {"recipientAccountId": OTHER, "userIdentity": {**IAM_USER, "arn": BOB, "accountId": OTHER}}
    others = [record(IAM_USER, f"2026-03-09T1{hour}:00:00Z") | elsewhere for hour in range(5)]
    delivered(tmp_path / "trail", "2026/03/09", [*rows, refused, *others])
    server = over(tmp_path / "trail", tmp_path / "home")

    async def why(begin: str, end: str, principal: str | None = ALICE) -> str:
        return await blind_for(server, principal, f"2026-03-09T{begin}:00Z", f"2026-03-09T{end}:00Z")

    assert [await why("10:00", "10:05"), await why("10:20", "10:50"), await why("12:10", "12:40")] == [""] * 3
    assert f"somebody stopped the trail of account {trails.ACCOUNT} at 2026-03-09T10:10" in await why("10:11", "10:40")
    assert "at 2026-03-09T11:00" in await why("11:05", "12:10")
    assert "at 2026-03-09T13:00" in await why("13:05", "13:30")
    assert "at 2026-03-09T13:00" in await why("13:05", "13:30", None)
    assert await why("13:05", "13:30", BOB) == ""


async def test_store_of_an_older_version_learns_the_accounts(tmp_path: Path) -> None:
    """Files that were read before are not read again."""
    root, home = tmp_path / "trail", tmp_path / "home"
    delivered(
        root,
        "2026/03/09",
        [*calls(trails.ACCOUNT, "2026-03-09T00:00:00Z", 1), *calls(OTHER, "2026-03-09T00:00:00Z", 20)],
    )
    late = ("2026-03-09T14:00:00Z", "2026-03-09T19:00:00Z")
    await blind_for(over(root, home, quiet_minutes=60), ALICE, *late)
    with closing(sqlite3.connect(home / "cloud.db")) as db:
        db.executescript(
            "DROP INDEX events_account; DROP INDEX events_region; ALTER TABLE events DROP COLUMN account; "
            "PRAGMA user_version = 1"
        )
    again = over(root, home, quiet_minutes=60)

    assert "is silent since 2026-03-09T00:30" in await blind_for(again, ALICE, *late)
    assert await blind_for(again, BOB, *late) == ""


async def test_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    """A mistyped path is no quiet cloud."""
    assert (await over(tmp_path / "nowhere", tmp_path / "home").asks("search_events", **DAY))["status"] == "error"


async def test_link_out_of_the_folder_is_not_followed(folder: Path, tmp_path: Path) -> None:
    """A file elsewhere is none of the trail."""
    secret = delivered(tmp_path / "elsewhere", "2026/03/09", [record(IAM_USER, "2026-03-09T10:21:00Z")])
    (folder / "link.json.gz").symlink_to(secret)
    found = await over(folder, tmp_path / "home").asks("search_events", principal="alice", **DAY)

    assert (found["status"], found["total"]) == ("stale", 3)


async def test_lab_answers_from_its_audit_trail(whole_lab: Path, tmp_path: Path) -> None:
    """Counts are those of the tables, and a key is usual from its own address."""
    stored = first(whole_lab, "SELECT count(*) FROM events WHERE source = 'cloud-audit'")[0]
    sql = """SELECT user, src_ip FROM events WHERE source = 'cloud-audit' AND fields LIKE '%access_key%'
             GROUP BY user, src_ip ORDER BY count(*) DESC"""
    user, address = first(whole_lab, sql)
    lab = analyst(build, CloudSettings(backend="cloudtrail"), tmp_path, whole_lab)
    week: JsonObject = {"start": "2026-03-01T00:00:00Z", "end": "2026-03-09T14:00:00Z"}
    usual = await lab.asks("first_seen", principal=user, source_ip=address)

    assert (await lab.asks("search_events", limit=1, **week))["total"] == stored
    assert part(usual, "data", "seen") is True
    assert int(str(part(usual, "data", "days"))) > 3
    assert rows(await lab.asks("list_keys_used", **week), "keys")


@pytest.mark.thorough
async def test_over_files_it_conforms(folder: Path, tmp_path: Path) -> None:
    """Planted texts of agents, parameters and names stay in their fields."""
    (folder / "cut.json.gz").write_bytes(BROKEN["cut.json.gz"])
    examples: dict[str, JsonObject] = {
        "cloud_search_events": dict(DAY),
        "cloud_summarise_principal": {"principal": ALICE, **DAY},
        "cloud_list_keys_used": dict(DAY),
        "cloud_first_seen": {"principal": ALICE, "api": "ListBuckets"},
        "cloud_failed_calls": dict(DAY),
    }

    await assert_conformant(over(folder, tmp_path / "home").server, examples=examples, planted=[PLANTED])
