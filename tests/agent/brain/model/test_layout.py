"""How rows become lines: nothing that was asked for is half of a first row."""

from agent.brain.endpoint.names import Names
from agent.brain.model.layout import Layout
from agent.brain.model.writing import Pen
from agent.conversation.model.facts import Row

LAYOUT = Layout(Pen(Names(hidden=False)))


def test_what_rows_share_is_said_once() -> None:
    """The second row of two is as near as the first."""
    rows = [Row("$.events[0]", {"user": "a", "api": "Read"}), Row("$.events[1]", {"user": "a", "api": "New-Rule"})]

    shown = LAYOUT.shown(rows, 400)

    assert shown.lines == ("  $.events[*] all 2: user=a", "  $.events[0] api=Read", "  $.events[1] api=New-Rule")
    assert shown.left == 0


def test_many_rows_are_told_field_by_field() -> None:
    """Eighteen connections are one program and two ports, not one connection and 17 more rows."""
    rows = [
        Row(f"$.c[{n}]", {"exe": "sensor.exe", "port": 53 if n else 443, "@timestamp": f"2026-03-09T05:{n:02d}:00Z"})
        for n in range(18)
    ]

    shown = LAYOUT.shown(rows, 200)

    assert shown.lines == (
        "  $.c[*] 18 rows: exe=sensor.exe; port=53 x17, 443; @timestamp=2026-03-09T05:00:00Z to 2026-03-09T05:17:00Z",
    )


def test_few_long_rows_keep_what_belongs_together() -> None:
    """Which address did what is lost where each field is told by itself."""
    rows = [Row(f"$.e[{n}]", {"ip": f"10.0.0.{n}", "note": "x" * 90, "api": f"Call{n}"}) for n in range(3)]

    lines = LAYOUT.shown([*rows[:2], Row("$.e[2]", {"ip": "10.0.0.2", "note": "y" * 90, "api": "Call2"})], 200).lines

    assert [line.strip() for line in lines] == [f"$.e[{n}] ip=10.0.0.{n}; api=Call{n}; …" for n in range(3)]


def test_what_is_too_long_does_not_keep_out_what_follows() -> None:
    """A command line of a page is no reason to leave out the name of the program."""
    row = Row("$", {"first": "a", "long": "x" * 120, "last": "b"})

    assert LAYOUT.shown([row], 60).lines == ("  $ first=a; last=b; …",)


def test_groups_of_a_count_always_have_their_keys() -> None:
    """A number without what was counted is a riddle."""
    rows = [Row(f"$.buckets[{n}]", {"count": 9 - n, "key.host.name": f"ws-{n}"}) for n in range(5)]

    shown = LAYOUT.shown(rows, 70)

    assert shown.lines == ("  $.buckets[*] count by key.host.name: 9 ws-0; 8 ws-1; 7 ws-2; 6 ws-3",)
    assert shown.left == 1


def test_a_value_of_an_outsider_keeps_its_mark_in_every_form() -> None:
    """Told together with others it is still not attested."""
    rows = [Row(f"$.e[{n}]", {"agent": "curl" if n else "x" * 150}, ["agent"]) for n in range(9)]

    (line,) = LAYOUT.shown(rows, 100).lines

    assert line.startswith('  $.e[*] 9 rows: agent=~"curl" x8, ~"xxx')
