"""The directory of the simulated enterprise: its accounts, groups and sign-ins."""

from collections.abc import Iterator

from servers.embedded import LabDoor, Name, Reason, asked, blind_spot, check_window, cursors_of, iso_or_none
from servers.identity.models import Account, Changed, Group, Groups, Members, OneAccount, SignIns
from servers.identity.signins import SENSORS, sign_ins
from servers.kit import Cursor, Hit, Limit, NotFoundError, Plan, Protected, Reply, Time, Undo, paged
from servers.kit.ecs import Event
from servers.kit.envelope import iso
from servers.lab.queries import entities, network
from servers.lab.records import Account as Row
from servers.lab.records import Containment

BY = "identity server"


class LabIdentity:
    """Tools over the directory of the lab."""

    def __init__(self, door: LabDoor, protected: Protected) -> None:
        self._door = door
        self._protected = protected

    def identity_get_account(self, account: Name) -> Reply[OneAccount]:
        """One account (by name, security id or mail address): kind, privileges, devices, groups, person, enabled."""
        row = self._row(account)
        return Reply(OneAccount(account=self._account(row)), f"1 account, {row.kind}")

    def identity_list_signins(
        self,
        start: Time,
        end: Time,
        account: Name | None = None,
        source_ip: Name | None = None,
        limit: Limit = 20,
        cursor: Cursor = None,
    ) -> Reply[SignIns]:
        """Sign-ins (cloud and domain) of an account and those attempted at it, and/or from an address, earliest first.

        failures, successes and accounts count everything that matches, not only the rows shown."""
        check_window(start, end)
        db = self._door.db
        found = sign_ins(db, account=account, source_ip=source_ip, start=start, end=end, limit=limit, cursor=cursor)
        return Reply(
            SignIns(
                signins=[Event(event) for event in found.events],
                failures=found.failures,
                successes=found.successes,
                accounts=found.accounts,
            ),
            f"{found.successes} successes and {found.failures} failures for {found.accounts} accounts",
            sensor=SENSORS[0],
            query=asked({"account": account, "source.ip": source_ip}, start, end),
            total=found.total,
            after=cursors_of(found.events),
            more=found.more,
            stale=blind_spot(db, SENSORS, None, start, end),
        )

    def identity_list_groups(self, limit: Limit = 20, cursor: Cursor = None) -> Reply[Groups]:
        """The groups: name, whether privileged, number of members."""
        page = paged(entities.list_groups(self._door.db), limit, cursor)
        groups = [Group(name=name, privileged=privileged, members=members) for name, privileged, members in page.rows]
        text = f"{len(groups)} of {page.total} groups"
        return page.reply(Groups(groups=groups), text)

    def identity_list_members(self, group: Name, limit: Limit = 20, cursor: Cursor = None) -> Reply[Members]:
        """Accounts that are members of a group."""
        members = entities.members_of(self._door.db, group)
        if members is None:
            raise NotFoundError("no group has this name", "identity_list_groups gives the names")
        page = paged(members, limit, cursor)
        data = Members(group=group, members=list(page.rows))
        return page.reply(data, f"{page.total} members")

    def identity_disable_account(self, account: Name, reason: Reason) -> Reply[Changed]:
        """Disable an account and end its sessions; it stays disabled until identity_enable_account."""
        name = self._row(account).name
        self._door.lab.contain("disable_account", name, None, BY)
        return Reply(Changed(account=name, change="disabled"), "1 account disabled")

    def identity_enable_account(self, account: Name, reason: Reason) -> Reply[Changed]:
        """Enable an account that a containment disabled."""
        name = self._row(account).name
        lifted = self._door.lab.release("disable_account", name, BY)
        text = "1 account enabled" if lifted else "the account was not disabled by a containment"
        return Reply(Changed(account=name, change="enabled" if lifted else "was not disabled"), text)

    def plan_disable(self, account: Name, reason: Reason) -> Plan:
        """Whom it would shut out."""
        row = self._row(account)
        return Plan(
            target=row.name,
            blast_radius=f"1 {row.kind} account, {len(row.devices)} devices signed in with it",
            undo=Undo("identity_enable_account", {"account": row.name}),
            hits=tuple(self._guards(row)),
        )

    def is_disabled(self, account: Name, reason: Reason) -> bool:
        """Whether the directory holds it disabled."""
        return self._measure(self._row(account).name) is not None

    def plan_enable(self, account: Name, reason: Reason) -> Plan:
        """Whom it would let in again."""
        row = self._row(account)
        held = "disabled by a containment" if self._measure(row.name) else "not disabled by a containment"
        return Plan(target=row.name, blast_radius=f"1 {row.kind} account, {held}")

    def is_enabled(self, account: Name, reason: Reason) -> bool:
        """Whether no containment holds it disabled."""
        return self._measure(self._row(account).name) is None

    def _guards(self, row: Row) -> Iterator[Hit]:
        yield from self._protected.account(row.name)
        if row.kind in ("break_glass", "service"):
            yield Hit(f"{row.kind}_account", f"a {row.kind} account is never disabled by a program")
        if row.kind == "admin" and not self._other_administrators(row.name):
            yield Hit("last_administrator", "no other administrator could sign in")

    def _other_administrators(self, name: str) -> bool:
        return bool(set(entities.enabled_accounts(self._door.db, kind="admin")) - {name})

    def _measure(self, name: str) -> Containment | None:
        return network.contained(self._door.db, kind="disable_account", target=name, at=self._door.now())

    def _row(self, account: str) -> Row:
        """The account of that name; `DOMAIN\\name` and another letter case name it too."""
        bare = account.rpartition("\\")[2].lower()
        row = entities.get_account(self._door.db, account) or entities.get_account(self._door.db, bare)
        if row is None:
            raise NotFoundError("the directory has no such account", "accounts are found by name, security id or mail")
        return row

    def _account(self, row: Row) -> Account:
        db = self._door.db
        measure = self._measure(row.name)
        person = None if row.person is None else entities.get_person(db, row.person)
        manager = None if person is None or person.manager is None else entities.get_person(db, person.manager)
        return Account(
            name=row.name,
            kind=row.kind,
            sid=row.sid,
            enabled=row.enabled and measure is None,
            disabled_since=None if measure is None else iso(measure.since),
            privileged=row.privileged,
            mfa=row.mfa,
            created=iso(row.created),
            password_changed=iso(row.password_changed),
            devices=list(row.devices),
            groups=list(entities.groups_of(db, row.name)),
            person=None if person is None else person.name,
            email=None if person is None else person.email,
            department=None if person is None else person.department,
            manager=None if manager is None else manager.name,
            title=None if person is None else person.title,
            site=None if person is None else person.site,
            employed_until=None if person is None else iso_or_none(person.employed_until),
        )
