"""What the API answers, read as the contract says; what else comes is left unread."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Annotated, Final, Generic, Literal, TypeAlias, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, ValidationError

from servers.errors import ToolError

Status: TypeAlias = Literal["active", "pending", "never_connected", "disconnected"]
_FOREVER: Final = 9000
"""From this year on a date says that there is none: the manager's own record has 9999-12-31."""
_ID: Final = r"^\d{3,10}$"
NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,128}")
"""What the manager lets an agent be called."""


def _moment(value: object) -> object:
    """A date, or nothing where the manager writes one that stands for none."""
    if not isinstance(value, str):
        return value
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    found = found if found.tzinfo else found.replace(tzinfo=UTC)
    return found if 1971 <= found.year < _FOREVER else None


def _name(value: str) -> str:
    """Raises: ValueError for a name that the manager would not have taken."""
    if not NAME.fullmatch(value):
        raise ValueError("is no agent's name")
    return value


def _address(value: object) -> object:
    """An address, or nothing where another text stands: agents may be registered as `any`."""
    try:
        return str(ip_address(str(value)))
    except ValueError:
        return None


Moment = Annotated[datetime | None, BeforeValidator(_moment)]
Address = Annotated[str | None, BeforeValidator(_address)]


class Answer(BaseModel):
    """Base: frozen, unknown fields are left out."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class Token(Answer):
    """A login."""

    token: Annotated[str, Field(min_length=1, max_length=8_192, pattern=r"^[A-Za-z0-9._~+/=-]+$")]


class Api(Answer):
    """Who answers."""

    title: str = ""
    api_version: str = ""
    hostname: str = ""


class System(Answer):
    """What an agent says it runs on."""

    name: str | None = None
    version: str | None = None
    platform: str | None = None
    arch: str | None = None


class Agent(Answer):
    """One agent. One that never reported has no version, system or keep-alive."""

    id: Annotated[str, Field(pattern=_ID)]
    name: Annotated[str, AfterValidator(_name)]
    status: Status
    ip: Address = None
    registered: Annotated[Moment, Field(alias="dateAdd")] = None
    last_seen: Annotated[Moment, Field(alias="lastKeepAlive")] = None
    version: str | None = None
    group: tuple[str, ...] = ()
    os: System = System()


class Connections(Answer):
    """Agents by status."""

    active: int
    disconnected: int
    never_connected: int
    pending: int
    total: int


class Summary(Answer):
    """The envelope of the counts."""

    connection: Connections


class _Why(Answer):
    code: int = 0


class Failed(Answer):
    """Items a request could not be carried out for, and why by number."""

    error: _Why = _Why()


A = TypeVar("A", bound=Answer)


class Items(Answer, Generic[A]):
    """A list. HTTP 200 and `error` 0 say nothing of items that failed: those stand here."""

    affected_items: tuple[A, ...]
    total_affected_items: Annotated[int, Field(ge=0)]
    failed_items: tuple[Failed, ...] = ()


def one(model: type[A], body: JsonValue) -> A:
    """The object in `data`. Raises: ToolError when it is another."""
    if not isinstance(body, Mapping):
        raise _bad()
    try:
        return model.model_validate(body.get("data"))
    except ValidationError:
        raise _bad() from None


def agents(body: JsonValue) -> Items[Agent]:
    """The agents in `data`. Raises: ToolError when they are none."""
    return one(Items[Agent], body)


def _bad() -> ToolError:
    return ToolError("bad_answer", "Wazuh answered something that its API does not say", "which version is it?")
