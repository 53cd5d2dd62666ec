"""How a hunt is told: the five lines of its case, and the sentence for the queue."""

from collections.abc import Iterable, Sequence
from typing import Final

from agent.hunting.judging import explaining, pointing, proving
from agent.models import Claim, Disposition, Finding, Opening
from agent.playbooks.format import Playbook

RAISED: Final = "A hunt for '{value}' looked at the time up to {time}"
"""Template of the claim that stands for the alert; hosts and accounts are added to it."""

FOUND: Final = "Found."
TO_JUDGE: Final = "Seen, and for a person to judge."
NOT_FOUND: Final = "Not found: every look was made, and every sensor that was asked covered the time."
NOT_LOOKED: Final = "Could not look everywhere."
DO_FOUND: Final = "Treat it as an incident: contain the hosts and accounts that the claims name."
DO_JUDGE: Final = "Judge what was seen: is it what was supposed, or ordinary work?"
DO_NOTHING: Final = "Nothing to do. What the hypothesis does not name was not looked for."
DO_NAME: Final = "Name what to look for: a host, an account, an address, a technique or a kind of trace."
DO_LOOK: Final = "Look again when the sensors report, or ask by hand: {looks}."
UNTOLD: Final = "nothing in it could be translated into a look"
_MOST: Final = 4


def hunt_opening(
    playbook: Playbook,
    claims: Sequence[Claim],
    findings: Sequence[Finding],
    disposition: Disposition,
    missing: Sequence[str],
) -> Opening:
    """The five lines."""
    texts = {claim.id: claim.text for claim in claims if claim.status == "verified"}
    seen = _seen(texts, findings)
    return Opening(
        what_happened=" ".join((texts.get("alert.raised", ""), *seen[:_MOST])).strip(),
        did_it_work=_word(playbook, findings, disposition, missing),
        who_and_where=" ".join(texts[name] for name in _WHO if name in texts) or "Nobody was named.",
        still_going_on="Not seen in what was looked at." if not missing else "Unknown: not every sensor could look.",
        what_to_do_now=_to_do(findings, disposition, missing),
    )


_WHO: Final = ("asset.asset_known", "asset.server_known", "account.account_privileged", "account.account_known")


def hunt_reason(
    playbook: Playbook, claims: Sequence[Claim], findings: Sequence[Finding], missing: Sequence[str]
) -> str:
    """What was seen first, or why nothing can be said."""
    texts = {claim.id: claim.text for claim in claims if claim.status == "verified"}
    seen = _seen(texts, findings)
    if seen:
        return seen[0].rstrip(".")
    if not playbook.questions:
        return UNTOLD
    return f"could not look: {missing[0]}" if missing else "nothing of it was seen, and every sensor was looking"


def _seen(texts: dict[str, str], findings: Iterable[Finding]) -> list[str]:
    """The claims that speak for the supposition, in the order of the looks, and those that explain them."""
    told = [item for item in findings if item.claim in texts]
    if not pointing(told):
        return []
    readings = {item.reading for item in told}
    explain = {name for reading in readings for name in explaining(reading, readings)}
    return [texts[item.claim] for item in told if pointing([item]) or item.reading in explain]


def _word(playbook: Playbook, findings: Sequence[Finding], disposition: Disposition, missing: Sequence[str]) -> str:
    if disposition == "true_positive" and proving(playbook, findings):
        return FOUND
    if pointing(findings):
        return TO_JUDGE
    return NOT_LOOKED if missing or disposition != "not_evaluable" else NOT_FOUND


def _to_do(findings: Sequence[Finding], disposition: Disposition, missing: Sequence[str]) -> str:
    if disposition == "true_positive":
        return DO_FOUND
    if pointing(findings):
        return DO_JUDGE
    if not missing and disposition != "not_evaluable":
        return DO_NAME
    return DO_LOOK.format(looks="; ".join(missing)) if missing else DO_NOTHING
