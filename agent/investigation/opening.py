"""The five lines a case opens with. Every number, time and entity in them is the text of a verified claim."""

from collections.abc import Iterable, Sequence

from agent.hunting.hunt import is_hunt
from agent.hunting.judging import unseen
from agent.hunting.telling import RAISED, hunt_opening, hunt_reason
from agent.investigation.verdict import Facts
from agent.models import CLOSING, Claim, Contribution, Disposition, Equals, Finding, Opening, Outcome, Ref

_WORKED: dict[Outcome, str] = {
    "succeeded": "Yes.",
    "blocked": "No, it was blocked.",
    "attempted": "It was attempted; nothing that was looked at shows success.",
    "unknown": "Unknown: nothing that was looked at says so.",
}


def alert_claim(facts: Facts) -> Claim:
    """What the product raised, for whom and when, as a claim over the alert itself."""
    subject = {
        name: Ref(evidence=facts.subject, path=f"$.alert['{name}']") for name in _NAMED if facts.alert.field(name)
    }
    where = "".join(f"; {label} {{{name.replace('.', '_')}}}" for name, label in _NAMED.items() if name in subject)
    return Equals(
        id="alert.raised",
        template=(RAISED if is_hunt(facts.alert) else "'{value}' was raised at {time}") + where + ".",
        slots={name.replace(".", "_"): ref for name, ref in subject.items()}
        | {"time": Ref(evidence=facts.subject, path="$.alert['@timestamp']")},
        ref=Ref(evidence=facts.subject, path="$.alert['rule.name']"),
        value=facts.alert.rule.name,
    )


_NAMED = {"host.name": "host", "user.name": "account", "source.ip": "source", "destination.ip": "destination"}


def opening(
    facts: Facts, disposition: Disposition, outcome: Outcome, highlights: Sequence[Claim], actions: Sequence[str]
) -> Opening:
    """The five lines, from verified claims only."""
    if is_hunt(facts.alert):
        return hunt_opening(facts.playbook, facts.claims, facts.standing().findings, disposition, _why_not(facts))
    texts = {claim.id: claim.text for claim in facts.claims if claim.status == "verified"}
    story = [claim.text for claim in highlights if claim.status == "verified"]
    return Opening(
        what_happened=" ".join([texts.get("alert.raised", "An alert was raised."), *story[:3]]),
        did_it_work=_sentence(_WORKED[outcome], _texts(texts, (f for f in facts.findings if f.outcome == outcome))),
        who_and_where=_sentence("", [texts[name] for name in _WHO if name in texts])
        or "No server knows the host or account.",
        still_going_on=_going_on(texts, facts, disposition),
        what_to_do_now=_to_do(facts, disposition, actions),
    )


_WHO = ("asset.asset_known", "asset.server_known", "account.account_privileged", "account.account_known")


def _texts(texts: dict[str, str], findings: Iterable[Finding]) -> list[str]:
    return [texts[finding.claim] for finding in findings if finding.claim in texts]


def _sentence(lead: str, texts: Sequence[str]) -> str:
    return " ".join(part for part in (lead, *texts[:2]) if part)


def _going_on(texts: dict[str, str], facts: Facts, disposition: Disposition) -> str:
    going = _texts(texts, (finding for finding in facts.findings if finding.ongoing))
    if going:
        return _sentence("Yes.", going)
    if disposition in CLOSING:
        return "No: nothing malicious was found with every contracted sensor looking."
    return "Not seen in what was looked at." if not facts.coverage.gaps else "Unknown: not every sensor could look."


def _why_not(facts: Facts) -> tuple[str, ...]:
    """What kept a hunt from looking: sensors that did not cover its time, and looks that are missing."""
    texts = {claim.id: claim.text.rstrip(".") for claim in facts.claims if claim.status == "verified"}
    blind = (texts[name] for name in unseen(facts.standing().findings) if name in texts)
    return (*(f"{gap.sensor} ({gap.reason})" for gap in facts.coverage.gaps), *blind, *facts.missing)


def _to_do(facts: Facts, disposition: Disposition, actions: Sequence[str]) -> str:
    if disposition == "true_positive":
        return (
            f"Contain now, after approval: {'; '.join(actions)}."
            if actions
            else "Contain the host and account by hand."
        )
    if disposition == "benign_true_positive" and (fit := facts.fit()) is not None:
        return f"Nothing to contain. Deconflict: tell the owner of register entry {fit.work_id} what was seen."
    if disposition == "false_positive":
        return "Nothing to contain. If it recurs, tune the rule with this case as its reason."
    if gap := next(iter(facts.coverage.gaps), None):
        return f"Decide by hand. The look that would settle it: {gap.query or gap.sensor}."
    if facts.missing:
        return f"Decide by hand. Looks that are missing: {'; '.join(facts.missing)}."
    return "Decide by hand on the claims."


def reason(
    facts: Facts, contributions: Sequence[Contribution], highlights: Sequence[Claim], failing: Sequence[str]
) -> str:
    """One sentence for the queue: the claim or the alert's field that weighed most, and who did not look.

    `failing`: servers whose product answered with an error."""
    if is_hunt(facts.alert):
        return hunt_reason(facts.playbook, facts.claims, facts.standing().findings, _why_not(facts))
    story = next((claim.text.rstrip(".") for claim in highlights if claim.status == "verified"), "")
    strongest = max(contributions, key=lambda item: abs(item.weight), default=None)
    field = (
        f"{strongest.field}: {strongest.reason}"
        if strongest and strongest.field
        else strongest.reason
        if strongest
        else ""
    )
    blind = ", ".join(gap.sensor for gap in facts.coverage.gaps)
    unseen = (f"not seen by {blind}" if blind else "", f"error from {', '.join(failing)}" if failing else "")
    return "; ".join(part for part in (story, field, *unseen) if part) or "nothing in the alert could be weighed"
