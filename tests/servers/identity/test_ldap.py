"""The identity server in front of a real OpenLDAP: locks that bind, groups in groups, and whom nothing may touch."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import JsonValue, SecretStr

from servers.identity.server import build
from servers.kit import Protected, SecurityServer
from tests.servers.acting import Analyst, Envelope, analyst, part
from tests.servers.identity.slapd import PLANTED, SUFFIX, Directory, person, slapd

pytestmark = pytest.mark.thorough

WHY: Envelope = {"reason": "drill"}


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Directory]:
    """A directory that a test may change."""
    with slapd(tmp_path) as running:
        yield running


def ours(directory: Directory, tmp_path: Path, protected: Protected | None = None, **settings: object) -> Analyst:
    """The server over it."""
    chosen = directory.settings(**settings)
    return analyst(build, chosen, tmp_path, protected=protected)


def account(envelope: Envelope) -> dict[str, JsonValue]:
    """The account in an answer."""
    found = part(envelope, "data", "account")
    assert isinstance(found, dict)
    return found


def guards(envelope: Envelope) -> list[JsonValue]:
    """Names of the guards a plan hit."""
    hits = part(envelope, "action", "guards")
    assert isinstance(hits, list)
    return [part(hit, "guard") for hit in hits]


async def test_account_tells_groups_nested_ones_lock_and_age(directory: Directory, tmp_path: Path) -> None:
    """An administrator through three groups, two of them a circle, is one."""
    server = ours(directory, tmp_path)
    cleo, ben = [account(await server.asks("get_account", account=name)) for name in ("cleo", "CORP\\BEN")]
    finn = account(await server.asks("get_account", account="finn@harbour.test"))

    assert (cleo["groups"], cleo["nested_groups"]) == (["night", "staff"], ["admins", "ops"])
    assert (cleo["kind"], cleo["privileged"], cleo["enabled"], cleo["lock_works"]) == ("admin", True, True, True)
    assert (ben["manager"], ben["title"]) == ("ada", PLANTED)
    assert finn["password_changed"] == "2025-01-02T03:04:05.000Z"
    assert isinstance(finn["password_age_days"], int)
    assert finn["password_age_days"] > 300


async def test_disabled_account_cannot_sign_in_and_enabled_again_can(directory: Directory, tmp_path: Path) -> None:
    """The proof is a sign-in, not what the directory was told."""
    server = ours(directory, tmp_path)
    before = directory.binds("emil"), directory.binds("ada")
    done = await server.does("disable_account", account="ada", **WHY)
    during, held = directory.binds("ada"), directory.value("ada")
    shown = account(await server.asks("get_account", account="ada"))
    undo = part(done, "action", "undo")
    back = await server.does("enable_account", **part(undo, "arguments"), **WHY)

    assert before == (True, True)
    assert (part(done, "action", "verified"), during, held) == (True, False, "000001010000Z")
    assert (shown["enabled"], shown["locked_by"]) == (False, "administrator")
    assert (part(back, "action", "verified"), directory.binds("ada"), directory.value("ada")) == (True, True, None)


async def test_account_locked_before_is_locked_after_the_undo(directory: Directory, tmp_path: Path) -> None:
    """An undo that lets in whom three wrong passwords had shut out gives more than was taken."""
    server = ours(directory, tmp_path)
    for _ in range(3):
        directory.binds("dora", "wrong")
    lock = directory.value("dora")
    done = await server.does("disable_account", account="dora", **WHY)
    disabled = directory.value("dora")
    back = await server.does("enable_account", **part(done, "action", "undo", "arguments"), **WHY)

    assert lock is not None
    assert disabled == "000001010000Z"
    assert part(back, "action", "verified") is True
    assert (directory.value("dora"), directory.binds("dora")) == (lock, False)


async def test_account_disabled_by_somebody_else_has_nothing_to_undo(directory: Directory, tmp_path: Path) -> None:
    """Rolling a case back must not enable what the administrator had disabled."""
    directory.modify(
        f"dn: {person('dora')}\nchangetype: modify\nadd: pwdAccountLockedTime\npwdAccountLockedTime: 000001010000Z\n"
    )
    server = ours(directory, tmp_path)
    done = await server.does("disable_account", account="dora", **WHY)

    assert (part(done, "data", "change"), part(done, "action", "verified")) == ("was disabled", True)
    assert part(done, "action", "undo") is None


async def test_lock_that_the_policy_ignores_is_no_lock(directory: Directory, tmp_path: Path) -> None:
    """With pwdLockout FALSE the attribute is written and everybody signs in as before."""
    server = ours(directory, tmp_path)
    planned = await server.plans("disable_account", account="emil", **WHY)
    unknown = await ours(directory, tmp_path, default_policy=None).does("disable_account", account="dora", **WHY)

    assert part(planned, "error", "code") == "no_effect"
    assert part(unknown, "action", "verified") == "unknown"


async def test_membership_ends_and_comes_back(directory: Directory, tmp_path: Path) -> None:
    """As the directory spells it, and with the groups that hang on it."""
    server = ours(directory, tmp_path)
    done = await server.does("remove_from_group", account="cleo", group="NIGHT", **WHY)
    left = directory.members("night"), account(await server.asks("get_account", account="cleo"))["kind"]
    back = await server.does("add_to_group", **part(done, "action", "undo", "arguments"), **WHY)
    absent = await server.plans("remove_from_group", account="cleo", group="admins", **WHY)
    single = await server.plans("remove_from_group", account="dora", group="solo", **WHY)

    assert (part(done, "action", "verified"), part(back, "action", "verified")) == (True, True)
    assert left == ({"ops"}, "user")
    assert directory.members("night") == {"cleo", "ops"}
    assert part(absent, "error", "code") == "not_a_member"
    assert guards(single) == ["last_member"]


async def test_last_enabled_administrator_stays(directory: Directory, tmp_path: Path) -> None:
    """Counted at the directory: nested, and without those who are locked."""
    server = ours(directory, tmp_path)
    await server.does("disable_account", account="ada", **WHY)
    await server.does("disable_account", account="ben", **WHY)
    last = await server.does("disable_account", account="cleo", **WHY)
    out = await server.plans("remove_from_group", account="cleo", group="night", **WHY)

    assert part(last, "error", "code") == "protected_target"
    assert guards(last) == guards(out) == ["last_administrator"]
    assert directory.binds("cleo")
    assert directory.members("night") == {"cleo", "ops"}


async def test_administrators_who_cannot_sign_in_are_no_others(directory: Directory, tmp_path: Path) -> None:
    """Without a password, outside its time of validity or with an expired password an account brings nobody back in."""
    server = ours(directory, tmp_path)
    change = f"dn: {person('{}')}\nchangetype: modify\n{{}}\n"
    directory.modify(change.format("cleo", "add: pwdEndTime\npwdEndTime: 20200101000000Z"))
    found = {"usable": (directory.binds("ben"), guards(await server.plans("disable_account", account="ada", **WHY)))}
    states = {
        "begins later": "add: pwdStartTime\npwdStartTime: 29990101000000Z",
        "is over": "replace: pwdStartTime\n-\nadd: pwdEndTime\npwdEndTime: 20200101000000Z",
        "without a password": "delete: pwdEndTime\n-\ndelete: userPassword",
    }
    for name, text in states.items():
        directory.modify(change.format("ben", text))
        found[name] = directory.binds("ben"), guards(await server.plans("disable_account", account="ada", **WHY))
    group = f"dn: cn=ops,ou=groups,{SUFFIX}\nchangetype: modify\nadd: member\nmember: {person('finn')}\n"
    directory.modify(group)
    found["expired"] = directory.binds("finn"), guards(await server.plans("disable_account", account="ada", **WHY))

    assert found.pop("usable") == (True, [])
    assert found == dict.fromkeys([*states, "expired"], (False, ["last_administrator"]))


async def test_without_the_right_to_ask_for_passwords_nobody_is_another(directory: Directory, tmp_path: Path) -> None:
    """What cannot be told is not assumed in favour of shutting the last one out."""
    blind = ours(directory, tmp_path, bind_dn=person("bulk"), bind_password=SecretStr("word-of-bulk"))

    assert guards(await blind.plans("disable_account", account="ada", **WHY)) == ["last_administrator"]


async def test_nobody_disables_what_is_protected(directory: Directory, tmp_path: Path) -> None:
    """Break-glass accounts, programs, those the operator names, and the account this server signs in with."""
    server = ours(directory, tmp_path, Protected(accounts=("finn",)))
    itself = ours(directory, tmp_path, bind_dn=person("bulk").upper(), bind_password=SecretStr("word-of-bulk"))
    names = {"glass": "break_glass_account", "svc-backup": "service_account", "finn": "protected_account"}
    found = {name: guards(await server.plans("disable_account", account=name, **WHY)) for name in names}
    own = await itself.plans("disable_account", account="bulk", **WHY)

    assert found == {name: [guard] for name, guard in names.items()}
    assert "own_account" in guards(own)


@pytest.mark.parametrize("name", ["ben", "glass-2", "SVC-web"])
async def test_account_is_protected_by_each_of_its_names(directory: Directory, tmp_path: Path, name: str) -> None:
    """An account may have several; whichever names it, it is the same one that is shut out."""
    for also in ("glass-2", "svc-web"):
        directory.modify(f"dn: {person('ben')}\nchangetype: modify\nadd: uid\nuid: {also}\n")
    server = ours(directory, tmp_path, Protected(accounts=("glass-*",)), admin_groups=("admins",))
    found = guards(await server.plans("disable_account", account=name, **WHY))

    assert found == ["protected_account", "service_account"]
    assert directory.binds("ben")


async def test_without_named_administrators_nothing_changes(directory: Directory, tmp_path: Path) -> None:
    """Nobody could say who the last one is; a group that is not there is no better."""
    server = ours(directory, tmp_path, admin_groups=())
    mistyped = await ours(directory, tmp_path, admin_groups=("admin",)).plans("disable_account", account="ada", **WHY)
    unseen = await ours(directory, tmp_path, member_attribute="uniqueMember").plans(
        "disable_account", account="ada", **WHY
    )

    assert not server.server.changes
    assert part(mistyped, "error", "code") == part(unseen, "error", "code") == "not_configured"


@pytest.mark.parametrize("name", ["*", "a*", "ada)(uid=*", "*)(objectClass=*", "a\\2a", "ada\0", "uid=ada", "(ada"])
async def test_a_name_is_never_a_condition(directory: Directory, tmp_path: Path, name: str) -> None:
    """A star finds nobody, and least of all somebody to disable."""
    server = ours(directory, tmp_path)
    asked = await server.asks("get_account", account=name)
    planned = await server.plans("disable_account", account=name, **WHY)

    assert asked["status"] == "no_data"
    assert part(planned, "error", "code") == "not_found"


async def test_mail_address_never_names_whom_to_disable(directory: Directory, tmp_path: Path) -> None:
    """People write their own address: somebody else's must not bring them in, or shut another out."""
    directory.modify(f"dn: {person('dora')}\nchangetype: modify\nreplace: mail\nmail: ada\n")
    server = ours(directory, tmp_path)

    assert account(await server.asks("get_account", account="ada"))["name"] == "ada"
    assert part(await server.plans("disable_account", account="dora@x", **WHY), "error", "code") == "not_found"
    assert (
        part(await server.plans("disable_account", account="finn@harbour.test", **WHY), "error", "code") == "not_found"
    )


