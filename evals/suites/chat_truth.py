"""What is true of one lab, for each kind of question: the lab's tables and our case store, read directly.

Every truth is a function of `Books` and of what the question names; the tables of the suite call it by its name in
`TRUTHS`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pydantic import JsonValue

from agent.cases import CaseStore
from agent.cases.queries import CaseQuery
from agent.models import Case, Verdict
from evals.errors import DataBrokenError
from evals.suites.chat_cast import Cast
from evals.suites.chat_expected import Expected, Flag, Moment, Some, Value, each, fact, text
from evals.suites.chat_lab import Blind, LabFile, Window, from_ms, to_ms
from evals.suites.chat_tables import Argument

PRIVILEGED = Flag(
    True, ("privileged", "特权"), ("not privileged", "unprivileged", "no privilege", "非特权", "不是特权")
)
ENABLED = Flag(True, ("enabled", "active", "启用"), ("disabled", "not enabled", "停用", "禁用"))
MFA = Flag(True, ("mfa", "multi-factor", "多因素"), ("no mfa", "without mfa", "not registered for mfa", "未启用"))
_WORDS: Mapping[str, tuple[str, ...]] = {
    "true_positive": ("true_positive", "true positive", "真阳性"),
    "benign_true_positive": ("benign_true_positive", "benign true positive", "良性真阳性"),
    "false_positive": ("false_positive", "false positive", "误报"),
    "needs_human": ("needs_human", "needs a human", "needs human", "需要人工", "需人工", "人工"),
    "critical": ("critical", "严重", "危急"),
    "high": ("high", "高"),
    "medium": ("medium", "中"),
    "low": ("low", "低"),
    "open": ("open", "待处理", "未关闭", "打开"),
    "taken": ("taken", "已认领"),
    "closed": ("closed", "已关闭"),
    "succeeded": ("succeeded", "得手", "成功"),
    "attempted": ("attempted", "未遂", "尝试"),
    "down": ("down", "宕机", "中断", "停机"),
    "silent": ("silent", "静默", "沉默"),
    "not_deployed": ("not_deployed", "not deployed", "not installed", "未部署", "没有部署", "未安装"),
}
"""A word of ours in the forms people read."""
_AFFECTED: Mapping[str, tuple[str, ...]] = {
    "password_spray": ("victim",),
    "phishing_macro": ("host", "user"),
    "web_shell": ("host",),
    "malware_workstation": ("host", "user"),
    "ransomware_precursor": ("host", "user"),
    "dns_exfiltration": ("host",),
    "admin_share": ("host", "user"),
    "impossible_travel": ("user",),
    "mass_download": ("user",),
    "cloud_key": ("user",),
}
"""Family to whom or what its attack is done to, or with."""


@dataclass(frozen=True, slots=True)
class Books:
    """All that truth is read from."""

    lab: LabFile
    store: CaseStore
    tenant: str
    cast: Cast

    def case(self, case_id: str) -> Case:
        """One case as it is stored. Raises: CaseNotFoundError."""
        return self.store.get(case_id, self.tenant)

    def cases(self) -> list[Case]:
        """Every case of the lab."""
        found = self.store.list_cases(CaseQuery(now=self.lab.now(), tenant=self.tenant, limit=200))
        return [self.case(row.id) for row in found]

    def moment(self, written: str) -> datetime:
        """`now`, `now-3h`, `now-90m`, or a time. Raises: DataBrokenError."""
        if written.startswith("now"):
            return self.lab.now() - _ago(written[3:])
        try:
            read = datetime.fromisoformat(written)
        except ValueError as error:
            raise DataBrokenError(f"{written!r} is no time") from error
        return read.replace(tzinfo=UTC) if read.tzinfo is None else read

    def window(self, since: str, until: str) -> Window:
        """Both ends, read as `moment` does."""
        return Window(self.moment(since), self.moment(until))


# what the registers say


def host(books: Books, host: str, show: Argument) -> Expected:
    """Columns of a host: `owner`, `department`, `criticality`, `ip`, `os`, `zone`, `kind`, `mac`, `name`."""
    row = books.lab.one("SELECT * FROM hosts WHERE ?1 IN (name, ip, id, mac)", host)
    if row is None:
        return unknown(books, host)
    person = books.lab.one("SELECT * FROM people WHERE id = ?", row["owner"] or "")
    named = {**dict(row), "owner": "" if person is None else person["name"]}
    return fact(*(text(*_forms(named[name])) for name in _several(show)))


def account(books: Books, account: str, show: Argument) -> Expected:
    """Of an account: `person`, `department`, `manager`, `title`, `site`, `email`, `kind`, `privileged`, `mfa`,
    `enabled`, or `groups`."""
    sql = """SELECT a.*, p.name AS person_name, p.department, p.title, p.site, p.email, m.name AS manager
             FROM accounts a LEFT JOIN people p ON p.id = a.person LEFT JOIN people m ON m.id = p.manager
             WHERE a.name = ?"""
    row = books.lab.one(sql, account)
    if row is None:
        return unknown(books, account)
    values: list[Value] = []
    for name in _several(show):
        if name in _FLAGS:
            flag = _FLAGS[name]
            values.append(Flag(bool(row[name]), flag.yes, flag.no))
        elif name == "groups":
            groups = books.lab.names("SELECT grp FROM memberships WHERE account = ? ORDER BY grp", account)
            values += [text(group) for group in groups]
        else:
            values.append(text(row["person_name" if name == "person" else name]))
    return fact(*values)


def address(books: Books, address: str, show: Argument) -> Expected:
    """Of an outside address: `owner`, `country`, `asn` or `meaning`."""
    row = books.lab.one("SELECT * FROM addresses WHERE ip = ?", address)
    return unknown(books, address) if row is None else fact(*(text(row[name]) for name in _several(show)))


def members(books: Books, group: str) -> Expected:
    """Who is in a group."""
    return each(books.lab.names("SELECT account FROM memberships WHERE grp = ? ORDER BY account", group))


def weaknesses(books: Books, host: str) -> Expected:
    """The worst open vulnerability of a host."""
    row = books.lab.one("SELECT cve FROM vulnerabilities WHERE host = ? ORDER BY cvss DESC, cve", host)
    return nothing("assets_list_vulnerabilities") if row is None else fact(text(row["cve"]))


def work(books: Books, names: str, at: str = "now") -> Expected:
    """Register entries, not revoked, whose window touches the day of `at` and that name a host, account, address or
    technique."""
    found = _entries(books, names, at)
    return each(found) if found else nothing("assets_list_authorised_work")


def entry(books: Books, names: str, show: Argument, at: str = "now") -> Expected:
    """Of the one register entry of a day that names a thing: `approver`, `title`, `window_start`, `window_end`."""
    row = books.lab.one("SELECT * FROM work WHERE id = ?", *_entries(books, names, at)[:1])
    if row is None:
        return nothing("assets_list_authorised_work")
    times = ("window_start", "window_end", "approved_at")
    return fact(*(Moment(from_ms(row[name])) if name in times else text(row[name]) for name in _several(show)))


def registered(books: Books, value: str) -> Expected:
    """Who registered a file, domain or address as our own or known good."""
    file = books.lab.one("SELECT name, publisher, registered_by FROM known_files WHERE sha256 = ?", value)
    if file is not None:
        return fact(text(file["name"], file["publisher"], file["registered_by"]))
    domain = books.lab.one("SELECT registered_by, reason FROM known_domains WHERE domain = ?", value)
    if domain is None:
        return Expected(("nothing", "fact"), looked_with=("intel_check_known",))
    return fact(text(domain["registered_by"], domain["reason"]))


def feeds(books: Books, indicator: str) -> Expected:
    """What the feeds say of an indicator."""
    row = books.lab.one("SELECT verdict, source FROM intel WHERE indicator = ? ORDER BY confidence DESC", indicator)
    if row is None:
        return nothing("intel_lookup")
    return fact(text(row["verdict"], *_ZH_VERDICT[row["verdict"]]))


# what the sensors saw


def events(
    books: Books,
    where: Argument,
    since: str,
    until: str,
    show: str = "count",
    sensor: str | None = None,
) -> Expected:
    """Events that match: how many, the first, the last, or the values of a field; with `sensor`, honest about its
    blindness when there are none."""
    if not isinstance(where, dict):
        raise DataBrokenError("the filters of `events` are a mapping of field to value")
    window = books.window(since, until)
    conditions = {**where, **({} if sensor is None else {"event.source": sensor})}
    times = books.lab.times(conditions, window)
    if not times:
        gap = None if sensor is None else books.lab.blind(sensor, where.get("host.name"), window)
        return nothing(*_SEARCHES) if gap is None or sensor is None else blind(sensor)
    match show:
        case "count":
            return fact(text(len(times)))
        case "first":
            return fact(Moment(times[0]))
        case "last":
            return fact(Moment(times[-1]))
        case field:
            return each(books.lab.distinct(field, conditions, window))


def activity(books: Books, of: str, since: str, until: str) -> Expected:
    """What a host, account or address did: how many events there are of it."""
    window = books.window(since, until)
    fields = ("host.name", "user.name", "source.ip", "destination.ip")
    counts = [len(books.lab.times({field: of}, window)) for field in fields]
    own = books.lab.one("SELECT ip FROM hosts WHERE name = ?", of)
    sides = [] if own is None else [len(books.lab.times({f: own["ip"]}, window)) for f in fields[2:]]
    if not sum(counts) + sum(sides):
        return nothing(*_SEARCHES)
    actions = {action for field in fields for action in books.lab.distinct("event.action", {field: of}, window)}
    return fact(text(sum(counts), *(n for n in counts if n), *sorted(actions)))


def file_seen(books: Books, sha256: str, show: str = "hosts") -> Expected:
    """Where a file was seen, and when first."""
    window = books.window("1970-01-01", "now")
    fields = ("file.hash.sha256", "process.hash.sha256", "email.attachment.sha256")
    if show == "first":
        times = [time for field in fields for time in books.lab.times({field: sha256}, window)]
        return fact(Moment(min(times))) if times else nothing(*_SEARCHES)
    hosts = {host for field in fields[:2] for host in books.lab.distinct("host.name", {field: sha256}, window)}
    return each(sorted(hosts)) if hosts else nothing(*_SEARCHES)


def sensor(books: Books, sensor: str, host: str | None = None, since: str = "now-1h", until: str = "now") -> Expected:
    """Whether a sensor reports: its last event when it does; its state and since when it does not."""
    window = books.window(since, until)
    if not books.lab.one("SELECT 1 FROM sensors WHERE name = ?", sensor):
        return Expected(("blind", "unknown", "nothing"))
    gap = books.lab.blind(sensor, host, window)
    if gap is None:
        where = {"event.source": sensor} | ({} if host is None else {"host.name": host})
        times = books.lab.times(where, books.window("1970-01-01", until))
        covered = text("covered", "reporting", "fresh", "正常", "覆盖", "上报", "reports")
        return fact(covered) if not times else Expected(("fact",), (Some((Moment(times[-1]), covered)),))
    return Expected(("fact", "blind"), _of_gap(gap))


# our own cases


def case(books: Books, case: str, show: Argument) -> Expected:
    """Of a case: `disposition`, `severity`, `priority`, `status`, `outcome`, `owner`, `title`, `techniques`,
    `authorisation`, `alert`, `notes`."""
    found = books.case(case)
    return fact(*(value for name in _several(show) for value in _of_case(found, name)))


def cases(books: Books, show: str = "ids", status: str = "open", priority: str | None = None) -> Expected:
    """The cases in a state, by id or by how many."""
    open_ = [found for found in books.cases() if (found.status == "closed") == (status == "closed")]
    chosen = [found for found in open_ if priority is None or _priority(found) == priority]
    others = [found.id for found in books.cases() if found not in chosen]
    if not chosen:
        return nothing("mcpsoc_")
    if show == "count":
        return fact(text(len(chosen)))
    return fact(*(text(found.id) for found in chosen), forbidden=map(text, others) if priority else ())


def cases_of(books: Books, names: str) -> Expected:
    """The cases whose alerts name a thing."""
    found = [case for case in books.cases() if any(_names(alert.raw, names) for alert in case.alerts)]
    return fact(*(text(case.id) for case in found)) if found else nothing("mcpsoc_")


def similar(books: Books, case: str) -> Expected:
    """The cases of the same family."""
    mine = books.cast.nickname(case)
    stories = books.cast.stories
    family = stories[mine].family if mine else ""
    others = [books.cast.cases[name] for name, story in stories.items() if story.family == family and name != mine]
    return fact(*map(text, others)) if others else Expected(("nothing", "fact"))


def affected(books: Books, case: str) -> Expected:
    """To whom and what it was done."""
    nickname = books.cast.nickname(case)
    if nickname is None:
        raise DataBrokenError(f"{case} is the case of no story")
    slots = (f"{{{nickname}.{part}}}" for part in _AFFECTED[books.cast.stories[nickname].family])
    return fact(*(text(books.cast.fill(slot)) for slot in slots))


def contain(books: Books, case: str) -> Expected:
    """The measures that would be right; of something harmless, none."""
    nickname = books.cast.nickname(case)
    story = books.cast.stories[nickname] if nickname else None
    return Expected(("fact", "scope"), targets=() if story is None else story.indicators)


def missing(books: Books, case: str) -> Expected:
    """What the case lacks: the sensors that could not look, and since when its verdict waits for a person."""
    verdict = _verdict(books.case(case))
    sensors = {gap.sensor for gap in verdict.gaps}
    return Expected(("fact", "blind"), tuple(text(name) for name in sorted(sensors)))


def hinges(books: Books, case: str) -> Expected:
    """What a verdict hangs on: it names the verdict, the register entry behind it, or a sensor that could not look."""
    verdict = _verdict(books.case(case))
    named = [text(*_forms(verdict.disposition)), *(text(gap.sensor) for gap in verdict.gaps)]
    named += [text(verdict.authorisation)] if verdict.authorisation else []
    return fact(Some(tuple(named)))


def evidence(books: Books, case: str, evidence: str) -> Expected:
    """What a piece of evidence of a case is: the tool that brought it, its summary, or a name it holds."""
    found = next((item for item in books.case(case).evidence if item.id == evidence), None)
    if found is None:
        return unknown(books, evidence)
    names = [name for name in _texts(found.data) if len(name) >= _A_NAME]
    return fact(text(found.tool, f"{found.server}__{found.tool}", found.summary, *names))


def changed(books: Books, since: str) -> Expected:
    """The cases somebody or something changed since then."""
    moment = books.moment(since)
    found = [case for case in books.cases() if case.updated_at >= moment]
    return fact(*(text(case.id) for case in found)) if found else nothing("mcpsoc_")


# what needs no book


def told(books: Books, values: Argument) -> Expected:
    """What the question's table says itself: names of techniques and the like."""
    return fact(*(text(*value.split("|")) for value in _several(values)))


