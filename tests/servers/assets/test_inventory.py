"""The assets server over a site's own inventory, scans and tags."""

import json
from pathlib import Path

import pytest
from pydantic import JsonValue

from servers.assets.scans import parse_scan
from servers.kit import Protected
from tests.servers.acting import Envelope, part
from tests.servers.assets.site import INVENTORY, PLANTED, SCAN, ours, site

HEAD = "id,name,ip,since,until\n"
BOMB = (
    '<!DOCTYPE n [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><nmaprun scanner="nmap" start="1">&b;</nmaprun>'
)
OUTSIDE = '<!DOCTYPE n SYSTEM "file:///etc/passwd" [<!ENTITY x SYSTEM "file:///etc/passwd">]><nmaprun>&x;</nmaprun>'


def rows(envelope: Envelope, name: str) -> list[dict[str, JsonValue]]:
    """Rows of an answer."""
    found = part(envelope, "data", name)
    assert isinstance(found, list)
    return [row for row in found if isinstance(row, dict)]


@pytest.mark.parametrize(
    ("identifier", "at", "found"),
    [
        ("198.51.100.7", "2026-02-28T23:59:59Z", "A-2"),
        ("198.51.100.7", "2026-03-01T00:00:00Z", "A-3"),
        ("198.51.100.8", "2026-02-01T00:00:00Z", None),
        ("SHOP", None, "A-1"),
        ("02005e100001", None, "A-1"),
        ("2001:0DB8:0::7", None, "A-4"),
        ("deadbeefcafe", None, "A-4"),
        ("shop.evil.test", None, None),
    ],
)
async def test_address_is_whose_it_was_then(tmp_path: Path, identifier: str, at: str | None, found: str | None) -> None:
    """An alert of February about an address that moved in March is about another machine."""
    asked: Envelope = {"identifier": identifier} | ({} if at is None else {"at": at})
    envelope = await ours(tmp_path, site(tmp_path)).asks("resolve", **asked)

    assert (None if envelope["status"] == "no_data" else part(envelope, "data", "asset", "id")) == found


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("id,name,colour\n", "line 1: column 3 is unknown"),
        ("", "line 1: there is no header"),
        (HEAD + "A,a,,,\nB,b\n", "line 3: 2 fields"),
        (HEAD + 'A,"a\nb",,,\nB,b,1.2.3.4.5,,\n', "line 2: name"),
        (HEAD + "A,a,,,\n\nB,b,1.2.3.400,,\n", "line 4: ip: no IP address"),
        (HEAD + "A,a,,2026-03-01T00:00:00,\n", "line 2: since"),
        (HEAD + "A,a,,2026-03-01T00:00:00Z,2026-02-01T00:00:00Z\n", "line 2: until"),
        (HEAD + "A,a,,,\na,a,,2026-03-01T00:00:00Z,\n", "line 3: id: the entry of line 2"),
        (HEAD + 'A,"a,,,\n', "no CSV"),
        (HEAD + "A,,,,\n", "line 2: name: it is empty"),
        ("ID,Hostname,IP Address\nA,a,192.0.2.1\n", "(did you mean name?); column 3 is unknown (did"),
        ("id,name,ip,ip\n", "line 1: column ip is there twice"),
        ("id;name;ip\n", "line 1: the header is one column: columns are separated by commas"),
    ],
)
async def test_broken_inventory_names_the_line_and_nothing_of_it_counts(tmp_path: Path, text: str, told: str) -> None:
    """Half an inventory would make the other half strangers."""
    server = ours(tmp_path, site(tmp_path, text))
    envelopes = [await server.asks("resolve", identifier="A"), await server.asks("list_unknown")]

    assert [part(each, "error", "code") for each in envelopes] == ["inventory_broken"] * 2
    assert told in str(part(envelopes[0], "error", "message"))


