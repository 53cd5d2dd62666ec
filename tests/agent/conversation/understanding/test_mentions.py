"""What a question names by its shape."""

import pytest

from agent.conversation.understanding.filters import filters_of
from agent.conversation.understanding.mentions import mentions, ordered
from agent.conversation.understanding.plain import folded
from agent.conversation.understanding.words import load_words

HASH = "dec900f533112053cfa523ede696ff3903f972c0d31eb7b68b742d5aa31dd6b0"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("what happened in C-3?", ["case C-3"]),
        ("case 3 and incident #4", ["case C-3", "case C-4"]),
        ("c10", ["case C-10"]),
        ("案件3发生了什么", ["case C-3"]),
        ("show E12 of C-3", ["evidence E12", "case C-3"]),
        ("证据5", ["evidence E5"]),
        ("is 198.18.22.67:443 bad", ["address 198.18.22.67"]),
        ("哪些主机访问过198.18.22.67", ["address 198.18.22.67"]),
        ("2001:0db8:0::1", ["address 2001:db8::1"]),
        (HASH.upper(), [f"sha256 {HASH}"]),
        ("t1059.001是什么", ["technique T1059.001"]),
        ("CORP\\x.silva signed in", ["account x.silva"]),
        ("mail of Omar.Gupta@halden.example", ["account omar.gupta@halden.example"]),
        ("https://evil.example/a?b=c。", ["url https://evil.example/a?b=c"]),
        ("alert d9fbffe5-cb65-2030-7d4a-12e497aecbd4", ["alert d9fbffe5-cb65-2030-7d4a-12e497aecbd4"]),
    ],
)
def test_indicators_and_ids_are_found_by_their_shape(text: str, named: list[str]) -> None:
    """These need no look-up and have one spelling however they were typed."""
    assert [f"{entity.type} {entity.value}" for entity in ordered(mentions(folded(text)).found)] == named


@pytest.mark.parametrize("text", ["the c2 server", "at 14:00:30", "version 1.2.3", "300.1.1.1", "p1 alerts", "top 10"])
def test_what_only_looks_like_an_indicator_is_not_one(text: str) -> None:
    """`C2` is command and control, not a case; a time is no IPv6 address."""
    assert mentions(folded(text)).found == []


def test_shapes_that_need_a_look_are_kept_apart() -> None:
    """A dotted word may be a domain, a host or an account; only a look-up tells."""
    found = mentions("did o.gupta on ws-076 run granite.ps1 from evil.example as svc-umber, hash 51c6ff4b2822")
    assert [word for word, _ in found.dotted] == ["o.gupta", "evil.example"]
    assert [word for word, _ in found.hosts] == ["ws-076"]
    assert [word for word, _ in found.accounts] == ["svc-umber"]
    assert [word for word, _ in found.files] == ["granite.ps1"]
    assert [word for word, _ in found.hash_parts] == ["51c6ff4b2822"]


@pytest.mark.parametrize(
    ("text", "filters"),
    [
        ("events where event.action = service_installed", {"event.action": "service_installed"}),
        ("user=o.gupta action=logon", {"user.name": "o.gupta", "event.action": "logon"}),
        ('process.command_line contains "delete shadows"', {"process.command_line": "*delete shadows*"}),
        ("where image is powershell.exe", {"process.executable": "*powershell.exe"}),
        ("events with destination.port: 445", {"destination.port": "445"}),
        ("traffic on port 445 from ws-085", {"destination.port": "445"}),
        ("source.ip = 10.20.* and event.outcome = failure", {"source.ip": "10.20.*", "event.outcome": "failure"}),
        ("查找user.name=o.gupta的事件", {"user.name": "o.gupta"}),
        ("用户名：x.silva 的记录", {"user.name": "x.silva"}),
        ("host.nme = ws-1", {"host.nme": "ws-1"}),
        ("which user is affected", {}),
        ("at 14:00 the host did what", {}),
    ],
)
def test_fields_with_values_become_filters(text: str, filters: dict[str, str]) -> None:
    """Fields go by their ECS name or by what people call them; an unknown one goes through, for the tool to refuse."""
    assert filters_of(folded(text), load_words()).filters == filters
