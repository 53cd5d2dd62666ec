"""A whole case as an investigation leaves it: a password spray that ended in a taken-over mailbox, on the lab."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import JsonValue

from agent.evidence.claims import check
from agent.evidence.ledger import Ledger
from agent.models import (
    Absent,
    Action,
    Alert,
    AlertField,
    Before,
    Case,
    Claim,
    Contains,
    Contribution,
    Count,
    Equals,
    EvidenceStatus,
    Finding,
    Gap,
    GateResult,
    Hypothesis,
    JsonObject,
    Opening,
    Provenance,
    Ref,
    Report,
    Rule,
    SameEntity,
    Scalar,
    Verdict,
)

T0, T1, T2 = Provenance.OPERATOR, Provenance.SENSOR, Provenance.UNTRUSTED
START = datetime(2026, 3, 9, 8, 12, tzinfo=UTC)
SOURCE = "203.0.113.77"
HOSTILE = "Mozilla/5.0 <script>alert(1)</script> \u202ekcatta\u202c https://evil.example/x [click](javascript:1)"
NAMES = ("m.ortiz", "j.haddad", "svc-print", "p.novak", "a.lindqvist", "k.okafor", "r.silva", "admin", "t.weber")

CaseFactory = Callable[..., Case]
Answer = tuple[str, JsonObject, EvidenceStatus, JsonValue, dict[str, Provenance], str | None, str]
"""Tool, arguments, status, data, declared classes, sensor, summary."""


def stamp(minutes: float) -> str:
    """A time that many minutes after the first event, as servers write it."""
    return (START + timedelta(minutes=minutes)).isoformat().replace("+00:00", "Z")


def make_alert(number: int = 1, *, fingerprint: str = "f1", minutes: float = 21, source: str = SOURCE) -> Alert:
    """The alert of the identity provider."""
    values: dict[str, tuple[Scalar | tuple[Scalar, ...], Provenance]] = {
        "@timestamp": (stamp(minutes), T1),
        "event.source": ("idp", T1),
        "event.category": ("authentication", T1),
        "event.outcome": ("failure", T1),
        "source.ip": (source, T1),
        "host.name": ("vpn-gw-01", T1),
        "user_agent": (HOSTILE, T2),
        "threat.technique.id": (("T1110.003",), T1),
    }
    fields = tuple(
        AlertField(name=name, value=value, provenance=kind, path=f"$['{name}']")
        for name, (value, kind) in values.items()
    )
    return Alert(
        alert_id=f"al-{number}",
        format="elastic",
        product="Elastic Security",
        title="Many failed sign-ins from one address",
        time=START + timedelta(minutes=minutes),
        rule=Rule(id="idp-spray", name="Many failed sign-ins from one address", level=47, groups=("authentication",)),
        techniques=("T1110.003",),
        vendor_severity="medium",
        fields=fields,
        raw={name: list(value) if isinstance(value, tuple) else value for name, (value, _) in values.items()},
        fingerprint=fingerprint,
        world="lab",
        synthetic=True,
    )


def gathered(alert: Alert) -> Ledger:
    """The answers of the investigation."""
    ledger = Ledger()
    ledger.from_alert(alert, backend="embedded")
    failures: list[JsonValue] = [
        {
            "event.id": f"ev-{index}",
            "@timestamp": stamp(index * 2.2),
            "source.ip": SOURCE,
            "event.outcome": "failure",
            "user.attempted_name": name,
            "user_agent": HOSTILE,
        }
        for index, name in enumerate(NAMES)
    ]
    signed_in: dict[str, JsonValue] = {
        "event.id": "ev-90",
        "@timestamp": stamp(23.5),
        "source.ip": SOURCE,
        "event.outcome": "success",
        "user.name": "m.ortiz",
        "device.managed": False,
        "host.name": "vpn-gw-01",
    }
    rule: dict[str, JsonValue] = {
        "event.id": "ev-95",
        "@timestamp": stamp(31),
        "user.name": "CORP\\m.ortiz",
        "cloud.api": "New-InboxRule",
        "cloud.resource": 'Rule "<b>RSS</b>" moves *invoice* to RSS\u200b Feeds',
    }
    sensor = {f"$.events[*]['{name}']": T1 for name in (*signed_in, *rule, "event.outcome")}
    sensor |= {f"$.events[*]['{name}']": T2 for name in ("user.attempted_name", "user_agent", "cloud.resource")}
    window = {"start": stamp(-60), "end": stamp(60)}
    filters: JsonValue = {"source.ip": SOURCE, "event.outcome": "failure"}
    answers: tuple[Answer, ...] = (
        (
            "siem_search_events",
            {"filters": filters, **window},
            "success",
            {"events": failures},
            sensor,
            "idp",
            "9 events",
        ),
        (
            "siem_search_events",
            {"source": "idp", **window},
            "success",
            {"events": [signed_in]},
            sensor,
            "idp",
            "1 event",
        ),
        (
            "siem_search_events",
            {"source": "cloud-audit"},
            "success",
            {"events": [rule]},
            sensor,
            "cloud-audit",
            "1 event",
        ),
        (
            "siem_check_coverage",
            {"sensors": ["idp", "cloud-audit"]},
            "success",
            {"coverage": [{"sensor": "idp", "covered": True}, {"sensor": "cloud-audit", "covered": True}]},
            {"$.coverage[*].sensor": T1, "$.coverage[*].covered": T1},
            None,
            "2 sensors cover the window",
        ),
        (
            "assets_list_authorised_work",
            {"address": SOURCE},
            "no_data",
            {"work": []},
            {"$.work[*].id": T0},
            None,
            "none",
        ),
        (
            "assets_resolve",
            {"identifier": "vpn-gw-01"},
            "success",
            {"asset": {"name": "vpn-gw-01", "kind": "vpn", "owner": "Network Team", "criticality": "high"}},
            {f"$.asset.{key}": T0 for key in ("name", "kind", "owner", "criticality")},
            None,
            "vpn-gw-01 is known",
        ),
        (
            "identity_get_account",
            {"account": "m.ortiz"},
            "success",
            {"account": {"name": "m.ortiz", "department": "Finance", "privileged": False}},
            {f"$.account.{key}": T1 for key in ("name", "department", "privileged")},
            "directory",
            "1 account",
        ),
        ("intel_lookup", {"indicator": SOURCE}, "no_data", None, {}, None, "unknown to every feed"),
        ("firewall_summarise_flows", {"host_or_ip": SOURCE}, "error", None, {}, None, "the firewall did not answer"),
    )
    for tool, arguments, status, data, kinds, name, summary in answers:
        ledger.add(
            server=tool.partition("_")[0],
            tool=tool,
            arguments=arguments,
            asked_at=START + timedelta(hours=3),
            status=status,
            summary=summary,
            data=data,
            provenance=dict(kinds),
            sensor=name,
            backend="embedded",
            synthetic=True,
            error="timed out after 30 s" if status == "error" else None,
            hint="ask again when the firewall is reachable" if status == "error" else None,
            cost_ms=4.2,
        )
    return ledger


def stated() -> tuple[Claim, ...]:
    """Everything the report says, one statement wrong on purpose."""

    def ref(evidence: str, path: str) -> Ref:
        return Ref(evidence=evidence, path=path)

    source = {"source": ref("E0", "$.alert['source.ip']")}
    return (
        Count(
            id="attempts.many",
            template="{source} failed to sign in {value} times, as {names}.",
            slots={**source, "names": ref("E1", "$.events[*]['user.attempted_name']")},
            ref=ref("E1", "$.events[?@['event.outcome']=='failure']"),
            value=len(NAMES),
        ),
        Count(
            id="success.signed_in",
            template="{value} sign-in from {source} succeeded, as {account} at {when}.",
            slots={
                **source,
                "account": ref("E2", "$.events[0]['user.name']"),
                "when": ref("E2", "$.events[0]['@timestamp']"),
            },
            ref=ref("E2", "$.events[?@['event.outcome']=='success']"),
            value=1,
        ),
        Before(
            id="success.after",
            template="The first failure at {first} came before the sign-in at {second}.",
            first=ref("E1", "$.events[*]['@timestamp']"),
            second=ref("E2", "$.events[0]['@timestamp']"),
        ),
        Equals(
            id="success.unmanaged",
            template="The device is managed: {value}.",
            ref=ref("E2", "$.events[0]['device.managed']"),
            value=False,
        ),
        Contains(
            id="mailbox.rule",
            template="The account then called {value}: {what}.",
            slots={"what": ref("E3", "$.events[0]['cloud.resource']")},
            ref=ref("E3", "$.events[*]['cloud.api']"),
            value="InboxRule",
        ),
        SameEntity(
            id="mailbox.same",
            template="The mailbox account {first} is the one that signed in, {second}.",
            first=ref("E3", "$.events[*]['user.name']"),
            second=ref("E2", "$.events[*]['user.name']"),
        ),
        Count(
            id="coverage.all",
            template="{value} contracted sensors covered the hour around the event.",
            ref=ref("E4", "$.coverage[?@.covered==true]"),
            value=2,
        ),
        Absent(id="work.none", template="No authorised work touches this address.", ref=ref("E5", "$.work[*]")),
        Equals(
            id="asset.criticality",
            template="{name} belongs to {owner} and is of {value} criticality.",
            slots={"name": ref("E6", "$.asset.name"), "owner": ref("E6", "$.asset.owner")},
            ref=ref("E6", "$.asset.criticality"),
            value="high",
        ),
        Equals(
            id="account.privileged",
            template="The account is privileged: {value}.",
            ref=ref("E7", "$.account.privileged"),
            value=True,
        ),
        Absent(
            id="flows.none",
            template="The firewall saw no flow from {source}.",
            slots=source,
            ref=ref("E9", "$.flows[*]"),
        ),
    )


def make_report(claims: tuple[Claim, ...], evidence_calls: int = 9) -> Report:
    """The report over those claims."""
    findings = tuple(
        Finding(
            claim=claim,
            question=claim.partition(".")[0],
            reading=claim.partition(".")[2],
            weights=dict(zip(("takeover", "guessing", "authorised_test", "own_mistake"), weights, strict=True)),
            provenance=kind,
            sensors=(sensor,),
            decisive_for=decisive,
            techniques=techniques,
            outcome="succeeded" if decisive else None,
        )
        for claim, weights, kind, sensor, decisive, techniques in (
            ("attempts.many", (0.5, 1.5, 0.5, -2.0), T2, "idp", None, ("T1110.003",)),
            ("success.signed_in", (2.5, -2.0, -1.0, 0.0), T1, "idp", "takeover", ("T1078",)),
            ("success.after", (1.0, 0.0, 0.0, -0.5), T1, "idp", None, ()),
            ("success.unmanaged", (1.0, 0.0, 0.0, -1.0), T1, "idp", "takeover", ()),
            ("mailbox.rule", (2.0, 0.0, -0.5, -0.5), T2, "cloud-audit", "takeover", ("T1114.003",)),
            ("work.none", (0.0, 0.0, -1.0, 0.0), T0, "register", None, ()),
        )
    )
    hypotheses = (
        Hypothesis(id="takeover", kind="malicious", text="somebody guessed passwords and got into an account"),
        Hypothesis(id="guessing", kind="malicious", text="somebody guessed passwords and did not get in"),
        Hypothesis(id="authorised_test", kind="authorised", text="an authorised test of the sign-in"),
        Hypothesis(id="own_mistake", kind="benign", text="one of our own systems used a wrong password"),
    )
    verdict = Verdict(
        disposition="true_positive",
        severity="high",
        priority="P1",
        likelihood=0.9999,
        outcome="succeeded",
        basis="partial",
        techniques=("T1110.003", "T1078", "T1114.003"),
        reason="a sign-in from the guessing address succeeded on an unmanaged device",
        contributions=(
            Contribution(group="rule", weight=0.4, reason="authentication rule of medium level", field="rule.id"),
            Contribution(
                group="authentication", weight=2.0, reason="failures, then success from one source", field="source.ip"
            ),
            Contribution(group="network", weight=1.2, reason="one source outside the home networks", field="source.ip"),
            Contribution(group="process", weight=0.0, reason="nothing known"),
            Contribution(group="authorised", weight=-0.0, reason="no register entry"),
        ),
        gates=(
            GateResult(
                gate="claims_hold",
                passed=True,
                reason="holds on what was verified",
                before="true_positive",
                after="true_positive",
            ),
            GateResult(
                gate="telemetry_covered",
                passed=True,
                reason="every sensor covered the event",
                before="true_positive",
                after="true_positive",
            ),
            GateResult(
                gate="nothing_failed",
                passed=False,
                reason="unanswered: E9",
                before="true_positive",
                after="true_positive",
            ),
        ),
        gaps=(
            Gap(
                sensor="firewall",
                reason="the firewall did not answer",
                query=f"firewall flows where source.ip = {SOURCE} between {stamp(-60)} and {stamp(60)}",
                required=False,
            ),
        ),
    )
    return Report(
        opening=Opening(
            what_happened=f"Passwords of many accounts were tried from {SOURCE}.",
            did_it_work="Yes: m.ortiz was signed in to, then an inbox rule was made.",
            who_and_where=f"{SOURCE} against vpn-gw-01 (high criticality); account m.ortiz.",
            still_going_on="Probably: the inbox rule stands, the session was not ended.",
            what_to_do_now="Disable m.ortiz, end its sessions, remove the inbox rule, block the address.",
        ),
        alert_class="password_attack",
        playbook="password_attack",
        hypotheses=hypotheses,
        findings=findings,
        claims=claims,
        verdict=verdict,
        brain="playbook",
        calls=evidence_calls,
        rounds=2,
        seconds=0.41,
        proposed=(
            Action(
                id="A1",
                tool="firewall__firewall_block_address",
                arguments={"address": Ref(evidence="E0", path="$.alert['source.ip']")},
                rationale="block the source address for a limited time",
            ),
        ),
    )


def make_case(case_id: str = "C-1", *, alert: Alert | None = None, investigated: bool = True) -> Case:
    """The case; not yet saved anywhere."""
    alert = alert or make_alert()
    ledger = gathered(alert)
    claims = tuple(check(claim, ledger.by_id) for claim in stated())
    return Case(
        id=case_id,
        tenant="lab",
        world="lab",
        title=alert.title,
        status="open",
        created_at=START + timedelta(hours=3),
        updated_at=START + timedelta(hours=3),
        alerts=(alert,),
        evidence=ledger.evidence if investigated else (),
        report=make_report(claims) if investigated else None,
        synthetic=True,
    )


@pytest.fixture
def sample() -> CaseFactory:
    """`make_case`, for tests that cannot import this file."""
    return make_case


@pytest.fixture
def sample_alert() -> Callable[..., Alert]:
    """`make_alert`, for the same reason."""
    return make_alert