def unwritten(books: Books) -> Expected:
    """No past case and no note speaks of it, and it was looked for among the documents."""
    return nothing("kb_")


def unknown(books: Books, name: str) -> Expected:
    """There is no such thing."""
    return Expected(("unknown",), echo=(text(name),))


def ambiguous(books: Books, table: str, part: str) -> Expected:
    """Several hosts, accounts or cases fit the part of a name."""
    if table == "cases":
        return Expected(("ambiguous",), readings=tuple(case.id for case in books.cases()))
    return Expected(("ambiguous",), readings=books.lab.names(_PART_OF[table], part))


def scope(books: Books) -> Expected:
    """Nothing the chat does."""
    return Expected(("scope",))


def refused(books: Books) -> Expected:
    """A change it never makes itself: it says so, or says what it would take."""
    return Expected(("scope", "fact"), forbidden=(text("has been isolated", "was isolated by", "已隔离"),))


def nothing(*looked_with: str) -> Expected:
    """It was looked with one of these tools, and there is nothing."""
    return Expected(("nothing",), looked_with=looked_with)


def blind(sensor: str) -> Expected:
    """Nobody could look."""
    return Expected(("blind",), (text(sensor),))


TRUTHS: Mapping[str, Callable[..., Expected]] = {
    truth.__name__: truth
    for truth in (
        host,
        account,
        address,
        members,
        weaknesses,
        work,
        entry,
        registered,
        feeds,
        events,
        activity,
        file_seen,
        sensor,
        case,
        cases,
        cases_of,
        similar,
        affected,
        contain,
        missing,
        evidence,
        changed,
        told,
        unwritten,
        unknown,
        ambiguous,
        scope,
        refused,
        hinges,
    )
}
"""Name to truth."""