async def test_search_and_totals_count_the_same_people(directory: Directory, tmp_path: Path) -> None:
    """The referral among them is not followed and no person."""
    server = ours(directory, tmp_path)
    directory.binds("finn", "wrong")
    found = await server.asks("search_accounts", text="harbour", limit=2)
    totals = await server.asks("summarise_accounts", password_days=300)
    groups = await server.asks("list_groups")
    members = await server.asks("list_members", group="admins")

    assert (found["total"], part(totals, "data", "accounts")) == (9, 9)
    assert (part(totals, "data", "administrators"), part(totals, "data", "passwords_older")) == (3, 9)
    assert {part(row, "name"): part(row, "privileged") for row in _rows(groups, "groups")}["night"] is True
    assert {part(row, "name"): part(row, "direct") for row in _rows(members, "members")} == {
        "ada": True,
        "ben": False,
        "cleo": False,
    }


async def test_what_people_write_themselves_is_marked(directory: Directory, tmp_path: Path) -> None:
    """A title is an instruction to nobody."""
    envelope = await ours(directory, tmp_path).asks("get_account", account="ben")

    assert "$.account.title" in str(envelope["untrusted"])
    assert PLANTED not in str(envelope["summary"])


async def test_too_many_entries_are_an_error(directory: Directory, tmp_path: Path) -> None:
    """A part of the people would be taken for all of them."""
    more = "".join(
        f"dn: {person(f'p{n}')}\nchangetype: add\nobjectClass: inetOrgPerson\nuid: p{n}\ncn: p\nsn: p\n\n"
        for n in range(250)
    )
    directory.modify(more)
    whole = await ours(directory, tmp_path).asks("summarise_accounts")
    cut = await ours(directory, tmp_path, most_entries=200).asks("summarise_accounts")

    assert part(whole, "data", "accounts") == 259
    assert part(cut, "error", "code") == "too_large"


