"""Targets that no grant opens."""

from ipaddress import ip_network
from pathlib import Path

import pytest

from servers.errors import ToolError
from servers.kit import Protected
from servers.kit.machine import Machine, hops, this_machine

MACHINE = Machine(
    "soc1.corp.example",
    frozenset({"10.0.0.4", "2001:db8::4"}),
    frozenset({"10.0.0.1", "fe80::1"}),
    frozenset({"10.0.0.53"}),
)
FOUR = b"""[{"dst":"default","flags":[],"nexthops":[{"gateway":"10.0.0.2","dev":"eth0","weight":1,"flags":[]},
 {"via":{"family":"inet6","host":"2001:db8::fe"},"dev":"eth0","weight":1,"flags":[]}]},
 {"dst":"192.0.2.0/24","gateway":"10.0.0.3","dev":"eth0","table":"77","flags":[]},
 {"type":"local","dst":"10.0.0.4","dev":"eth0","table":"local","scope":"host","flags":[]}]"""
"""As `ip -j -4 route show table all` prints it."""
PROTECTED = Protected(
    addresses=(ip_network("192.0.2.0/28"),),
    accounts=("breakglass*", "svc-backup", "CORP\\svc-sync", "svc-mail@corp.example", "*@admin.example"),
    hosts=("dc?", "jump.corp.example", "*.vault.example"),
    domains=("corp.example", "*.firma.example", "b\u00fccher.example", "stra\u00dfe.example"),
    machine=lambda: MACHINE,
)


@pytest.mark.parametrize(
    ("target", "guards"),
    [
        ("203.0.113.9", []),
        ("203.0.113.0/24", []),
        ("203.0.112.0/23", ["wide_prefix"]),
        ("0.0.0.0/0", ["wide_prefix", "special_address", "protected_address", "own_address", "gateway", "name_server"]),
        ("2001:db8:1::/64", []),
        ("2001:db8:1::/63", ["wide_prefix"]),
        ("::ffff:0:0/90", ["wide_prefix"]),
        ("::ffff:192.0.2.7", ["protected_address"]),
        ("127.0.0.1", ["special_address"]),
        ("::1", ["special_address"]),
        ("0.0.0.0", ["special_address"]),
        ("224.0.0.251", ["special_address"]),
        ("ff02::1", ["special_address"]),
        ("192.0.2.7", ["protected_address"]),
        ("192.0.2.0/24", ["protected_address"]),
        ("10.0.0.4", ["own_address"]),
        ("::ffff:10.0.0.4", ["own_address"]),
        ("::ffff:10.0.0.1/128", ["gateway"]),
        ("2001:db8::4", ["own_address"]),
        ("10.0.0.1", ["gateway"]),
        ("10.0.0.53", ["name_server"]),
        ("10.0.0.0/24", ["own_address", "gateway", "name_server"]),
        (" 10.0.0.1 ", ["gateway"]),
        ("255.255.255.255", ["special_address"]),
        ("255.255.255.0/24", ["special_address"]),
        ("64:ff9b::10.0.0.4", ["own_address"]),
        ("64:ff9b::192.0.2.0/124", ["protected_address"]),
        ("64:ff9b::203.0.113.9", []),
        (
            "64:ff9b::/64",
            ["wide_prefix", "special_address", "protected_address", "own_address", "gateway", "name_server"],
        ),
        ("64:ff9b::127.0.0.1", ["special_address"]),
        ("2002:a00:1::1", ["gateway"]),
        ("2002:a00:35::/64", ["name_server"]),
        ("2002:cb00:7109::1", []),
        ("2001:0:a00:35:0:ffff:34ff:8ef6", ["name_server"]),
        ("2001:0:cb00:7109:8000:63bf:f5ff:fffb", ["own_address"]),
        ("2001:0:cb00:7109:8000:63bf:34ff:8ef6", []),
        ("64:ff9b:1::192.0.2.7", ["protected_address"]),
        ("64:ff9b:1:c000:2:700::", ["protected_address"]),
        ("64:ff9b:1:c0:0:207::", ["protected_address"]),
        ("64:ff9b:1:0:c0:2:700:0", ["protected_address"]),
        ("64:ff9b:1::203.0.113.9", []),
        ("64:ff9b:1:abcd::203.0.113.9", []),
        ("::192.0.2.7", ["protected_address"]),
        ("::192.0.2.0/124", ["protected_address"]),
        ("::203.0.113.9", []),
        ("::ffff:0:192.0.2.7", ["protected_address"]),
        ("10.0.0.1; flush ruleset", ["not_an_address"]),
        ("", ["not_an_address"]),
    ],
)
def test_addresses_that_would_cut_us_off_are_never_a_target(target: str, guards: list[str]) -> None:
    """The management address inside a network, or written in another form, is still the management address."""
    assert [hit.guard for hit in PROTECTED.address(target)] == guards


