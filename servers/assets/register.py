"""The site's register of authorised work: the form of its one JSON file, and how that is read.

The operator alone writes it (class T0), with `mcpsoc authorisations`; the server only reads. Names and addresses have
one spelling each: surrounding blanks go, an address is kept in its canonical form. A network is no address: an entry
has to list each address it stands for, because whether it fits is judged address by address.
"""

from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from servers.errors import RegisterError


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


def _address(text: str) -> str:
    try:
        return str(ip_address(text))
    except ValueError:
        raise ValueError("no IP address; a network or a name has to be entered as its addresses") from None


Moment = Annotated[AwareDatetime, AfterValidator(_utc)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255)]
Address = Annotated[Name, AfterValidator(_address)]
Technique = Annotated[str, Field(pattern=r"^T\d{4}(\.\d{3})?$")]
"""An ATT&CK technique or sub-technique."""


class AuthorisedWork(BaseModel):
    """One piece of authorised work. An empty list of hosts, accounts or addresses means none, not any."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    kind: Literal["change", "scan", "pentest", "travel"]
    title: str = Field(min_length=1, max_length=200)
    approver: str = Field(min_length=1, max_length=200)
    approved_at: Moment
    window_start: Moment
    window_end: Moment
    hosts: tuple[Name, ...] = ()
    accounts: tuple[Name, ...] = ()
    source_addresses: tuple[Address, ...] = ()
    techniques: tuple[Technique, ...] = ()
    note: str = ""
    revoked: bool = False
    """Entries are never taken out, so that yesterday's verdicts stay explainable."""

    @model_validator(mode="after")
    def _window_runs_forward(self) -> "AuthorisedWork":
        if self.window_end <= self.window_start:
            raise ValueError("the window ends before it begins")
        if not (self.hosts or self.accounts or self.source_addresses):
            raise ValueError("name at least one host, account or address")
        return self


_REGISTER = TypeAdapter(tuple[AuthorisedWork, ...])


def read_register(path: Path) -> tuple[AuthorisedWork, ...]:
    """Every entry, oldest first; nothing when there is no file, which is an empty register.

    Raises: RegisterError for a file that cannot be read, or of which any entry is none: half a register would
    leave out a revocation."""
    try:
        return _REGISTER.validate_json(path.read_bytes())
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise RegisterError(path.name, error.strerror or "it cannot be read") from error
    except ValidationError as error:
        raise RegisterError(path.name, first_fault(error)) from error


def first_fault(error: ValidationError) -> str:
    """The first thing wrong and where it stands, in one line."""
    detail = error.errors(include_url=False)[0]
    place = ".".join(str(part) for part in detail["loc"])
    message = detail["msg"].removeprefix("Value error, ")
    return f"{place}: {message}" if place else message
