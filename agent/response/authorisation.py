"""May this identity do this? One function, asked by the API, the command line and the page's server alike.

The rules are Cedar policies in `roles.cedar`; whatever they do not permit is refused, also when they are broken.
"""

from functools import lru_cache
from importlib.resources import files
from typing import Final, Literal, TypeAlias, get_args

from cedarpy import PolicySet, is_authorized

from agent.models import World
from agent.response.errors import NotAllowedError, PolicyError
from agent.response.identity import Identity, IdentityKind, Role

Permission: TypeAlias = Literal[
    "case.read",
    "case.take",
    "case.note",
    "case.close",
    "case.reopen",
    "alert.post",
    "alert.retry",
    "chat.ask",
    "server.read",
    "knowledge.read",
    "metrics.read",
    "user.manage",
]
PERMISSIONS: Final[tuple[Permission, ...]] = get_args(Permission)


def authorise(identity: Identity, permission: Permission, *, world: World, resource: str | None = None) -> None:
    """Return when `identity` may do this in `world`; `resource`, such as a case id, only makes the refusal clearer.

    Raises: NotAllowedError when no rule permits it; PolicyError when the rules cannot be evaluated."""
    if _permitted(frozenset(identity.roles), identity.kind, permission, world):
        return
    where = f" on {resource}" if resource else ""
    roles = ", ".join(sorted(identity.roles)) or "none"
    raise NotAllowedError(
        f"{identity.name} may not {permission}{where} in {world}; roles: {roles}",
        identity=identity.name,
        permission=permission,
    )


def permissions_of(identity: Identity, world: World) -> tuple[Permission, ...]:
    """Everything `identity` may do in `world`, in the order of `PERMISSIONS`."""
    roles = frozenset(identity.roles)
    return tuple(item for item in PERMISSIONS if _permitted(roles, identity.kind, item, world))


@lru_cache(maxsize=4096)
def _permitted(roles: frozenset[Role], kind: IdentityKind, permission: Permission, world: World) -> bool:
    """The answer of the policy: who somebody is matters to it only through kind and roles, so few answers are kept."""
    who = {"type": "Identity", "id": kind}
    parents = [{"type": "Role", "id": role} for role in sorted(roles)]
    answer = is_authorized(
        {
            "principal": who,
            "action": {"type": "Action", "id": permission},
            "resource": {"type": "World", "id": world},
            "context": {},
        },
        _policy(),
        [{"uid": who, "attrs": {"kind": kind}, "parents": parents}],
    )
    if answer.diagnostics.errors:
        raise PolicyError(f"roles.cedar: {'; '.join(answer.diagnostics.errors)}")
    return bool(answer.allowed)


@lru_cache(maxsize=1)
def _policy() -> PolicySet:
    text = files("agent.response").joinpath("roles.cedar").read_text(encoding="utf-8")
    try:
        return PolicySet.from_str(text)
    except ValueError as error:
        raise PolicyError(f"roles.cedar: {error}") from error
