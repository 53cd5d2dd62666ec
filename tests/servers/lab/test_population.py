"""The enterprise is large and untidy enough to hide in."""

from datetime import timedelta

from servers.lab.background import calendar
from servers.lab.casting import deal
from servers.lab.population import build
from servers.lab.queries import events
from servers.lab.records import to_ms
from servers.lab.register import ordinary_work
from servers.lab.stories.families import FAMILIES
from servers.lab.world import Lab


def count(lab: Lab, table: str) -> int:
    return int(lab.db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def test_enterprise_has_the_size_asked_for(full: Lab) -> None:
    """Fifty stories need room, and a baseline needs people."""
    assert count(full, "people") >= 120
    assert count(full, "hosts") >= 180
    assert count(full, "work") >= 60
    assert count(full, "alerts") == 50


def test_background_alone_fills_the_week(full: Lab) -> None:
    """At least 30,000 ordinary events over seven days from every sensor."""
    day = timedelta(days=1)
    assert count(full, "events") > 45_000
    for number in range(7):
        page = events.search_events(full.db, start=full.now() - day * (number + 1), end=full.now() - day * number)
        assert page.total > 3_000
    assert {row[0] for row in full.db.execute("SELECT DISTINCT source FROM events")} == {
        row[0] for row in full.db.execute("SELECT name FROM sensors")
    }


def test_days_have_a_rhythm(full: Lab) -> None:
    """Nobody works at four in the morning as at ten, nor on Sunday as on Tuesday."""
    hours = dict(
        full.db.execute("SELECT time / 3600000 % 24, count(*) FROM events WHERE source = 'proxy' GROUP BY 1").fetchall()
    )
    assert hours[9] > 5 * hours.get(3, 0)
    weekdays = dict(
        full.db.execute("SELECT time / 86400000 % 7, count(*) FROM events WHERE source = 'proxy' GROUP BY 1").fetchall()
    )
    assert max(weekdays.values()) > 8 * min(weekdays.values())


def test_no_two_stories_share_a_part() -> None:
    """Cross-talk between stories would make one story's evidence another's."""
    for seed in (1, 2, 3):
        used: list[str] = []
        for cast in deal(seed).casts.values():
            named = (cast.gateway, cast.server, cast.service, cast.admin, *cast.accounts, *cast.desks)
            used += [part.name for part in named if part is not None]
            used += [address.ip for address in cast.addresses]
            used += cast.domains
        assert len(used) == len(set(used))
        assert len(deal(seed).casts) == 5 * len(FAMILIES)


def test_ordinary_life_knows_nothing_of_the_stories(full: Lab) -> None:
    """A story's addresses and domains appear in its own events only, and ordinary work names none of its parts."""
    casting, parts, outside = deal(full.seed), set[str](), set[str]()
    for cast in casting.casts.values():
        parts |= {host.name for host in (*cast.desks, cast.server, cast.gateway) if host}
        parts |= {account.name for account in (*cast.accounts, cast.admin, cast.service) if account}
        outside |= {address.ip for address in cast.addresses} | set(cast.domains)

    for entry in ordinary_work(build(full.seed)):
        assert parts.isdisjoint((*entry.hosts, *entry.accounts))
        assert outside.isdisjoint(entry.source_addresses)
    start = to_ms(full.now() - timedelta(days=7))
    for _, event in calendar.between(full.seed, start, to_ms(full.now())):
        assert outside.isdisjoint(str(value) for value in event.fields.values())
