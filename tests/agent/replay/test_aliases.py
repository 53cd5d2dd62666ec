"""Names replaced by others of their shape: the same one everywhere, and nothing that a reading goes by is lost."""

import base64
import ipaddress
import json
import re

import pytest

from agent.models import Case
from agent.replay.aliases.addresses import Addresses
from agent.replay.aliases.aliases import Aliases
from agent.replay.aliases.learning import Names, kind_of
from agent.replay.aliases.shapes import Shapes
from agent.replay.rewriting import rewritten
from agent.replay.stored import open_stored

KEY = b"a key for tests"


def aliases(*, outsiders: bool = False, **found: set[str]) -> Aliases:
    return Aliases(Names({name: set(values) for name, values in found.items()}), outsiders=outsiders, key=KEY)


def test_name_is_the_same_alias_in_path_share_account_and_sentence() -> None:
    """Bound values and literals only go on matching when every spelling changes alike."""
    renamed = aliases(host={"ws-029"}, account={"m.ndlovu"}, organisation={"HALDEN"}, domain={"halden.example"})
    host, account = renamed.text("ws-029"), renamed.text("m.ndlovu")

    assert renamed.text(r"\\WS-029\c$").lower() == rf"\\{host}\c$"
    assert renamed.text(r"C:\Users\m.ndlovu\x.exe") == rf"C:\Users\{account}\x.exe"
    assert renamed.text(r"HALDEN\m.ndlovu") == rf"{renamed.text('HALDEN')}\{account}"
    assert renamed.text("ws-029.halden.example is up") == f"{host}.{renamed.text('halden.example')} is up"
    assert renamed.text("halden.example").split(".")[0] == renamed.text("HALDEN").lower()
    assert renamed.text("ws-0291 m.ndlovux") == "ws-0291 m.ndlovux"


def test_alias_keeps_what_readers_go_by() -> None:
    """A service account stays one, a domain controller too; an administrator's number and a hash's length as well."""
    renamed = aliases(
        outsiders=True, host={"dc-04"}, account={"svc-umber", "t.esposito.adm"}, outside={"x.birch.example"}
    )

    assert re.fullmatch(r"dc-[a-z]{2}", renamed.text("dc-04"))
    assert re.fullmatch(r"svc-[a-z]{5}", renamed.text("svc-umber"))
    assert re.fullmatch(r"[a-z]\.[a-z]{8}\.adm", renamed.text("t.esposito.adm"))
    assert renamed.text("S-1-5-21-1-2-3-500").endswith("-500")
    assert not renamed.text("S-1-5-21-1-2-3-1203").endswith("-1203")
    assert renamed.text("S-1-5-18") == "S-1-5-18"
    assert re.fullmatch(r"[0-9a-f]{64}", renamed.text("ab" * 32))
    assert renamed.text("ab" * 32) != "ab" * 32
    assert re.fullmatch(r"[a-z]+\.example", renamed.text("birch.example"))
    assert renamed.text("02:fb:75:58:69:e4").startswith("02:fb:75:")


def test_addresses_stay_inside_or_outside_and_neighbours_stay_neighbours() -> None:
    """Direction by home networks and questions about one network would change their answers otherwise."""
    moved = Addresses(Shapes(KEY), frozenset(), outsiders=False).alias

    assert ipaddress.ip_address(moved("10.20.0.88")) in ipaddress.ip_network("10.0.0.0/8")
    assert moved("10.20.0.88").rpartition(".")[0] == moved("10.20.0.49").rpartition(".")[0]
    assert moved("192.168.3.4").startswith("192.168.")
    assert moved("10.20.0.0/16").endswith(".0.0/16")
    assert moved("203.0.113.9") == "203.0.113.9"
    assert {moved(text) for text in ("127.0.0.1", "169.254.169.254", "255.255.255.255", "::1")} == {
        "127.0.0.1", "169.254.169.254", "255.255.255.255", "::1",
    }  # fmt: skip


@pytest.mark.parametrize("text", ["8.8.8.8", "198.51.100.7", "2001:db8::7", "2606:4700::1111"])
def test_outsiders_address_stays_of_its_kind_when_it_changes(text: str) -> None:
    """A public address that became a private one would be another direction."""
    moved = Addresses(Shapes(KEY), frozenset(), outsiders=True).alias(text)

    before, after = ipaddress.ip_address(text), ipaddress.ip_address(moved)
    assert before != after
    assert (before.is_private, before.is_global, before.version) == (after.is_private, after.is_global, after.version)


def test_no_two_names_share_an_alias_and_another_key_gives_others() -> None:
    """Two hosts that became one would merge their evidence; one key for all would be a table to look names up in."""
    names = [f"ws-{number:03d}" for number in range(400)]
    shapes, others = Shapes(KEY), Shapes(b"another")

    drawn = [shapes.name(name) for name in names]

    assert len(set(drawn)) == len(names)
    assert sum(first == others.name(name) for first, name in zip(drawn, names, strict=True)) < 10
    assert not set(drawn) & set(names)


def test_id_of_zeros_ends_the_search_for_an_alias() -> None:
    """No other figure is drawn for a zero, so that a nil id stays nil."""
    assert Shapes(KEY).identifier("00000000-0000-0000-0000-000000000000") == "00000000-0000-0000-0000-000000000000"


def test_names_inside_an_encoded_command_are_replaced_too() -> None:
    """Base64 hides nothing from who decodes it."""
    renamed = aliases(account={"m.ndlovu"})
    hidden = base64.b64encode("type C:\\Users\\m.ndlovu\\list.txt".encode("utf-16-le")).decode()

    text = renamed.text(f"powershell -enc {hidden}").removeprefix("powershell -enc ")

    assert "ndlovu" not in base64.b64decode(text).decode("utf-16-le")
    assert renamed.text("powershell -enc " + "QUJD" * 9).endswith("QUJD" * 9)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        (("events", "host.name"), "host"),
        (("data", "win", "eventdata", "targetUserName"), "account"),
        (("asset", "owner"), "person"),
        (("network", "owner"), "seen"),
        (("http", "hostname"), "seen"),
        (("work", "approver"), "person"),
        (("process", "executable"), None),
    ],
)
def test_members_tell_what_they_name(path: tuple[str, ...], kind: str | None) -> None:
    """An outsider's network and a web server asked for are nobody's names of ours."""
    assert kind_of(path) == kind


@pytest.mark.parametrize("outsiders", [False, True])
def test_no_name_of_the_enterprise_is_left(lab_cases: tuple[Case, ...], outsiders: bool) -> None:
    """People, accounts, hosts and their ids, also those that only stand in a sentence or a path."""
    for case in lab_cases:
        stored = open_stored(case)
        renamed = Aliases.for_stored(stored, outsiders=outsiders)
        other = rewritten(stored, renamed.value)
        said = json.dumps([other.alert.model_dump(mode="json"), *(i.model_dump(mode="json") for i in other.answers)])

        assert renamed.count > 5
        assert renamed.left_in(said) == ()
        assert "halden" not in said.lower()