async def test_wrong_column_is_answered_with_those_there_are(tmp_path: Path) -> None:
    """Guessing columns one by one is no way to connect an inventory."""
    envelope = await ours(tmp_path, site(tmp_path, "hostname\nA\n")).asks("resolve", identifier="A")

    assert str(part(envelope, "error", "hint")).startswith("columns: id, name, ip, mac, kind, zone, owner, ")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[\n {"id": "A", "name": "a"},\n {"id": "B", "name": 7}\n]', "line 3: name"),
        ('[\n {"id": "A",\n  "name": "a"},\n {"id" "B"}\n]', "line 4: no JSON"),
        ('{"id": "A"}', "line 1: a JSON inventory"),
        ('[{"id": "A", "name": "a"}]\n x', "line 2: something follows"),
        ('[\n {"id": "A", "name": "a", "colour": "red"}]', "line 2: field 3 is unknown"),
        (
            '[\n {"id": "A", "hostname": "a"}]',
            "line 2: field 2 is unknown (did you mean name?); there is no field name",
        ),
        ("[\n 3]", "line 2: no object"),
        ('[{"id": "A", "name": "a"} {"id": "B", "name": "b"}]', "line 1: no JSON"),
    ],
)
async def test_json_inventory_is_read_and_told_the_same_way(tmp_path: Path, text: str, told: str) -> None:
    """The line of the entry, not of the whole."""
    good = json.dumps([{"id": "A", "name": "a", "internet_facing": True, "tags": ["web"]}])
    fine = await ours(tmp_path, site(tmp_path, good, "assets.json")).asks("resolve", identifier="a")
    bad = await ours(tmp_path, site(tmp_path, text, "assets.json")).asks("resolve", identifier="a")

    assert (part(fine, "data", "asset", "internet_facing"), part(fine, "data", "asset", "tags")) == (True, ["web"])
    assert told in str(part(bad, "error", "message"))


async def test_inventory_that_changes_counts_at_once(tmp_path: Path) -> None:
    """And one that breaks is an error, not what it was before."""
    server = ours(tmp_path, settings := site(tmp_path))
    before = await server.asks("search", tag="web")
    assert settings.inventory is not None
    settings.inventory.write_text(INVENTORY + "A-5,new,,,server,dmz,,low,,,web\n")
    after = await server.asks("search", tag="web")
    settings.inventory.write_text("nonsense")

    assert (before["total"], after["total"]) == (1, 2)
    assert part(await server.asks("search", tag="web"), "error", "code") == "inventory_broken"


async def test_search_and_counts_speak_of_what_there_is_now(tmp_path: Path) -> None:
    """An entry that is over is no second machine."""
    server = ours(tmp_path, site(tmp_path))
    found = await server.asks("search", text="HALL", zone="hall")
    hall = await server.asks("search", zone="HALL", limit=1)
    zones = await server.asks("summarise", by="zone")
    tags = await server.asks("summarise", by="tag")

    assert (found["status"], hall["total"]) == ("no_data", 2)
    assert {row["value"]: row["assets"] for row in rows(zones, "groups")} == {"dmz": 2, "hall": 2}
    assert (part(tags, "data", "assets"), part(tags, "data", "without")) == (4, 3)


async def test_scan_tells_services_and_strangers_as_outside_text(tmp_path: Path) -> None:
    """Banners are what machines say; a host the inventory does not have is told."""
    server = ours(tmp_path, site(tmp_path))
    services = await server.asks("list_services", host="shop")
    early = await server.asks("list_services", host="shop", at="2026-01-01T00:00:00Z")
    unknown = await server.asks("list_unknown")

    assert [(row["port"], row["state"]) for row in rows(services, "services")] == [(443, "open"), (22, "closed")]
    assert rows(services, "services")[0]["banner"] == PLANTED
    assert "banner" in str(services["untrusted"])
    assert PLANTED not in str(services["summary"]) + str(unknown["summary"])
    assert early["status"] == "no_data"
    assert [row["ip"] for row in rows(unknown, "unknown")] == ["198.51.100.9"]


@pytest.mark.parametrize(
    "text", [BOMB, OUTSIDE, "<nmaprun/>", '<a scanner="nmap" start="1"/>', SCAN[:-30], "", '<nmaprun scanner="nmap"/>']
)
async def test_file_that_is_no_scan_is_an_error(tmp_path: Path, text: str) -> None:
    """Entities are never expanded, nothing is fetched, and no scan is left out in silence."""
    server = ours(tmp_path, site(tmp_path))
    (tmp_path / "scans" / "tuesday.xml").write_text(text)
    envelope = await server.asks("list_unknown")

    assert part(envelope, "error", "code") == "scan_broken"
    assert "tuesday.xml" in str(part(envelope, "error", "message"))
    assert "root:" not in str(envelope)


