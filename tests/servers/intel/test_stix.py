"""The STIX store: what it believes, what it refuses to believe, and own indicators."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest
from pydantic import JsonValue

from servers.intel.feeds import fetch
from servers.intel.patterns import NotMatchedError, pattern_of, values
from servers.intel.server import build
from servers.intel.settings import IntelSettings
from servers.intel.stix import MOST, StixStore
from servers.kit import Protected
from servers.observables import Observable, observable
from tests.servers.acting import Analyst, analyst, part
from tests.servers.intel.feed import (
    ADDRESS,
    DIGEST,
    DOMAIN,
    EXPIRED,
    NETWORK,
    PLANTED,
    REVOKED,
    URL,
    bundle,
    indicator,
    objects,
)


def _now() -> datetime:
    return datetime.now(UTC)


def settings(home: Path, **more: object) -> IntelSettings:
    """Settings of a store that a bundle feeds."""
    return IntelSettings(**{"backend": "stix", "bundles": (bundle(home / "feed.json"),), **more})


def site(home: Path, now: Callable[[], datetime] = _now, protected: Protected | None = None, **more: object) -> Analyst:
    """A server over a store whose feeds were just fetched."""
    given = settings(home, **more)
    assert [outcome.problem for outcome in fetch(given, StixStore(home / "intel.db"), now)] == [None]
    return analyst(build, given, home, protected=protected)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("[ipv4-addr:value = '198.51.100.7']", [Observable("address", "198.51.100.7")]),
        ("[ipv4-addr:value ISSUBSET '203.0.113.0/24']", ["203.0.113.0/24"]),
        ("[ (domain-name:value = 'A.example.' OR url:value='HTTP://a.example') ]", ["domain", "url"]),
        ("[file:hashes.MD5 = '" + "a" * 32 + "'] OR [file:hashes.\"SHA-1\" = '" + "b" * 40 + "']", ["md5", "sha1"]),
    ],
)
def test_patterns_of_one_observable_are_understood(pattern: str, expected: list[Observable | str]) -> None:
    """Most of what feeds hold is of this form."""
    found = values(pattern)
    shown = [each if each in expected else each.kind for each in found if isinstance(each, Observable | str)]
    assert shown == expected


@pytest.mark.parametrize(
    "pattern",
    [
        "[domain-name:value = 'a.example' AND ipv4-addr:value = '198.51.100.7']",
        "[domain-name:value != 'a.example']",
        "[NOT domain-name:value = 'a.example']",
        "[domain-name:value LIKE '%.example']",
        "[domain-name:value = 'a.example'] FOLLOWEDBY [ipv4-addr:value = '198.51.100.7']",
        "[ipv4-addr:value = '198.51.100.7'] WITHIN 5 SECONDS",
        "[ipv4-addr:value = 'keel.example']",
        "[domain-name:value = 'a.example'] OR",
        "[" + "(" * 9_000,
        "",
    ],
)
def test_pattern_that_asks_for_more_is_never_matched_by_a_part(pattern: str) -> None:
    """Half of an AND would accuse whoever has one half."""
    with pytest.raises(NotMatchedError):
        values(pattern)


@pytest.mark.parametrize("text", [ADDRESS, "2001:db8::1", DOMAIN, URL, DIGEST, "who@keel.example", "http://a.b/'\\x"])
def test_own_pattern_matches_its_own_value(text: str) -> None:
    """What is added has to be found again, quotes and backslashes too."""
    wanted = observable(text)
    assert values(pattern_of(wanted)) == (wanted,)


async def test_lookup_tells_who_says_what_and_what_it_points_to(tmp_path: Path) -> None:
    """A verdict without its source is none; an author's words are outside text and never in the summary."""
    envelope = await site(tmp_path).asks("lookup", indicator="198.51.100[.]7")

    assert part(envelope, "data", "verdict") == "malicious"
    assert part(envelope, "data", "confidence") == 80
    assert part(envelope, "data", "sightings") == 3
    assert part(envelope, "data", "sources", 0, "feed") == "feed"
    assert part(envelope, "data", "sources", 0, "name") == "A sharing group"
    assert part(envelope, "data", "sources", 0, "indicates") == ["QuietLoader"]
    assert part(envelope, "data", "sources", 0, "title") == PLANTED
    assert "$.sources[*].title" in json.dumps(envelope["untrusted"])
    assert "previous" not in str(envelope["summary"])


