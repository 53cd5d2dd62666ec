"""The gates: what a draft verdict has to survive before anybody reads it.

    draft -> claims_hold -> malice_stands -> telemetry_covered -> nothing_failed -> survives_without_text
          -> authorisation_fits -> sensor_not_silenced -> somebody_looked -> one_world -> brain_only_raises
          -> second_look -> verdict

A gate sees the disposition so far and the bench, and gives the disposition it allows with its reason. Only
`malice_stands` makes a verdict worse for the attacker outright; every other gate sends an unearned closing to a person.
None of them ever turns an open verdict into a closing one.
"""

from collections.abc import Callable
from dataclasses import dataclass

from agent.brain.protocol import Conclusion
from agent.investigation.verdict import Facts, basis, decide
from agent.models import CLOSING, Contribution, Disposition, GateResult


@dataclass(frozen=True, slots=True)
class Bench:
    """What the gates judge by."""

    facts: Facts
    """With every finding, also those whose claim was struck."""
    contributions_without_text: tuple[Contribution, ...]
    """The alert weighed again without its T2 and T3 fields."""
    conclusion: Conclusion


Gate = Callable[[Disposition, Bench], tuple[Disposition, str]]


def judge(draft: Disposition, bench: Bench) -> tuple[Disposition, tuple[GateResult, ...]]:
    """The disposition that survives every gate, and what each gate said."""
    results: list[GateResult] = []
    disposition = draft
    for name, gate in GATES:
        after, reason = gate(disposition, bench)
        results.append(
            GateResult(gate=name, passed=after == disposition, reason=reason, before=disposition, after=after)
        )
        disposition = after
    return disposition, tuple(results)


def drafted(facts: Facts, contributions_without_text: tuple[Contribution, ...]) -> Disposition:
    """What would survive every gate if the brain agreed."""
    draft = decide(facts)
    return judge(draft, Bench(facts, contributions_without_text, Conclusion(disposition=draft)))[0]


def claims_hold(disposition: Disposition, bench: Bench) -> tuple[Disposition, str]:
    """What rests on a struck claim falls with it."""
    again = decide(bench.facts.standing())
    if again == disposition:
        return disposition, "holds on the claims that were verified"
    after = "needs_human" if disposition in CLOSING or again in CLOSING else again
    return after, "without the struck claims the evidence says something else"


def malice_stands(disposition: Disposition, bench: Bench) -> tuple[Disposition, str]:
    """Proven malice is a true positive, whatever else is missing or claimed."""
    if decide(bench.facts.standing()) == "true_positive" and disposition != "true_positive":
        return "true_positive", "verified evidence proves malice"
    return disposition, "no verified proof is overruled"


def telemetry_covered(disposition: Disposition, bench: Bench) -> tuple[Disposition, str]:
    """Closing needs every contracted sensor to have seen the hour around the event."""
    missing = ", ".join(gap.sensor for gap in bench.facts.coverage.gaps if gap.required)
    if missing and disposition in CLOSING:
        return "needs_human", f"no cover of the event by: {missing}"
    return disposition, "every contracted sensor covered the event" if not missing else f"open: {missing} missing"


def nothing_failed(disposition: Disposition, bench: Bench) -> tuple[Disposition, str]:
    """An error, a refusal, a stale or cut answer is not a clean one, and a question nobody asked has none."""
    errors = [
        item.id for item in bench.facts.evidence if item.id in bench.facts.required and item.status not in _LOOKED
    ]
    failed = [*errors, *bench.facts.missing]
    if failed and disposition in CLOSING:
        return "needs_human", f"required looks are missing: {', '.join(failed)}"
    return disposition, "every required look was made" if not failed else f"missing: {', '.join(failed)}"


_LOOKED = ("success", "no_data")


def survives_without_text(disposition: Disposition, bench: Bench) -> tuple[Disposition, str]:
    """A closing verdict must hold with everything an attacker or a model may have written taken away."""
    if disposition not in CLOSING:
        return disposition, "open verdicts may rest on text"
    if decide(bench.facts.standing().without_text(bench.contributions_without_text)) == disposition:
        return disposition, "holds with all untrusted text taken away"
    return "needs_human", "falls when untrusted text is taken away"


def authorisation_fits(disposition: Disposition, bench: Bench) -> tuple[Disposition, str]:
    """Authorised activity needs a register entry that fits in actor, source, target, time and technique."""
    if disposition != "benign_true_positive" or bench.facts.fit() is not None:
        return disposition, "not claimed" if disposition != "benign_true_positive" else "a register entry fits entirely"
    misses = "; ".join(f"{fit.work_id}: {', '.join(fit.misses)}" for fit in bench.facts.fits) or "no entry"
    return "needs_human", f"no register entry fits ({misses})"


def sensor_not_silenced(disposition: Disposition, bench: Bench) -> tuple[Disposition, str]:
    """A sensor that fell silent around the alert is evidence of its own (T1562): never nothing, never closed."""
    silenced = ", ".join(bench.facts.coverage.silenced)
    if silenced and disposition in CLOSING | {"not_evaluable"}:
        return "needs_human", f"fell silent around the alert: {silenced}"
    return disposition, f"fell silent: {silenced}" if silenced else "no contracted sensor fell silent"


def somebody_looked(disposition: Disposition, bench: Bench) -> tuple[Disposition, str]:
    """An alert is never closed on its own word."""
    if disposition in CLOSING and basis(bench.facts) == "alert_only":
        return "needs_human", "no server could be asked about this host"
    return disposition, f"basis: {basis(bench.facts)}"


def one_world(disposition: Disposition, bench: Bench) -> tuple[Disposition, str]:
    """Simulated evidence never decides a real case."""
    foreign = [
        item.id
        for item in bench.facts.evidence
        if item.synthetic and bench.facts.alert.world == "site" and item.server != "intake"
    ]
    if foreign:
        return "needs_human", f"simulated evidence in a site case: {', '.join(foreign)}"
    return disposition, "all evidence is of this case's world"


def brain_only_raises(disposition: Disposition, bench: Bench) -> tuple[Disposition, str]:
    """A brain that would keep the case open is heeded; one that would close it is not."""
    if disposition in CLOSING and bench.conclusion.disposition not in CLOSING:
        return "needs_human", f"the brain concluded {bench.conclusion.disposition}"
    return disposition, "the brain asked for nothing that raises"


def second_look(disposition: Disposition, bench: Bench) -> tuple[Disposition, str]:
    """A brain that says something else when the roles are swapped has closed nothing."""
    first, second = bench.conclusion.disposition, bench.conclusion.second
    if disposition in CLOSING and second is not None and second != first:
        return "needs_human", f"asked again with the roles swapped, the brain concluded {second}"
    return disposition, "no second look was asked for" if second is None else "a second look says nothing that raises"


GATES: tuple[tuple[str, Gate], ...] = (
    ("claims_hold", claims_hold),
    ("malice_stands", malice_stands),
    ("telemetry_covered", telemetry_covered),
    ("nothing_failed", nothing_failed),
    ("survives_without_text", survives_without_text),
    ("authorisation_fits", authorisation_fits),
    ("sensor_not_silenced", sensor_not_silenced),
    ("somebody_looked", somebody_looked),
    ("one_world", one_world),
    ("brain_only_raises", brain_only_raises),
    ("second_look", second_look),
)
"""Every gate in the order it is passed. Each has its own test and its own mutant."""