@pytest.mark.parametrize(
    ("name", "hit"),
    [
        ("breakglass1", True),
        ("CORP\\BreakGlass1", True),
        ("breakglass1@corp.example", True),
        ("svc-backup", True),
        ("svc-backup2", False),
        (" svc-backup ", True),
        ("\uff53vc-backup", True),
        ("svc-sync", True),
        ("svc-sync@corp.example", True),
        ("CORP\\svc-mail", True),
        ("root@admin.example", True),
        ("jdoe", False),
    ],
)
def test_break_glass_accounts_are_never_a_target_however_they_are_written(name: str, hit: bool) -> None:
    """They are what is left when everything else is locked."""
    assert bool(PROTECTED.account(name)) is hit


@pytest.mark.parametrize(
    ("name", "guards"),
    [
        ("dc1", ["protected_host"]),
        ("DC2.corp.example", ["protected_host"]),
        ("dc10", []),
        ("jump.corp.example", ["protected_host"]),
        ("jump.corp.example.", ["protected_host"]),
        ("Jump", ["protected_host"]),
        ("jump.elsewhere.example", []),
        ("a.vault.example", ["protected_host"]),
        (" soc1. ", ["own_host"]),
        ("soc1", ["own_host"]),
        ("SOC1.corp.example", ["own_host"]),
        ("ws-17", []),
    ],
)
def test_named_hosts_and_this_machine_are_never_a_target(name: str, guards: list[str]) -> None:
    """Isolating the machine that isolates leaves nobody to release it."""
    assert [hit.guard for hit in PROTECTED.host(name)] == guards


@pytest.mark.parametrize(
    ("name", "guards"),
    [
        ("evil.test", []),
        ("corp.example", ["own_domain"]),
        ("mail.CORP.example.", ["own_domain"]),
        ("notcorp.example", []),
        ("mail.firma.example", ["own_domain"]),
        ("b\u00fccher.example", ["own_domain"]),
        ("mail.xn--bcher-kva.example", ["own_domain"]),
        ("xn--strae-oqa.example", ["own_domain"]),
        ("mail\u3002corp\u3002example", ["own_domain"]),
        ("example", ["top_level_domain", "own_domain"]),
        ("com", ["top_level_domain"]),
        ("co.uk", ["top_level_domain"]),
        ("10.in-addr.arpa", ["infrastructure_domain"]),
        ("4.0.0.10.IN-ADDR.arpa.", ["infrastructure_domain"]),
        ("8.b.d.0.1.0.0.2.ip6.arpa", ["infrastructure_domain"]),
        ("arpa", ["top_level_domain", "infrastructure_domain"]),
        ("arpa.evil.test", []),
        ("notarpa.test", []),
        ("", ["top_level_domain"]),
    ],
)
def test_own_domains_and_whole_registries_are_never_a_target(name: str, guards: list[str]) -> None:
    """A sinkhole one label too high takes the company's own mail with it."""
    assert [hit.guard for hit in PROTECTED.domain(name)] == guards


def test_machine_is_read_off_the_kernel_and_the_resolver(tmp_path: Path) -> None:
    """Nobody should have to list what the machine itself can tell."""
    (tmp_path / "fib_trie").write_text(
        "Main:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 0.0.0.0\n        /0 universe UNICAST\n"
        "     |-- 10.0.0.0\n        /24 link UNICAST\n     |-- 10.0.0.4\n        /32 host LOCAL\n"
    )
    (tmp_path / "if_inet6").write_text("20010db8000000000000000000000004 02 40 00 80 eth0\n")
    (tmp_path / "route").write_text(
        "Iface\tDestination\tGateway\tFlags\neth0\t00000000\t0100000A\t0003\neth0\t0000000A\t00000000\t0001\n"
    )
    zero, hop = "0" * 32, "fe80" + "0" * 27 + "1"
    (tmp_path / "ipv6_route").write_text(
        f"{zero} 00 {zero} 00 {hop} 0 0 0 0 eth0\n{hop} 80 {zero} 00 {zero} 0 0 0 0 lo\n"
    )
    (tmp_path / "resolv.conf").write_text(
        "# by hand\nsearch corp.example\nnameserver 10.0.0.53\nnameserver fe80::2%eth0\n"
    )
    listings = {"-4": FOUR, "-6": b""}
    machine = this_machine(
        tmp_path, (tmp_path / "resolv.conf", tmp_path / "none"), lambda asked: listings[str(asked[1])]
    )

    assert machine.addresses == {"10.0.0.4", "2001:db8::4"}
    assert machine.gateways == {"10.0.0.1", "fe80::1", "10.0.0.2", "10.0.0.3", "2001:db8::fe"}
    assert machine.name_servers == {"10.0.0.53", "fe80::2"}


@pytest.mark.parametrize("listing", [b"{}", b"[{", b'[{"nexthops": 7}]'])
def test_routes_that_cannot_be_read_are_an_error(listing: bytes) -> None:
    """A gateway that nobody can name would be one that may be blocked."""
    with pytest.raises(ToolError):
        hops(listing)


def test_this_very_machine_protects_itself() -> None:
    """On a real machine the sources are there and read without an error."""
    assert "127.0.0.1" in this_machine().addresses
    assert Protected(machine=this_machine).address("127.0.0.1")