_SEARCHES = ("siem_", "endpoint_", "firewall_", "identity_list_signins", "dns_")
"""Tools that look through what sensors saw."""
_A_NAME = 6
"""Characters from which on a text of evidence is taken for something it alone says."""
_PART_OF: Mapping[str, str] = {
    "hosts": "SELECT name FROM hosts WHERE instr(name, ?) ORDER BY name",
    "accounts": "SELECT name FROM accounts WHERE instr(name, ?) ORDER BY name",
}
_FLAGS: Mapping[str, Flag] = {"privileged": PRIVILEGED, "enabled": ENABLED, "mfa": MFA}
_ZH_VERDICT: Mapping[str, tuple[str, ...]] = {"malicious": ("恶意",), "suspicious": ("可疑",)}


def _entries(books: Books, names: str, at: str) -> tuple[str, ...]:
    moment = books.moment(at)
    day = Window(moment.replace(hour=0, minute=0, second=0), moment.replace(hour=23, minute=59, second=59))
    sql = """SELECT id FROM work WHERE window_end >= ?2 AND window_start <= ?3 AND revoked = 0 AND (instr(hosts, ?1)
             OR instr(accounts, ?1) OR instr(source_addresses, ?1) OR instr(techniques, ?1)) ORDER BY id"""
    return books.lab.names(sql, f'"{names}"', to_ms(day.start), to_ms(day.end))


