"""Names of things in one lab, so that a question can be written before anybody knows them.

`{spray.source}` is the source address of the story with the nickname `spray`; `{desk:3}` the fourth ordinary desk that
plays in no story; a filter behind a bar writes the name as people type it: `{spray.source|defang}`.
"""

import re
from collections.abc import Callable, Mapping

from evals.errors import DataBrokenError
from evals.suites.chat_lab import LabFile, Story
from evals.suites.chat_tables import Argument

_SLOT = re.compile(r"\{([a-z_0-9]+)(?:\.([a-z_0-9]+)|:(\d+))(?:\|([a-z0-9]+))?\}")
_LEFT = re.compile(r"\{[a-z][^{}]*\}")
_FIELDS: Mapping[str, tuple[str, ...]] = {
    "host": ("host.name",),
    "host_ip": ("host.ip",),
    "user": ("user.name",),
    "source": ("source.ip",),
    "country": ("source.country",),
    "sha256": ("file.hash.sha256", "process.hash.sha256"),
    "file": ("file.name",),
    "program": ("process.executable", "file.path"),
    "domain": ("dns.question.registered_domain",),
    "url": ("url.full",),
    "service": ("service.name",),
    "key": ("cloud.access_key",),
    "share": ("file.share",),
    "session": ("session.id",),
    "time": ("@timestamp",),
    "title": ("kibana.alert.rule.name",),
}
"""Attribute of a story to the fields of its alert that may hold it."""
_PICKS: Mapping[str, str] = {
    "desk": "SELECT name FROM hosts WHERE name GLOB 'ws-*' AND owner IS NOT NULL ORDER BY name",
    "server": "SELECT name FROM hosts WHERE name GLOB 'app-*' OR name GLOB 'db-*' ORDER BY name",
    "controller": "SELECT name FROM hosts WHERE kind = 'domain_controller' ORDER BY name",
    "gateway": "SELECT name FROM hosts WHERE agent_installed = 0 AND kind = 'vpn' ORDER BY name",
    "collector": "SELECT name FROM hosts WHERE agent_installed = 0 AND zone = 'cloud' ORDER BY name",
    "user": "SELECT name FROM accounts WHERE kind = 'user' ORDER BY name",
    "admin": "SELECT name FROM accounts WHERE kind = 'admin' ORDER BY name",
    "service": "SELECT name FROM accounts WHERE kind = 'service' ORDER BY name",
    "stranger": """SELECT src_ip FROM events WHERE source = 'firewall' AND src_ip GLOB '198.18.20*'
                   GROUP BY src_ip HAVING count(*) BETWEEN 12 AND 60 ORDER BY src_ip""",
    "unseen": """SELECT ip FROM addresses a WHERE meaning = 'residential' AND NOT EXISTS
                 (SELECT 1 FROM events WHERE src_ip = a.ip) AND NOT EXISTS (SELECT 1 FROM events WHERE dst_ip = a.ip)
                 AND ip NOT IN (SELECT indicator FROM intel) ORDER BY ip""",
    "partner": "SELECT ip FROM addresses WHERE meaning = 'partner' ORDER BY ip",
    "known_file": "SELECT sha256 FROM known_files ORDER BY sha256",
    "known_domain": "SELECT domain FROM known_domains WHERE reason = 'service in daily use' ORDER BY domain",
    "bad_hash": "SELECT indicator FROM intel WHERE type = 'sha256' AND verdict = 'malicious' ORDER BY indicator",
    "bad_domain": "SELECT indicator FROM intel WHERE type = 'domain' AND verdict = 'malicious' ORDER BY indicator",
    "bad_address": "SELECT indicator FROM intel WHERE type = 'address' AND verdict = 'malicious' ORDER BY indicator",
    "namesake": """SELECT substr(name, 3) FROM accounts WHERE kind = 'user' GROUP BY 1 HAVING count(*) BETWEEN 2 AND 3
                   AND NOT EXISTS (SELECT 1 FROM accounts o WHERE instr(o.name, substr(accounts.name, 3))
                   AND o.kind <> 'user') ORDER BY 1""",
    "busy": """SELECT DISTINCT named.value FROM work, json_each(work.hosts) named, meta WHERE meta.key = 'now'
               AND window_start <= CAST(meta.value AS INTEGER) AND window_end >= CAST(meta.value AS INTEGER)
               AND revoked = 0 ORDER BY named.value""",
    "idle": """SELECT name FROM hosts WHERE name GLOB 'app-*' AND NOT EXISTS
               (SELECT 1 FROM work WHERE instr(work.hosts, '"' || hosts.name || '"')) ORDER BY name""",
}
"""Kinds of ordinary things, in a fixed order."""
_FILTERS: Mapping[str, Callable[[str], str]] = {
    "defang": lambda name: name.replace(".", "[.]").replace("http", "hxxp"),
    "dots": lambda name: name.replace(".", "(dot)").replace("http", "hxxp"),
    "upper": str.upper,
    "tail": lambda name: name.partition("-")[2] or name.rpartition(".")[2],
    "last": lambda name: name.split(".")[1] if "." in name else name,
    "typo": lambda name: name[:-3] + name[-2] + name[-3] + name[-1],
    "short": lambda name: name[:12],
    "domain": lambda name: f"HALDEN\\{name}",
    "wide": lambda name: name.translate({code: code + 0xFEE0 for code in range(0x21, 0x7F)}),
    "day": lambda name: name[:10],
    "minute": lambda name: name[11:16],
    "lower": str.lower,
}