async def test_scan_that_looked_at_no_port_does_not_close_any(tmp_path: Path) -> None:
    """A later look for hosts that are up (`nmap -sn`) says nothing of ports, and not that none is open."""
    head = '<nmaprun scanner="nmap" args="nmap -sn" start="1774100000">{}{}</nmaprun>'
    up = '<host><status state="up"/><address addr="{}" addrtype="ipv4"/></host>'
    server = ours(tmp_path, site(tmp_path))
    for ended in ("success", "error"):
        end = f'<runstats><finished time="1774100030" exit="{ended}"/></runstats>'
        text = head.format(up.format("198.51.100.5") + up.format("198.51.100.9"), end)
        (tmp_path / "scans" / "tuesday.xml").write_text(text)
        shop, stranger = [await server.asks("list_services", host=host) for host in ("shop", "198.51.100.9")]
        unknown = await server.asks("list_unknown")

        assert [row["port"] for row in rows(shop, "services")] == [443, 22]
        assert (stranger["status"], stranger["data"]) == ("no_data", None)
        assert "looked at the ports" in str(stranger["summary"])
        assert (unknown["status"] == "stale") is (ended == "error")


def test_ports_and_texts_of_a_scan_are_bounded() -> None:
    """A machine that answers on every port, at length, fills nothing."""
    one = '<port protocol="tcp" portid="{}"><state state="{}"/><service name="{}"/></port>'
    ports = "".join(one.format(number, "open" if number > 9_000 else "closed", "x" * 999) for number in range(1, 9_101))
    strange = one.format(70_000, "open", "x") + one.format("٣", "open", "x") + one.format(1, "maybe", "x")
    host = '<host><status state="up"/><address addr="192.0.2.1" addrtype="ipv4"/><ports>{}</ports></host>'
    head = '<nmaprun scanner="nmap" start="1">{}</nmaprun>'
    many = parse_scan(head.format(host.format(ports)).encode()).hosts[0].services
    none = parse_scan(head.format(host.format(strange)).encode()).hosts[0].services

    assert len(many) == 100
    assert {len(service.name or "") for service in many} == {200}
    assert none == ()


async def test_tag_is_put_on_taken_away_and_kept(tmp_path: Path) -> None:
    """Under a grant, read back, also after a restart; the inventory's own tags stay."""
    settings = site(tmp_path)
    server = ours(tmp_path, settings)
    done = await server.does("tag", asset="till", tag="suspect", reason="drill")
    again = await server.does("tag", asset="A-3", tag="suspect", reason="again")
    kept = await ours(tmp_path, settings).asks("search", tag="suspect")
    back = await server.does("untag", **part(done, "action", "undo", "arguments"), reason="over")
    own = await server.plans("untag", asset="shop", tag="pci", reason="over")

    assert (part(done, "action", "verified"), part(back, "action", "verified")) == (True, True)
    assert (part(again, "data", "change"), part(again, "action", "undo")) == ("was tagged", None)
    assert [row["id"] for row in rows(kept, "assets")] == ["A-3"]
    assert (await server.asks("search", tag="suspect"))["status"] == "no_data"
    assert part(own, "error", "code") == "not_ours"


async def test_tag_of_a_protected_host_is_refused(tmp_path: Path) -> None:
    """What the operator named, no change touches."""
    server = ours(tmp_path, site(tmp_path), Protected(hosts=("till",)))

    assert part(await server.does("tag", asset="A-3", tag="x", reason="drill"), "error", "code") == "protected_target"
    assert not (tmp_path / "asset-tags.json").exists()


async def test_broken_tags_are_an_error_and_stay(tmp_path: Path) -> None:
    """Writing over them would lose what nobody has seen."""
    server = ours(tmp_path, site(tmp_path))
    (tmp_path / "asset-tags.json").write_text("{")
    envelope = await server.does("tag", asset="A-3", tag="x", reason="drill")

    assert part(envelope, "error", "code") == "tags_broken"
    assert (tmp_path / "asset-tags.json").read_text() == "{"


async def test_register_answers_beside_the_inventory(tmp_path: Path) -> None:
    """Authorised work stays where it was; what the files cannot serve is not there."""
    server = ours(tmp_path, site(tmp_path))

    assert (await server.asks("list_authorised_work", at="2026-03-01T00:00:00Z"))["status"] == "no_data"
    assert "assets_neighbours" not in server.server.tools
