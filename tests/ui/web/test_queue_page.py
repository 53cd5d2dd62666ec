"""The queue: rows, filters in the address, and what an empty one says."""

import re
from dataclasses import replace

import pytest

from tests.ui.web.conftest import Served
from tests.ui.web.test_markup import Read
from ui.web.filters import Filters


def rows(html: str) -> list[str]:
    """Ids of the cases that are shown."""
    return re.findall(r'class="title".*?<b>(C-\d+)</b>', html)


def test_a_row_says_in_words_what_its_colours_say(served: Served) -> None:
    """Priority, disposition, likelihood, status, age and due are read without seeing a colour."""
    text = Read(served.draw("queue", "lab").board("queue")).text

    for word in ("P1", "true positive", "%", "open", "min"):
        assert word in text


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ({}, True),
        ({"status": "waiting"}, True),
        ({"status": "closed"}, False),
        ({"priority": "P1"}, True),
        ({"priority": "P4"}, False),
        ({"disposition": "true_positive"}, True),
        ({"disposition": "false_positive"}, False),
        ({"mine": "1"}, False),
        ({"text": "c-1"}, True),
        ({"text": "no such thing"}, False),
        ({"priority": "nonsense", "from": "-3", "sort": "x"}, True),
    ],
)
def test_address_narrows_the_queue(served: Served, address: dict[str, str], shown: bool) -> None:
    """What is in the address is what is seen, so that it can be sent to somebody; nonsense narrows nothing."""
    html = served.draw("queue", "lab", **address).board("queue")

    assert rows(html) == (["C-1"] if shown else [])
    assert ("empty card" in html) is not shown


def test_filters_stay_while_another_is_chosen(served: Served) -> None:
    """A click on `Overdue` keeps the search and goes back to the first row."""
    html = served.draw("queue", "lab", text="C-", sort="due", **{"from": "50"}).board("queue")
    links = [attributes["href"] or "" for tag, attributes in Read(html).tags if tag == "a" and attributes.get("href")]

    overdue = next(link for link in links if "overdue=1" in link)

    assert "text=C-" in overdue
    assert "sort=due" in overdue
    assert "from=" not in overdue


def test_filters_are_read_back_as_they_were_written() -> None:
    """An address means the same to everybody."""
    filters = Filters(status="taken", priority="P2", disposition="needs_human", text="vpn & co", mine=True, start=100)

    assert Filters.read(filters.parameters()) == filters
    assert Filters.read(replace(filters, sort="due").parameters()).sort == "due"
    assert Filters().parameters() == {}


def test_search_does_not_become_markup(served: Served) -> None:
    """The search comes out of the address, and an address comes from anywhere."""
    html = served.draw("queue", "lab", text='"><script>alert(1)</script>').board("queue")

    assert "script" not in {tag for tag, _ in Read(html).tags}


def test_who_may_only_look_picks_nothing(served: Served) -> None:
    """No box, no button."""
    tags = Read(served.draw("queue", "lab", secret=served.viewer).board("queue")).tags

    assert not [attributes for _, attributes in tags if "data-pick" in attributes or "data-do" in attributes]


def test_a_site_without_alerts_is_told_how_to_send_one(served: Served) -> None:
    """An empty page says what to do next, with the address of this very service."""
    html = served.draw("queue", "site", status="closed").board("queue")
    assert "Show every case" in html

    with_nothing = Read(served.draw("queue", "site", text="zzz").board("queue")).text
    assert "No case fits" in with_nothing