async def test_revoked_and_expired_indicators_are_not_believed(tmp_path: Path) -> None:
    """Their author took them back; that they were there is still told."""
    intel = site(tmp_path)
    for gone in (REVOKED, EXPIRED):
        envelope = await intel.asks("lookup", indicator=gone)
        assert (envelope["status"], part(envelope, "data", "verdict")) == ("no_data", "unknown")
        assert part(envelope, "data", "lapsed") == 1


async def test_unknown_is_no_data_and_an_old_feed_makes_it_stale(tmp_path: Path) -> None:
    """Nobody may read silence of a feed from last week as clean."""
    fresh = await site(tmp_path).asks("lookup", indicator="never.example")
    old = site(tmp_path, lambda: _now() - timedelta(days=7))
    envelope = await old.asks("lookup", indicator="never.example")

    assert (fresh["status"], fresh["data"]) == ("no_data", None)
    assert (envelope["status"], part(envelope, "error", "code")) == ("stale", "feeds_stale")
    assert str(part(envelope, "source", "time")) < _now().isoformat()
    assert "STALE" in str(part(await old.asks("health"), "data", "detail"))


async def test_many_at_once_are_told_in_order(tmp_path: Path) -> None:
    """One bad line of a pasted list must not cost the others."""
    asked: list[JsonValue] = [DOMAIN, "???", NETWORK, DIGEST.upper(), URL, "never.example"]
    envelope = await site(tmp_path).asks("lookup_many", indicators=asked)
    rows = [part(envelope, "data", "results", n) for n in range(len(asked))]

    assert [part(row, "verdict") for row in rows] == [
        "suspicious", "unknown", "benign", "malicious", "suspicious", "unknown",
    ]  # fmt: skip
    assert [part(row, "sources") for row in rows] == [1, 0, 1, 1, 1, 0]


async def test_actor_is_found_by_alias_and_leads_on(tmp_path: Path) -> None:
    """From an alert's address to who is behind it in three questions."""
    intel = site(tmp_path)
    actors = await intel.asks("get_actor", name=" ql ")
    found = part(actors, "data", "actors", 0, "id")
    relations = part(await intel.asks("related", stix_id=found), "data", "relations")

    assert part(actors, "data", "actors", 0, "name") == "QuietLoader"
    assert isinstance(relations, list)
    assert {(part(row, "relation"), part(row, "direction"), part(row, "type")) for row in relations} == {
        ("indicates", "from", "indicator"),
        ("uses", "from", "intrusion-set"),
    }


async def test_feed_list_counts_what_it_cannot_match(tmp_path: Path) -> None:
    """An indicator that is silently never matched would be believed to be watched for."""
    envelope = await site(tmp_path).asks("list_feeds")

    assert part(envelope, "data", "feeds", 0, "indicators") == 7
    assert part(envelope, "data", "feeds", 0, "not_matched") == 1
    assert part(envelope, "data", "feeds", 0, "stale") is False


def test_newest_version_stays_and_a_revocation_is_final(tmp_path: Path) -> None:
    """Pages come in any order, and a feed that was taken over must not bring back what was revoked."""
    store, pattern = StixStore(tmp_path / "intel.db"), f"[domain-name:value = '{DOMAIN}']"
    newer = indicator(5, pattern, modified="2026-03-01T00:00:00Z", revoked=True)
    newest = indicator(5, pattern, modified="2026-04-01T00:00:00Z")

    assert store.put("a", [newer, indicator(5, pattern), newest, {"type": "indicator"}, 7]).refused == 2
    assert store.put("b", [indicator(5, pattern)]).kept == 1

    held = store.indicators(observable(DOMAIN))
    assert [(each.feed, each.object.revoked) for each in held] == [("a", True), ("b", False)]


def test_fetch_holds_up_nobody_who_asks(tmp_path: Path) -> None:
    """An answer about an address must not fail for as long as a large feed comes in; what came so far is not seen."""
    store, pattern = StixStore(tmp_path / "intel.db"), f"[domain-name:value = '{DOMAIN}']"
    store.put("a", [indicator(1, pattern)])
    seen: list[int] = []

    def feed() -> Iterator[JsonValue]:
        for number in range(2, 302):
            yield indicator(number, pattern, name="x" * 10_000)
        seen.append(len(store.indicators(observable(DOMAIN))))

    assert store.put("a", feed()).kept == 300
    assert (seen, len(store.indicators(observable(DOMAIN)))) == ([1], 301)


