"""The config server: facts, checks that change nothing, and playbooks an operator allowed and can take back."""

from collections.abc import Sequence
from typing import Annotated, Final

from pydantic import Field

from servers.config import models
from servers.config.ansible import Ansible
from servers.config.backend import Checker, Fact, Inventory, Run
from servers.config.embedded import LabInventory
from servers.config.playbooks import PlaybookName, Playbooks, Sidecar
from servers.config.puppet import Puppet
from servers.config.settings import NEEDS, ConfigSettings
from servers.embedded import Name, Reason, Sha256, lab_server
from servers.errors import ToolError
from servers.kit import Change, Cursor, Limit, Plan, Rate, Reply, SecurityServer, Undo, build_server, paged
from servers.kit.cache import Cached, Fetched
from servers.kit.tool import Method
from servers.parts import Parts

Prefix = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,80}$")]
FACTS_S: Final = 60.0
"""How long facts are answered again; the answer says as of when it holds."""
CHECK_S: Final = 15.0
"""The same of checks, for plans too; a read-back always looks afresh."""


class Facts:
    """The read of facts."""

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory
        self._kept: dict[str, Cached[Sequence[Fact]]] = {}

    def config_get_facts(
        self, host: Name, prefix: Prefix | None = None, limit: Limit = 20, cursor: Cursor = None
    ) -> Reply[models.Facts]:
        """Facts of a host, by name; prefix narrows them, such as `os`. A real backend knows localhost alone."""
        found = self._fetched(host)
        rows = [
            models.FactRow(fact=fact.name, value=fact.value)
            for fact in found.value
            if prefix is None or fact.name.startswith(prefix)
        ]
        page = paged(rows, limit, cursor)
        return page.reply(
            models.Facts(facts=list(page.rows)),
            f"{page.total} facts",
            observed_at=found.at,
        )

    def _fetched(self, host: str) -> Fetched[Sequence[Fact]]:
        if host != "localhost":
            return Cached[Sequence[Fact]](0).get(lambda: self._inventory.facts(host))
        return self._kept.setdefault(host, Cached(FACTS_S)).get(lambda: self._inventory.facts(host))


class Checking:
    """The reads over playbooks or manifests."""

    def __init__(self, checker: Checker, playbooks: Playbooks) -> None:
        self._checker = checker
        self._playbooks = playbooks
        self._kept: dict[str, tuple[str | None, Cached[Run]]] = {}

    def config_list_playbooks(self) -> Reply[models.Playbooks]:
        """Playbooks or manifests that may be run, and whether and how each can be taken back."""
        there = [name for name in sorted(self._playbooks.allow) if self._playbooks.has(name)]
        rows = [self._row(name, self._playbooks.sidecar(name)) for name in there]
        missing = sorted(set(self._playbooks.allow) - set(there))
        return Reply(models.Playbooks(playbooks=rows, missing=missing), f"{len(rows)} allowed, {len(missing)} missing")

    def config_check_playbook(
        self, name: PlaybookName, limit: Limit = 20, cursor: Cursor = None
    ) -> Reply[models.Check]:
        """What an allowed playbook would change, with the differences; nothing is changed."""
        return self._checked(name, limit, cursor)

    def config_check_drift(self, name: PlaybookName, limit: Limit = 20, cursor: Cursor = None) -> Reply[models.Check]:
        """Where this machine differs from an allowed manifest; nothing is changed."""
        return self._checked(name, limit, cursor)

    def forget(self) -> None:
        """Look anew: something was changed."""
        self._kept.clear()

    def look(self, name: str, sha256: str | None) -> Fetched[Run]:
        """What a check of this content says, now or a moment ago. Raises: ToolError."""
        path = self._playbooks.path(name)
        kept = self._kept.get(name)
        if kept is None or kept[0] != sha256:
            kept = self._kept[name] = (sha256, Cached(CHECK_S))
        return kept[1].get(lambda: self._checker.check(path))

    def _checked(self, name: str, limit: int, cursor: str | None) -> Reply[models.Check]:
        sha256 = self._playbooks.content(name) if self._playbooks.kind == "playbook" else None
        found = self.look(name, sha256)
        rows = [models.ResultRow.of(each) for each in found.value.results]
        page, ran = paged(rows, limit, cursor), found.value
        data = models.Check(
            name=name,
            sha256=sha256,
            results=list(page.rows),
            looked_at=ran.looked_at,
            differs=ran.differs,
            failed=ran.failed,
        )
        text = f"{ran.differs} differ, {ran.failed} failed"
        return page.reply(data, text, observed_at=found.at, beside=True)

    def _row(self, name: str, sidecar: Sidecar) -> models.PlaybookRow:
        return models.PlaybookRow(
            name=name,
            kind=self._playbooks.kind,
            about=sidecar.about,
            can_apply=self._playbooks.kind == "playbook" and sidecar.can_apply,
            undo_playbook=sidecar.undo_playbook,
            irreversible=sidecar.irreversible,
        )


