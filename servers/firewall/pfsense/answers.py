"""What a box answers, as far as it is used. More fields may come with newer versions and are left alone."""

from typing import TypeVar

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from servers.errors import ToolError


class Answer(BaseModel):
    """Base: frozen, types are taken strictly, what is not used is dropped."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)


class Alias(Answer):
    """One alias. Its id is its place in the list and moves when another is deleted: it holds for one write."""

    id: int
    name: str
    type: str
    address: list[str]
    detail: list[str]

    def details(self) -> list[str]:
        """The text beside each address; empty where the box has none."""
        return [*self.detail, *[""] * len(self.address)][: len(self.address)]


class Applied(Answer):
    """Whether the configuration is live."""

    applied: bool | None = None
    pending_subsystems: list[str] | None = None


class Table(Answer):
    """The addresses of one table of the packet filter: what is really in force."""

    entries: list[str]


class Rule(Answer):
    """One filter rule."""

    type: str
    interface: list[str] | None = None
    ipprotocol: str | None = None
    protocol: str | None = None
    source: str | None = None
    source_port: str | None = None
    destination: str | None = None
    destination_port: str | None = None
    descr: str | None = None
    disabled: bool | None = None
    floating: bool | None = None
    quick: bool | None = None
    direction: str | None = None
    sched: str | None = None
    """Name of the schedule outside of which it does not hold."""
    dscp: str | None = None
    tracker: int | None = None


class State(Answer):
    """One connection; source and destination are `address:port`."""

    protocol: str | None = None
    source: str | None = None
    destination: str | None = None
    state: str | None = None
    packets_total: int | None = None
    bytes_total: int | None = None


class Line(Answer):
    """One raw line of a log."""

    text: str


class Interface(Answer):
    """One interface with its addresses."""

    name: str | None = None
    descr: str | None = None
    hwif: str | None = None
    """Its device, such as em0."""
    status: str | None = None
    ipaddr: str | None = None
    ipaddrv6: str | None = None
    linklocal: str | None = None
    gateway: str | None = None
    gatewayv6: str | None = None


class Gateway(Answer):
    """One gateway as it is watched."""

    name: str | None = None
    srcip: str | None = None
    monitorip: str | None = None
    status: str | None = None


class Dns(Answer):
    """The name servers of the box."""

    dnsserver: list[str] | None = None


class Version(Answer):
    """Version of pfSense."""

    version: str | None = None


class ApiVersion(Answer):
    """Version of the REST API package."""

    current_version: str | None = None


A = TypeVar("A", bound=Answer)


def data_of(body: JsonValue) -> JsonValue:
    """The `data` of an answer. Raises: ToolError when it is none of this API."""
    if not isinstance(body, dict) or "data" not in body:
        raise unexpected("the envelope")
    return body["data"]


def one(kind: type[A], body: JsonValue) -> A:
    """The object an answer holds. Raises: ToolError when it has another shape."""
    try:
        return kind.model_validate(data_of(body))
    except ValidationError:
        raise unexpected(kind.__name__.lower()) from None


def many(kind: type[A], body: JsonValue) -> list[A]:
    """The objects an answer holds. Raises: ToolError when they have another shape."""
    rows = data_of(body)
    if not isinstance(rows, list):
        raise unexpected(kind.__name__.lower())
    try:
        return [kind.model_validate(row) for row in rows]
    except ValidationError:
        raise unexpected(kind.__name__.lower()) from None


def unexpected(what: str) -> ToolError:
    """The answer to an answer that cannot be read."""
    return ToolError(
        "unexpected_answer",
        f"the box's answer ({what}) is not as its API is published",
        "mcpsoc servers verify firewall --backend pfsense shows how",
    )