@pytest.mark.parametrize("table", ["names", "observables"])
def test_object_is_replaced_without_looking_through_all_others(tmp_path: Path, table: str) -> None:
    """Otherwise a feed takes four times as long for twice as many objects, and everybody who writes waits."""
    StixStore(tmp_path / "intel.db").put("a", [])
    with closing(sqlite3.connect(tmp_path / "intel.db")) as db:
        steps = db.execute(f"EXPLAIN QUERY PLAN DELETE FROM {table} WHERE feed = 'a' AND id = 'b'").fetchall()

    assert not [step for *_, step in steps if "SCAN" in step]


def test_bundle_that_broke_keeps_what_it_had_and_its_age(tmp_path: Path) -> None:
    """A half-written file is an error, not an empty feed."""
    given, store = settings(tmp_path), StixStore(tmp_path / "intel.db")
    assert next(fetch(given, store, _now)).kept == len(objects())
    before = store.feeds()[0]
    (tmp_path / "feed.json").write_text('{"type": "bundle", "objects": [')

    outcome = next(fetch(given, store, _now))
    after = store.feeds()[0]

    assert outcome.problem is not None
    assert after.problem == outcome.problem.code == "not_a_bundle"
    assert (after.fetched_at, after.objects) == (before.fetched_at, before.objects)


async def test_own_indicator_is_added_read_back_and_revoked(tmp_path: Path) -> None:
    """From the grant to the STIX object, and back."""
    intel = site(tmp_path)
    asked: dict[str, JsonValue] = {
        "indicator": "new.example", "verdict": "malicious", "confidence": 90, "days": 7, "reason": "seen in a case",
    }  # fmt: skip
    refused = await intel.asks("add_indicator", **asked)
    added = await intel.does("add_indicator", **asked)
    found = await intel.asks("lookup", indicator="new.example")
    gone = await intel.does("revoke_indicator", indicator="new.example", reason="a mistake")
    after = await intel.asks("lookup", indicator="new.example")
    again = await intel.does("add_indicator", **asked)

    assert refused["status"] == "refused"
    assert part(added, "action", "verified") is True
    assert part(added, "action", "undo", "tool") == "intel_revoke_indicator"
    assert (part(found, "data", "verdict"), part(found, "data", "sources", 0, "feed")) == ("malicious", "local")
    assert part(gone, "action", "verified") is True
    assert part(after, "data", "lapsed") == 1
    assert part(again, "action", "verified") is True


@pytest.mark.parametrize(
    "value",
    [
        "www.corp.example",
        "https://portal.corp.example:8443/login",
        "it@corp.example",
        "http://[::ffff:192.0.2.7]/",
        "http://localhost/",
    ],
)
async def test_what_is_our_own_is_never_made_an_indicator(tmp_path: Path, value: str) -> None:
    """Whoever can poison the intelligence would have us block ourselves, by whatever names us."""
    ours = Protected(domains=("corp.example",), addresses=(ip_network("192.0.2.0/28"),))
    asked: dict[str, JsonValue] = {"verdict": "malicious", "confidence": 90, "days": 7, "reason": "a case"}
    envelope = await site(tmp_path, protected=ours).does("add_indicator", indicator=value, **asked)

    assert (envelope["status"], part(envelope, "error", "code")) == ("refused", "protected_target")


async def test_sighting_is_noted_at_what_is_known_alone(tmp_path: Path) -> None:
    """A sighting of nothing says nothing."""
    intel = site(tmp_path)
    seen: dict[str, JsonValue] = {"seen_at": "2026-03-09T12:00:00Z", "reason": "in the proxy log"}
    noted = await intel.does("add_sighting", indicator=ADDRESS, **seen)
    unknown = await intel.does("add_sighting", indicator="never.example", **seen)

    assert part(noted, "action", "verified") is True
    assert part(await intel.asks("lookup", indicator=ADDRESS), "data", "sightings") == 4
    assert unknown["status"] == "no_data"


