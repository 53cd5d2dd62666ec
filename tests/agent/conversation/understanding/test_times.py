"""Spans of time as people tell them, by a clock that stands on a Monday afternoon."""

from datetime import UTC, datetime, timedelta

import pytest

from agent.conversation.models import Window
from agent.conversation.understanding.plain import folded
from agent.conversation.understanding.times import window_of

NOW = datetime(2026, 3, 9, 14, 12, 30, tzinfo=UTC)
HOUR = Window(start=datetime(2026, 3, 9, 9, 0, tzinfo=UTC), end=datetime(2026, 3, 9, 10, 0, tzinfo=UTC))
YESTERDAY = Window(start=datetime(2026, 3, 8, tzinfo=UTC), end=datetime(2026, 3, 8, 23, 59, 59, tzinfo=UTC))


def told(text: str, before: Window | None = None) -> str:
    window = window_of(folded(text).lower(), NOW, before)
    return "" if window is None else f"{window.start:%m-%d %H:%M}..{window.end:%m-%d %H:%M}"


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("yesterday", "03-08 00:00..03-08 23:59"),
        ("today", "03-09 00:00..03-09 14:12"),
        ("yesterday 14:00", "03-08 13:30..03-08 15:00"),
        ("yesterday afternoon", "03-08 12:00..03-08 17:59"),
        ("last night", "03-08 18:00..03-08 23:59"),
        ("this morning", "03-09 06:00..03-09 11:59"),
        ("last Friday morning", "03-06 06:00..03-06 11:59"),
        ("two days ago", "03-07 00:00..03-07 23:59"),
        ("last week", "03-02 14:12..03-09 14:12"),
        ("last 3 hours", "03-09 11:12..03-09 14:12"),
        ("in the past hour", "03-09 13:12..03-09 14:12"),
        ("last 24h", "03-08 14:12..03-09 14:12"),
        ("past two days", "03-07 14:12..03-09 14:12"),
        ("ws-076 90 min", "03-09 12:42..03-09 14:12"),
        ("3 hours ago", "03-09 10:57..03-09 11:27"),
        ("between 9 and 11 on Nov 19", "11-19 09:00..11-19 11:00"),
        ("between 9:00 and 11:30", "03-09 09:00..03-09 11:30"),
        ("from 9am to 11am", "03-09 09:00..03-09 11:00"),
        ("9-11am yesterday", "03-08 09:00..03-08 11:00"),
        ("on the 8th of March between 1pm and 3pm", "03-08 13:00..03-08 15:00"),
        ("09:20-09:40", "03-09 09:20..03-09 09:40"),
        ("from 2026-03-08 22:00 to 02:00", "03-08 22:00..03-09 02:00"),
        ("between 2026-03-09T09:00Z and 2026-03-09T10:00Z", "03-09 09:00..03-09 10:00"),
        ("at 2pm yesterday", "03-08 13:30..03-08 15:00"),
        ("around 09:30", "03-09 09:00..03-09 10:00"),
        ("at 09:27", "03-09 09:12..03-09 09:42"),
        ("since 9am", "03-09 09:00..03-09 14:12"),
        ("since yesterday", "03-08 00:00..03-09 14:12"),
        ("before 10:00", "03-08 10:00..03-09 10:00"),
        ("14:00 beijing time", "03-09 05:30..03-09 07:00"),
        ("2026-03-09 14:00+08:00", "03-09 05:30..03-09 07:00"),
        ("昨天14点", "03-08 13:30..03-08 15:00"),
        ("昨天下午2点半", "03-08 14:15..03-08 14:45"),
        ("上周五上午", "03-06 06:00..03-06 11:59"),
        ("前天", "03-07 00:00..03-07 23:59"),
        ("3月8日", "03-08 00:00..03-08 23:59"),
        ("最近3小时", "03-09 11:12..03-09 14:12"),
        ("过去二十四小时", "03-08 14:12..03-09 14:12"),
        ("近一周", "03-02 14:12..03-09 14:12"),
        ("昨天9点到11点", "03-08 09:00..03-08 11:00"),
        ("昨天14:00到15:30之间", "03-08 14:00..03-08 15:30"),
        ("上午9点以后", "03-09 09:00..03-09 14:12"),
        ("今天凌晨2点", "03-09 01:30..03-09 03:00"),
        ("半小时前", "03-09 13:27..03-09 13:57"),
    ],
)
def test_a_time_becomes_a_span_by_the_clock_of_the_world(text: str, span: str) -> None:
    """Analysts type times as they speak, in both languages; a year that is not said is the last one."""
    assert told(text) == span


@pytest.mark.parametrize(
    ("text", "before", "span"),
    [
        ("and the day before?", HOUR, "03-08 09:00..03-08 10:00"),
        ("and the day before?", YESTERDAY, "03-07 00:00..03-07 23:59"),
        ("an hour earlier", HOUR, "03-09 08:00..03-09 09:00"),
        ("2 hours before", HOUR, "03-09 07:00..03-09 09:00"),
        ("the following hour", HOUR, "03-09 10:00..03-09 11:00"),
        ("after that", HOUR, "03-09 10:00..03-09 11:00"),
        ("before that", HOUR, "03-09 08:00..03-09 09:00"),
        ("at 14:00", YESTERDAY, "03-08 13:30..03-08 15:00"),
        ("between 3 and 5pm", YESTERDAY, "03-08 15:00..03-08 17:00"),
        ("前一天呢", HOUR, "03-08 09:00..03-08 10:00"),
        ("之后呢", HOUR, "03-09 10:00..03-09 11:00"),
        ("后一小时", HOUR, "03-09 10:00..03-09 11:00"),
    ],
)
def test_a_follow_up_counts_from_the_span_before(text: str, before: Window, span: str) -> None:
    """`And the day before?` is a whole question once a day was talked about."""
    assert told(text, before) == span


@pytest.mark.parametrize(
    "text",
    ["what did ws-076 do", "10.20.1.5", "t1059.001", "show the last 5 events", "c-10", "top 10 hosts", "端口445"],
)
def test_numbers_that_are_no_time_give_no_span(text: str) -> None:
    """An address or a count read as a time would silently narrow the search."""
    assert told(text) == ""


def test_a_span_never_reaches_past_the_clock() -> None:
    """Coverage is asked for the span: time that has not been would count as blind."""
    window = window_of("today", NOW)
    assert window is not None
    assert window.end <= NOW
    assert window.end - window.start < timedelta(days=1)
