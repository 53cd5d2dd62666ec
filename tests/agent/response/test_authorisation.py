"""Who may do what: the table of the roles, held against the policy."""

import pytest

from agent.response.authorisation import PERMISSIONS, Permission, authorise, permissions_of
from agent.response.errors import NotAllowedError
from agent.response.identity import Identity, Role, local_user

READ: frozenset[Permission] = frozenset({"case.read", "server.read", "knowledge.read", "metrics.read"})
DECIDE: frozenset[Permission] = frozenset({"case.take", "case.note", "case.close", "case.reopen"})
ANALYST: frozenset[Permission] = READ | DECIDE | {"chat.ask", "alert.retry"}
TABLE: dict[Role, frozenset[Permission]] = {
    "viewer": READ,
    "analyst": ANALYST,
    "responder": ANALYST,
    "admin": frozenset(PERMISSIONS),
    "service": frozenset({"alert.post"}),
}


def somebody(*roles: Role) -> Identity:
    return Identity(name="kim", roles=roles, kind="user")


@pytest.mark.parametrize("role", TABLE)
@pytest.mark.parametrize("permission", PERMISSIONS)
def test_role_permits_what_the_table_says_and_nothing_else(role: Role, permission: Permission) -> None:
    """Every cell is a decision somebody took; a change of the policy has to change it here as well."""
    allowed = permission in permissions_of(somebody(role), "site")

    assert allowed == (permission in TABLE[role])


@pytest.mark.parametrize("permission", PERMISSIONS)
def test_asking_and_being_let_through_are_one_answer(permission: Permission) -> None:
    """The page shows a button exactly when the API lets it work."""
    if permission in TABLE["analyst"]:
        authorise(somebody("analyst"), permission, world="lab")
    else:
        with pytest.raises(NotAllowedError):
            authorise(somebody("analyst"), permission, world="lab")


def test_viewer_may_not_close_and_is_told_why() -> None:
    """The refusal names who, what and where, so that somebody can grant it."""
    with pytest.raises(NotAllowedError, match=r"kim may not case\.close on C-3 in site; roles: viewer") as refused:
        authorise(somebody("viewer"), "case.close", world="site", resource="C-3")

    assert (refused.value.identity, refused.value.permission) == ("kim", "case.close")


def test_service_stays_a_service_whatever_else_it_is() -> None:
    """A sensor's token lies on a sensor: it never reads a case, even when somebody made it an administrator."""
    assert permissions_of(somebody("service", "admin"), "site") == ("alert.post",)


def test_roles_add_up() -> None:
    """Two roles permit what either does."""
    assert set(permissions_of(somebody("viewer", "analyst"), "site")) == ANALYST


def test_somebody_without_a_role_may_do_nothing() -> None:
    """Being known is not being allowed."""
    assert permissions_of(somebody(), "site") == ()


def test_local_person_is_administrator() -> None:
    """Who runs the processes could write every file of ours anyway."""
    assert permissions_of(local_user("root"), "lab") == PERMISSIONS