class Applying:
    """The change."""

    def __init__(self, ansible: Ansible, playbooks: Playbooks, checking: Checking) -> None:
        self._ansible = ansible
        self._playbooks = playbooks
        self._checking = checking

    def config_apply_playbook(self, name: PlaybookName, sha256: Sha256, reason: Reason) -> Reply[models.Applied]:
        """Run an allowed playbook with the content that config_check_playbook told. Its undo is the playbook that its
        sidecar names; without one it is irreversible."""
        path = self._playbooks.path(name)
        self._same(name, sha256)
        try:
            ran = self._ansible.apply(path)
        finally:
            self._checking.forget()
        data = models.Applied(name=name, tasks=ran.looked_at or 0, changed=ran.differs)
        return Reply(data, f"{ran.differs} of {ran.looked_at} tasks changed something")

    def plan_apply(self, name: str, sha256: str, reason: str) -> Plan:
        """What a check says it would change.

        Raises: ToolError for one nobody thought through, that fails, or that holds something else by now."""
        sidecar = self._playbooks.sidecar(name)
        undo = self._undo(sidecar)
        ran = self._checking.look(name, self._same(name, sha256)).value
        if ran.failed:
            raise ToolError("check_failed", f"{ran.failed} tasks fail in the check", "see config_check_playbook")
        target = " and ".join(sorted({name, sidecar.undo_playbook or name}))
        felt = f"{ran.differs} of {ran.looked_at} tasks would change something on {ran.hosts} hosts"
        lasting = "" if undo else "; it cannot be taken back"
        return Plan(f"playbook {target}", f"{felt}{lasting}; content {sha256.lower()}", undo, dry_run="passed")

    def applied(self, name: str, sha256: str, reason: str) -> bool:
        """Whether a second check finds nothing left to change."""
        ran = self._ansible.check(self._playbooks.path(name))
        return not ran.differs and not ran.failed

    def _undo(self, sidecar: Sidecar) -> Undo | None:
        if not sidecar.can_apply:
            hint = "a sidecar file names undo_playbook, or says irreversible: true"
            raise ToolError("not_declared", "nobody said how this playbook is taken back", hint)
        if sidecar.undo_playbook is None:
            return None
        if not self._playbooks.sidecar(sidecar.undo_playbook).can_apply:
            raise ToolError("not_declared", "the undo playbook itself must not be applied", "give it a sidecar too")
        sha256 = self._playbooks.content(sidecar.undo_playbook)
        return Undo("config_apply_playbook", {"name": sidecar.undo_playbook, "sha256": sha256})

    def _same(self, name: str, sha256: str) -> str:
        """The hash, when the playbook still is what it says. Raises: ToolError."""
        if (now := self._playbooks.content(name)) != sha256.lower():
            raise ToolError("content_changed", "the playbook is not what was named", "see config_check_playbook again")
        return now


def build(parts: Parts, settings: ConfigSettings) -> SecurityServer:
    """The config server of this lab, or over the system that is configured."""
    chosen = parts.backend(settings.backend)
    if chosen == "ansible":
        return _ansible(parts, settings)
    if chosen == "puppet":
        puppet = Puppet(settings.timeout_s)
        checking = Checking(puppet, Playbooks(settings.folder, settings.allow, "manifest"))
        reads: list[Method] = [
            Facts(puppet).config_get_facts,
            checking.config_list_playbooks,
            checking.config_check_drift,
        ]
        return _real(parts, settings, puppet, reads, [], "puppet")
    facts = Facts(LabInventory(parts.door))
    return lab_server(
        "config",
        parts.door,
        reads=[facts.config_get_facts],
        instructions=NEEDS,
        settings=settings,
        conditions=parts.conditions,
    )


def _ansible(parts: Parts, settings: ConfigSettings) -> SecurityServer:
    ansible = Ansible(settings.inventory, settings.timeout_s, settings.apply_timeout_s)
    playbooks = Playbooks(settings.folder, settings.allow, "playbook", settings.inventory)
    checking = Checking(ansible, playbooks)
    applying = Applying(ansible, playbooks, checking)
    reads: list[Method] = [
        Facts(ansible).config_get_facts,
        checking.config_list_playbooks,
        checking.config_check_playbook,
    ]
    change = Change(
        applying.config_apply_playbook,
        applying.plan_apply,
        applying.applied,
        risk="high",
        expiry="hold",
        undo="config_apply_playbook",
        rate=Rate(20, per_s=3600),
    )
    hosts = settings.inventory or "this machine"
    return _real(parts, settings, ansible, reads, [change], f"ansible over {hosts}, playbooks in {settings.folder}")


def _real(
    parts: Parts,
    settings: ConfigSettings,
    inventory: Inventory,
    reads: Sequence[Method],
    changes: Sequence[Change],
    product: str,
) -> SecurityServer:
    return build_server(
        "config",
        reads=reads,
        changes=changes,
        backend="real",
        synthetic=False,
        probe=inventory.probe,
        product=product,
        instructions=NEEDS,
        settings=settings,
        conditions=parts.conditions,
    )
