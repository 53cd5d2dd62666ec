"""Sign-ins of the directory and the cloud, whether they succeeded or not, as one query."""

import json
from dataclasses import dataclass
from datetime import datetime
from sqlite3 import Connection

from servers.kit.answer import bad_cursor
from servers.lab.records import JsonObject, to_ms

SENSORS = ["idp", "dc-security"]
"""Sensors that see sign-ins: the cloud's identity provider and the domain controllers."""


@dataclass(frozen=True, slots=True)
class Found:
    """A page of sign-ins, and totals over everything that matches."""

    events: tuple[JsonObject, ...]
    more: bool
    total: int
    failures: int
    successes: int
    accounts: int


_SQL = """
WITH hits AS (
  SELECT time, id, outcome, fields,
    coalesce(user, json_extract(fields, '$."user.target.name"'), json_extract(fields, '$."user.attempted_name"')) AS who
  FROM events
  WHERE +time BETWEEN :start AND :end AND +category = 'authentication' AND source IN ('idp', 'dc-security')
    AND (:ip IS NULL OR src_ip = :ip)
    AND (:account IS NULL OR user = :account OR seq IN (
      SELECT seq FROM terms WHERE field IN ('user.target.name', 'user.attempted_name') AND value = :account
      AND +time BETWEEN :start AND :end))),
page AS (SELECT time, id, fields FROM hits WHERE (time, id) > (:after, :after_id) ORDER BY time, id LIMIT :limit),
sums AS (
  SELECT count(*) AS total, coalesce(sum(outcome = 'failure'), 0) AS failures,
    coalesce(sum(outcome = 'success'), 0) AS successes, count(DISTINCT who) AS accounts FROM hits)
SELECT total, failures, successes, accounts, fields FROM sums LEFT JOIN page ON 1 ORDER BY time, id
"""


def sign_ins(
    db: Connection,
    *,
    account: str | None,
    source_ip: str | None,
    start: datetime,
    end: datetime,
    limit: int,
    cursor: str | None,
) -> Found:
    """Sign-ins of an account (its own and those attempted at it), from an address, or both; earliest first.

    Raises: ToolError for a cursor that is none."""
    after, after_id = _position(cursor)
    named = {"account": account, "ip": source_ip, "start": to_ms(start), "end": to_ms(end)}
    rows = db.execute(_SQL, {**named, "after": after, "after_id": after_id, "limit": limit + 1}).fetchall()
    events = tuple(json.loads(row[4]) for row in rows if row[4] is not None)
    total, failures, successes, accounts = (int(value) for value in rows[0][:4])
    return Found(events[:limit], len(events) > limit, total, failures, successes, accounts)


def _position(cursor: str | None) -> tuple[int, str]:
    if cursor is None:
        return -1, ""
    time, _, event = cursor.partition(":")
    if not time.isdecimal() or not event:
        raise bad_cursor()
    return int(time), event
