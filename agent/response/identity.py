"""Who asks: a person at this machine, a user of `users.toml`, or a service that sends alerts."""

from typing import Annotated, Literal, TypeAlias

from pydantic import Field, StringConstraints

from agent.models import Model

Role: TypeAlias = Literal["viewer", "analyst", "responder", "admin", "service"]
"""What each may do is in `roles.cedar`."""
IdentityKind: TypeAlias = Literal["os_user", "user", "service"]

UserName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}$")]
"""Plain enough to stand in a log line, an audit entry and a note without being mistaken for anything else."""


class Identity(Model):
    """Somebody who was recognised. What they may do is decided when they do it, not here."""

    name: str = Field(min_length=1)
    """Notes, closings and audit entries are signed with it."""
    roles: tuple[Role, ...]
    kind: IdentityKind


def local_user(name: str) -> Identity:
    """The person who runs our processes: could read and write every file of ours anyway, so is administrator here."""
    return Identity(name=name, roles=("admin",), kind="os_user")
