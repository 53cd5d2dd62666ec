"""Who else may use the API: entering, revoking, listing; authorised and written to the audit log."""

from contextlib import closing

from agent.models import JsonObject, utc_now
from agent.response import users
from agent.response.authorisation import authorise
from agent.response.errors import UsersError
from agent.response.identity import Identity
from agent.response.users import User
from agent.settings import Settings
from knowledge.trust.audit import AuditLog
from ui.home import Home


def add_user(home: Home, who: Identity, name: str, roles: tuple[str, ...]) -> str:
    """Enter a user and return the token, which is kept nowhere. Raises: NotAllowedError, UsersError."""
    authorise(who, "user.manage", world="site", resource=name)
    if name.casefold() == who.name.casefold():
        raise UsersError(f"the name {name} is taken: it is yours")
    token = users.add_user(home.make().users, name, roles)
    _audit(home, who, "user.added", {"user": name, "roles": list(roles)})
    return token


def revoke_user(home: Home, who: Identity, name: str) -> None:
    """Take a user out. Raises: NotAllowedError, UsersError."""
    authorise(who, "user.manage", world="site", resource=name)
    users.revoke_user(home.users, name)
    _audit(home, who, "user.revoked", {"user": name})


def list_users(home: Home, who: Identity) -> tuple[User, ...]:
    """Every user. Raises: NotAllowedError, UsersError."""
    authorise(who, "user.manage", world="site")
    return users.load_users(home.users)


def _audit(home: Home, who: Identity, event: str, data: JsonObject) -> None:
    with closing(AuditLog(home.audit)) as audit:
        audit.append(Settings().site_tenant, who.name, event, data, utc_now())