async def test_own_lists_of_known_good_values_answer(tmp_path: Path) -> None:
    """A register of the operator closes more cases than any feed."""
    plain, warned = tmp_path / "own.txt", tmp_path / "list.json"
    plain.write_text(f"# ours\n{DIGEST}  setup.exe\n10.20.0.0/16\n*.own.example\n192.0.2.7/32\n")
    warned.write_text(json.dumps({"name": "x", "type": "hostname", "list": ["corp.example"]}))
    intel = site(tmp_path, known_lists=(warned, plain))
    answers = [
        await intel.asks("check_known", value=each)
        for each in (DIGEST, "10.20.3.4", "a.own.example", "192.0.2.7", "corp.example", "corp.example.evil.test")
    ]

    assert [part(each, "data", "known") for each in answers] == [True] * 5 + [False]
    assert part(answers[2], "data", "value") == "*.own.example"
    assert part(answers[4], "data", "register") == "list.json"


@pytest.mark.parametrize(
    ("kind", "entry", "value"),
    [
        ("substring", "microsoft.com", "login-microsoft.com"),
        ("substring", "microsoft.com", "microsoft.com.cdn.example"),
        ("substring", "microsoft.com", "https://evil.example/?x=microsoft.com"),
        ("hostname", "cloudfront.net", "x.cloudfront.net"),
        ("hostname", "cloudfront.net", "https://cloudfront.net/x"),
        ("cidr", "3.0.0.0/8", "3.4.5.6"),
        ("cidr", "10.0.0.0/8", "10.4.5.6"),
        ("plain", "ngrok.io", "attacker.ngrok.io"),
        ("plain", "3.0.0.0/8", "3.4.5.6"),
        ("plain", "*.own.example", "https://x.own.example/a"),
    ],
)
async def test_what_is_only_around_a_value_vouches_for_nothing(
    kind: str, entry: str, value: str, tmp_path: Path
) -> None:
    """Anybody gets a name below a popular domain, an address in a cloud and a name with any text in it."""
    held = tmp_path / "list"
    held.write_text(entry if kind == "plain" else json.dumps({"name": "x", "type": kind, "list": [entry]}))
    found = await site(tmp_path, known_lists=(held,)).asks("check_known", value=value)

    assert (part(found, "data", "known"), part(found, "data", "value")) == (False, entry)


async def test_text_is_no_part_of_a_hash_and_the_value_itself_comes_first(tmp_path: Path) -> None:
    """Four hex digits stand in one hash of a thousand; and a list that names the value is not hidden by another."""
    parts, exact = tmp_path / "a.json", tmp_path / "b.json"
    parts.write_text(json.dumps({"name": "x", "type": "substring", "list": ["dead", "corp.example"]}))
    exact.write_text(json.dumps({"name": "x", "type": "string", "list": ["www.corp.example"]}))
    intel = site(tmp_path, known_lists=(parts, exact))
    digest = await intel.asks("check_known", value="3dead" + "0" * 59)
    name = await intel.asks("check_known", value="www.corp.example")
    below = await intel.asks("check_known", value="a.www.corp.example")

    assert part(digest, "data") == {"known": False}
    assert (part(name, "data", "known"), part(name, "data", "register")) == (True, "b.json")
    assert (part(below, "data", "known"), part(below, "data", "register")) == (False, "a.json")


async def test_opinion_behind_hundreds_that_lapsed_is_still_told(tmp_path: Path) -> None:
    """A much used address has many indicators; past what is read the answer is an error."""
    pattern = f"[ipv4-addr:value = '{ADDRESS}']"
    gone = [indicator(number, pattern, valid_until="2026-01-02T00:00:00Z") for number in range(1_000, 1_600)]
    intel, store = site(tmp_path), StixStore(tmp_path / "intel.db")
    store.put("a-first-feed", gone)
    told = await intel.asks("lookup", indicator=ADDRESS)
    store.put("a-first-feed", [indicator(number, pattern) for number in range(2_000, 2_030)])
    many = await intel.asks("lookup", indicator=ADDRESS)
    store.put("a-first-feed", [indicator(number, pattern) for number in range(3_000, 3_000 + MOST)])
    cut = await intel.asks("lookup", indicator=ADDRESS)

    assert (told["status"], part(told, "data", "confidence"), part(told, "data", "lapsed")) == ("success", 80, 600)
    assert (many["truncated"], many["total"], len(str(many["summary"]).split("by 31 opinions"))) == (True, 31, 2)
    assert part(cut, "error", "code") == "too_many"
