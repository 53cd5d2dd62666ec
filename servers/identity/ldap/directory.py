"""Accounts and groups of an LDAP directory. Every method asks it afresh."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from servers.errors import NotFoundError, ToolError
from servers.identity.backend import Person, Team
from servers.identity.ldap.dn import folded
from servers.identity.ldap.door import Door, Edit, Session, escaped
from servers.identity.ldap.entry import Entry, Policy, admitted, lock_of
from servers.identity.settings import IdentitySettings

LOCK: Final = "pwdAccountLockedTime"
_POLICY: Final = ("pwdLockout", "pwdLockoutDuration", "pwdMaxAge", "pwdMaxIdle")
_PERSON: Final = (
    "cn", "displayName", "mail", "title", "department", "departmentNumber", "manager", "createTimestamp", LOCK,
    "pwdChangedTime", "pwdFailureTime", "pwdReset", "pwdPolicySubentry", "pwdLastSuccess", "authTimestamp",
    "pwdStartTime", "pwdEndTime",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class LdapDirectory:
    """The directory these settings lead to."""

    settings: IdentitySettings
    now: Callable[[], datetime]

    def find(self, name: str, *, by_mail: bool) -> Person:
        """`DOMAIN\\name` names an account too."""
        wanted = escaped(name.rpartition("\\")[2])
        found = self._people(f"({self.settings.name_attribute}={wanted})")
        if not found and by_mail:
            found = self._people(f"(mail={wanted})")
        if not found:
            raise NotFoundError("the directory has no such account", "accounts are found by name or mail address")
        if len(found) > 1:
            raise ToolError("ambiguous", "several accounts have this name or address", "give the account's name")
        return found[0]

    def search(self, text: str) -> Sequence[Person]:
        """Anywhere in name, shown name or mail address."""
        part = escaped(text)
        named = (self.settings.name_attribute, "cn", "displayName", "mail")
        return self._people(f"(|{''.join(f'({each}=*{part}*)' for each in named)})")

    def everybody(self) -> Sequence[Person]:
        """All accounts."""
        return self._people("")

    def groups(self) -> Sequence[Team]:
        """All groups, with everybody they name."""
        held = self.settings.member_attribute
        with Door(self.settings).session() as session:
            found = session.search(self.settings.group_base, self.settings.group_filter, ["cn", held])
        return sorted((_team(each, held) for each in found), key=lambda team: team.name.casefold())

    def people_at(self, keys: Sequence[str]) -> Sequence[Person]:
        """Entry by entry in one session."""
        found: list[Entry] = []
        with Door(self.settings).session() as session:
            for key in keys:
                try:
                    found += session.search(key, self.settings.user_filter, self._attributes(), "BASE")
                except NotFoundError:
                    continue
            policies = self._policies(session, found)
        return [person for each in found if (person := self._person(each, policies)).name]

    def with_password(self, people: Sequence[Person]) -> Sequence[Person]:
        """By a condition: for that, the right to search the attribute is enough, and no password is read."""
        with Door(self.settings).session() as session:
            return [each for each in people if _fits(session, each.key, "(userPassword=*)")]

    def set_lock(self, person: Person, value: str | None) -> None:
        """Both halves in one change: the lock that was read goes, the new one comes."""
        edits: list[Edit] = []
        if person.held is not None:
            edits.append(("delete", LOCK, person.held))
        if value is not None:
            edits.append(("add", LOCK, value))
        if edits and person.held != value:
            with Door(self.settings).session() as session:
                session.change(person.key, edits)

    def add_member(self, team: Team, person: Person) -> None:
        """One value of the group's own attribute."""
        with Door(self.settings).session() as session:
            session.change(team.key, [("add", self.settings.member_attribute, person.key)])

    def remove_member(self, team: Team, person: Person) -> None:
        """The value as the group spells it."""
        spelled = team.members.get(person.id, person.key)
        with Door(self.settings).session() as session:
            session.change(team.key, [("delete", self.settings.member_attribute, spelled)])

    def is_mine(self, person: Person) -> bool:
        """By the name it signs in with, and by what the directory takes that for."""
        with Door(self.settings).session() as session:
            who = session.who().removeprefix("dn:")
        return person.id in (folded(self.settings.bind_dn), folded(who))

    def probe(self) -> str:
        """Product and protection, once both trees were found. Raises: ToolError."""
        with Door(self.settings).session() as session:
            for base in (self.settings.user_base, self.settings.group_base):
                session.search(base, "(objectClass=*)", ["objectClass"], "BASE")
            root = session.search("", "(objectClass=*)", ["vendorName", "structuralObjectClass"], "BASE")
        kind = "OpenLDAP" if root and root[0].one("structuralObjectClass") == "OpenLDAProotDSE" else "an LDAP directory"
        return f"{kind} over TLS, {'with' if self.settings.admin_groups else 'without'} groups of administrators named"

    def _people(self, condition: str) -> Sequence[Person]:
        wanted = f"(&{self.settings.user_filter}{condition})" if condition else self.settings.user_filter
        with Door(self.settings).session() as session:
            found = session.search(self.settings.user_base, wanted, self._attributes())
            policies = self._policies(session, found)
        people = [self._person(each, policies) for each in found]
        return sorted((each for each in people if each.name), key=lambda person: person.name.casefold())

    def _policy_of(self, entry: Entry) -> str | None:
        return entry.one("pwdPolicySubentry") or self.settings.default_policy

    def _attributes(self) -> Sequence[str]:
        return [self.settings.name_attribute, *_PERSON]

    def _policies(self, session: Session, entries: Sequence[Entry]) -> Mapping[str, Policy]:
        """The policies that these entries are under, as far as this server may read them."""
        held: dict[str, Policy] = {}
        for name in sorted({name for each in entries if (name := self._policy_of(each))}):
            try:
                for entry in session.search(name, "(objectClass=*)", _POLICY, "BASE"):
                    held[folded(name)] = Policy.of(entry)
            except NotFoundError:
                continue
        return held

    def _person(self, entry: Entry, policies: Mapping[str, Policy]) -> Person:
        named = self._policy_of(entry)
        policy = None if named is None else policies.get(folded(named))
        changed = entry.time("pwdChangedTime") or entry.time("createTimestamp")
        age = None if policy is None else policy.max_age
        return Person(
            key=entry.dn,
            id=folded(entry.dn),
            name=entry.one(self.settings.name_attribute) or "",
            also=tuple(entry.all(self.settings.name_attribute)[1:]),
            lock=lock_of(entry, policy, self.now()),
            held=entry.one(LOCK),
            can_be_locked=None if policy is None else policy.locks,
            admitted=admitted(entry, policy, self.now()),
            created=entry.time("createTimestamp"),
            password_changed=entry.time("pwdChangedTime"),
            password_expires=None if changed is None or age is None else changed + age,
            must_change_password=(entry.one("pwdReset") or "").upper() == "TRUE",
            last_sign_in=entry.time("pwdLastSuccess") or entry.time("authTimestamp"),
            failures=len(entry.all("pwdFailureTime")),
            policy=named,
            shown_name=entry.one("displayName") or entry.one("cn"),
            email=entry.one("mail"),
            title=entry.one("title"),
            department=entry.one("department") or entry.one("departmentNumber"),
            manager=_first_part(entry.one("manager")),
        )


def _fits(session: Session, key: str, condition: str) -> bool:
    """Whether an entry is there and fits a condition."""
    try:
        return bool(session.search(key, condition, ["1.1"], "BASE"))
    except NotFoundError:
        return False


def _team(entry: Entry, held: str) -> Team:
    members = {folded(each): each for each in entry.all(held)}
    return Team(entry.dn, folded(entry.dn), entry.one("cn") or entry.dn, members)


def _first_part(dn: str | None) -> str | None:
    """What a name begins with: the account's own name where accounts are named by it."""
    return None if dn is None else dn.partition(",")[0].partition("=")[2] or None
