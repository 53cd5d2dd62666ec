"""How `verify`, `audit verify` and `doctor` print what they found."""

from agent.evidence.verification import VerificationReport
from knowledge.trust.audit import AuditReport
from ui.cli.catalogue import Catalogue
from ui.cli.output import write_json, write_line
from ui.cli.terms import inert
from ui.doctor import Examination

MOST = 12
"""Checks that hold and are still shown one by one."""


def print_report(t: Catalogue, report: VerificationReport, *, as_json: bool) -> None:
    """What an export's check found: what fails first, everything else counted."""
    if as_json:
        write_json(report.model_dump(mode="json"))
        return
    for check in report.failed:
        write_line(t("FAILS  {name}: {detail}", name=inert(check.name), detail=inert(check.detail)))
    hashes = sum(check.ok for check in report.checks if check.name.startswith("hash "))
    write_line(t("case        {id}", id=inert(report.case_id or "?")))
    write_line(t("signer      {signer} {key}", signer=report.signer, key=inert(report.key_id or "")))
    write_line(t("evidence    {n} answers have the hash they were stored with", n=hashes))
    counts = {"verified": report.verified, "total": report.claims - report.struck, "struck": report.struck}
    write_line(t("claims      {verified} of {total} hold when run again; {struck} were struck before", **counts))
    write_line(t("everything holds") if report.ok else t("NOT everything holds"))


def print_audit(t: Catalogue, report: AuditReport, *, as_json: bool) -> None:
    """What walking the audit chains found."""
    if as_json:
        write_json(report.model_dump(mode="json"))
        return
    for tenant in report.tenants:
        name, entries = inert(tenant.tenant), tenant.entries
        write_line(t("{tenant}: {entries} entries, head {head}", tenant=name, entries=entries, head=tenant.head[:16]))
        for problem in tenant.problems:
            write_line(t("{tenant}: PROBLEM: {reason}", tenant=name, reason=inert(problem)))
    write_line(t("the chain is unbroken") if report.ok else t("the chain is BROKEN"))


def print_examination(t: Catalogue, examination: Examination, *, as_json: bool) -> None:
    """What the doctor found: problems with their fix, the rest counted."""
    if as_json:
        write_json(examination.model_dump(mode="json"))
        return
    words = {"fault": t("FAULT"), "warning": t("warning")}
    for finding in examination.findings:
        if finding.status in words:
            write_line(f"{words[finding.status]}  {finding.check}: {inert(finding.message)}")
            write_line(t("         fix: {fix}", fix=inert(finding.fix)))
    fine = sum(finding.status == "ok" for finding in examination.findings)
    write_line(t("{n} checks found nothing wrong, {seconds} s", n=fine, seconds=f"{examination.seconds:.1f}"))