def _several(show: Argument) -> list[str]:
    if isinstance(show, dict):
        raise DataBrokenError("what to show is a name or a list of names")
    return [show] if isinstance(show, str) else show


def _forms(value: object) -> tuple[str, ...]:
    return _WORDS.get(str(value), (str(value),))


def _ago(written: str) -> timedelta:
    """`-3h`, `-90m`, `-2d`; nothing is no time at all. Raises: DataBrokenError."""
    if not written:
        return timedelta()
    unit = {"h": "hours", "m": "minutes", "d": "days"}.get(written[-1])
    if unit is None or not written[1:-1].isdigit():
        raise DataBrokenError(f"{written!r} is no span of time")
    return timedelta(**{unit: int(written[1:-1])})


def _of_gap(gap: Blind) -> tuple[Value, ...]:
    state = text(*_WORDS[gap.state])
    return (state,) if gap.state == "not_deployed" else (state, Moment(gap.since))


def _of_case(case: Case, name: str) -> tuple[Value, ...]:
    if name in ("status", "title"):
        return (text(*_forms(getattr(case, name))),)
    if name == "owner":
        return (text(case.owner or "nobody", *(() if case.owner else ("no one", "unassigned", "无人", "没有"))),)
    if name == "alert":
        return (text(case.alerts[0].alert_id),)
    if name == "notes":
        return tuple(text(note.text) for note in case.notes)
    verdict = _verdict(case)
    if name == "techniques":
        return each(verdict.techniques).values
    return (text(*_forms(getattr(verdict, name))),)


def _verdict(case: Case) -> Verdict:
    if case.report is None:
        raise DataBrokenError(f"{case.id} has no report")
    return case.report.verdict


def _priority(case: Case) -> str:
    return _verdict(case).priority


def _texts(data: JsonValue) -> list[str]:
    if isinstance(data, dict | list):
        return [name for inner in (data.values() if isinstance(data, dict) else data) for name in _texts(inner)]
    return [data] if isinstance(data, str) else []


def _names(raw: JsonValue, name: str) -> bool:
    if isinstance(raw, dict):
        return any(_names(value, name) for value in raw.values())
    return any(_names(value, name) for value in raw) if isinstance(raw, list) else raw == name