@pytest.mark.parametrize(
    "changed, code",
    [
        ({"bind_password": SecretStr("canary-of-a-wrong-word")}, "unauthorised"),
        ({"ca_file": None}, "untrusted"),
        ({"url": "ldaps://127.0.0.1:{tls}"}, "untrusted"),
        ({"url": "ldaps://localhost:1"}, "unreachable"),
        ({"user_base": f"ou=nowhere,{SUFFIX}"}, "not_configured"),
    ],
)
async def test_what_is_wrong_is_said(
    directory: Directory, tmp_path: Path, changed: dict[str, object], code: str
) -> None:
    """A directory that cannot be asked is an error, and never one without accounts."""
    given = {key: str(v).format(tls=directory.tls_port) if key == "url" else v for key, v in changed.items()}
    server = ours(directory, tmp_path, **given)
    envelope = await server.asks("summarise_accounts")
    health = await server.server.health()

    assert part(envelope, "error", "code") == code
    assert part(health, "data", "ready") is False
    assert "canary" not in str(envelope)


async def test_plain_address_begins_with_start_tls(directory: Directory, tmp_path: Path) -> None:
    """The password never crosses the wire in the clear."""
    url = f"ldap://localhost:{directory.port}"
    good = await ours(directory, tmp_path, url=url).asks("get_account", account="ada")
    untrusted = await ours(directory, tmp_path, url=url, ca_file=None).asks("get_account", account="ada")

    assert account(good)["name"] == "ada"
    assert part(untrusted, "error", "code") == "untrusted"


async def test_directory_that_ended_is_an_error(directory: Directory, tmp_path: Path) -> None:
    """A product that is down is never replaced."""
    server: SecurityServer = ours(directory, tmp_path).server
    directory.die()
    envelope = await server.call("identity_get_account", {"account": "ada"})

    assert part(envelope, "error", "code") == "unreachable"
    assert part(envelope, "source", "backend") == "real"


def _rows(envelope: Envelope, name: str) -> list[JsonValue]:
    rows = part(envelope, "data", name)
    assert isinstance(rows, list)
    return rows
