"""The table that says what reads and what changes."""

import pytest

from agent.errors import NameRefusedError, RegistryError
from agent.host.registry import bundled_registry, parse_registry
from agent.host.tools import check_server_name, split_name, usable_name


def test_what_nobody_registered_has_no_kind():
    """Unknown is destructive."""
    registry = bundled_registry()

    assert registry.rules("siem").kind("siem_search_events") == "read"
    assert registry.rules("firewall").kind("firewall_block_address") == "change"
    assert registry.rules("siem").kind("siem_delete_everything") is None
    assert registry.rules("stranger").kind("siem_search_events") is None


def test_no_tool_of_the_shipped_table_sounds_like_the_other_kind():
    """A slip in the table would open the read door to a change."""
    verbs = (
        "block",
        "unblock",
        "isolate",
        "release",
        "quarantine",
        "restore",
        "disable",
        "enable",
        "kill",
        "reload",
        "sinkhole",
        "unsinkhole",
        "add",
        "remove",
        "load",
        "send",
        "tag",
        "untag",
        "run",
        "collect",
        "apply",
        "create",
        "revoke",
        "set",
        "withdraw",
    )
    for rules in bundled_registry().servers.values():
        assert [name for name in rules.reads if name.split("_")[1] in verbs] == []
        assert [name for name in rules.changes if name.split("_")[1] not in verbs] == []


@pytest.mark.parametrize(
    "text, said",
    [
        ("siem: {reads: [a], changes: [a]}", "both as read and as change: a"),
        ("siem: {read: [a]}", "siem.read"),
        ("siem: [", "rules.yaml"),
        ("- a", "dictionary"),
    ],
)
def test_a_faulty_table_says_where_and_what(text, said):
    """It is edited by hand."""
    with pytest.raises(RegistryError, match=r"rules\.yaml") as caught:
        parse_registry(text, "rules.yaml")
    assert said in str(caught.value)


@pytest.mark.parametrize("name", ["", "a__b", "a_", "_a", "a b", "a.b", "ä", "a" * 33, "a\n"])
def test_server_names_that_would_make_full_names_ambiguous_are_refused(name):
    """`a_` with `b` and `a` with `_b` must not be the same tool."""
    with pytest.raises(NameRefusedError):
        check_server_name(name)


@pytest.mark.parametrize("server, tool", [("a", "b"), ("a-b", "_c__d"), ("my_siem", "x")])
def test_a_full_name_can_be_taken_apart_again(server, tool):
    """The first separator is the one."""
    assert split_name(f"{check_server_name(server)}__{tool}") == (server, tool)


def test_names_no_model_endpoint_takes_are_not_usable():
    """One bad name would make an endpoint refuse the whole tool list."""
    assert usable_name("siem__find")
    assert not usable_name("siem__find.all")
    assert not usable_name("siem__" + "x" * 60)