class Cast:
    """Who is who in one lab. `cases` is filled in once the stories' alerts have become cases."""

    def __init__(self, lab: LabFile, stories: Mapping[str, Story]) -> None:
        self._lab = lab
        self.stories = stories
        self.cases: dict[str, str] = {}
        self._taken = {story.alert.get(field, "") for story in stories.values() for field in ("host.name", "user.name")}
        self._picked: dict[str, tuple[str, ...]] = {}

    def fill(self, text: str) -> str:
        """The text with every slot filled. Raises: DataBrokenError for a slot this lab has nothing for."""
        filled = _SLOT.sub(self._slot, text)
        if left := _LEFT.search(filled):
            raise DataBrokenError(f"{left[0]} is no slot")
        return filled

    def argument(self, argument: Argument) -> Argument:
        """An argument of a truth with every slot filled. Raises: as `fill`."""
        if isinstance(argument, dict):
            return {name: self.fill(value) for name, value in argument.items()}
        return [self.fill(value) for value in argument] if isinstance(argument, list) else self.fill(argument)

    def nickname(self, case_id: str) -> str | None:
        """The story a case was made of."""
        return next((name for name, case in self.cases.items() if case == case_id), None)

    def _slot(self, found: re.Match[str]) -> str:
        name, attribute, number, written = found.groups()
        value = self._of_story(name, attribute) if number is None else self._pick(name, int(number))
        if written is None:
            return value
        if (change := _FILTERS.get(written)) is None:
            raise DataBrokenError(f"{found[0]}: there is no filter {written!r}")
        return change(value)

    def _of_story(self, nickname: str, attribute: str) -> str:
        if (story := self.stories.get(nickname)) is None:
            raise DataBrokenError(f"no story is called {nickname!r} here; there are {', '.join(self.stories)}")
        if attribute == "case":
            return self.cases[nickname]
        if attribute == "alert":
            return story.alert_id
        if attribute == "victim":
            return next((target for kind, target in story.indicators if kind == "disable_account"), "")
        if attribute == "email":
            sql = "SELECT p.email FROM people p JOIN accounts a ON a.person = p.id WHERE a.name = ?"
            return next(iter(self._lab.names(sql, story.alert["user.name"])), "")
        found = (story.alert[field] for field in _FIELDS.get(attribute, ()) if field in story.alert)
        if (value := next(found, None)) is None:
            raise DataBrokenError(f"the alert of {nickname!r} has no {attribute!r}")
        return value

    def _pick(self, kind: str, number: int) -> str:
        if kind not in self._picked:
            if kind not in _PICKS:
                raise DataBrokenError(f"nothing is picked by the name {kind!r}; there are {', '.join(_PICKS)}")
            self._picked[kind] = tuple(name for name in self._lab.names(_PICKS[kind]) if name not in self._taken)
        names = self._picked[kind]
        if number >= len(names):
            raise DataBrokenError(f"this lab has {len(names)} of {kind!r}, not {number + 1}")
        return names[number]
