"""How a REST ticket system speaks, as a YAML file says it: paths, names of fields, words for a status.

Texts of the file may hold `{project}`, `{id}`, `{title}`, `{text}`, `{note}`, `{status}`, `{limit}`, `{offset}`,
`{page}` and `{query}`; each is put in once, as text. `{query}` is made of `clauses`, whose words are bounded by type:
letters, digits and ` .:@_-` alone, so that no query language has anything to obey.
"""

import re
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, model_validator

from servers.errors import ConfigurationError
from servers.tickets.backend import STATUSES, Seen, Status

SHIPPED: Final = ("request-tracker", "servicenow")
SETTING: Final = "MCPSOC_TICKETS_MAPPING"
MOST_BYTES: Final = 100_000
_PLACE: Final = re.compile(r"\{([a-z]+)\}")
Pointer = Annotated[str, Field(pattern=r"^(/[^/]*)*$")]
"""JSON pointer; empty is the whole answer."""
CallPath = Annotated[str, Field(pattern=r"^/[A-Za-z0-9._~/{}-]*$")]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Auth(_Part):
    """How the credential is sent."""

    kind: Literal["header", "basic"]
    name: str = "Authorization"
    prefix: str = ""


class Listing(_Part):
    """A list of tickets."""

    path: CallPath
    params: dict[str, str] = {}
    rows: Pointer


class Counting(_Part):
    """How many there are."""

    path: CallPath
    params: dict[str, str] = {}
    total: Pointer


class Clauses(_Part):
    """What a query is made of. `{status}` is one word of the system; several are put together."""

    always: str = ""
    """What every query holds, such as the project."""
    one: str = ""
    """What finds the ticket `{id}`. With `always` it tells whether a ticket is of the project; without it any id is
    taken that the account may see."""
    text: str
    status: str
    status_between: str
    status_around: str = "{any}"
    between: str


class Sending(_Part):
    """One call that changes something."""

    method: Literal["POST", "PUT", "PATCH"]
    path: CallPath
    body: JsonValue


class Creating(Sending):
    """The call that makes a ticket."""

    id: Pointer


class Getting(_Part):
    """One ticket."""

    path: CallPath
    ticket: Pointer = ""


class Fields(_Part):
    """Where a ticket has what."""

    id: Pointer
    title: Pointer
    status: Pointer
    text: Pointer | None = None
    created_at: Pointer | None = None
    updated_at: Pointer | None = None


class Dialect(_Part):
    """A whole mapping: how one system speaks."""

    product: Annotated[str, Field(pattern=r"^[\w .()-]{1,60}$")]
    tested: Literal["not tested against the live product", "tested against the live product"]
    auth: Auth
    search: Listing
    count: Counting
    clauses: Clauses
    get: Getting
    create: Creating
    note: Sending
    status: Sending
    fields: Fields
    statuses: dict[Status, str]
    """Our word to the system's, for those a ticket can be given."""
    read_as: dict[str, Status] = {}
    """Other words of the system, and ours for them."""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if not {"open", "withdrawn"} <= self.statuses.keys():
            raise ValueError("statuses needs open and withdrawn: nothing is ever deleted")
        return self

    def words(self, status: Status) -> tuple[str, ...]:
        """What the system calls a status of ours."""
        own = (self.statuses[status],) if status in self.statuses else ()
        return (*own, *(word for word, ours in self.read_as.items() if ours == status and word not in own))

    def seen(self, word: str) -> Seen:
        """Our word for one of the system's."""
        return next((ours for ours in STATUSES if word in self.words(ours)), "other")


def mapping_of(name: str) -> Dialect:
    """A shipped mapping, or the one in a file.

    Raises: ConfigurationError for a file that is missing or no mapping."""
    import yaml

    try:
        if name in SHIPPED:
            content = files("servers.tickets").joinpath("mappings", f"{name}.yaml").read_bytes()
        else:
            content = Path(name).expanduser().read_bytes()
        if len(content) > MOST_BYTES:
            raise ConfigurationError(f"{SETTING}: {name} is too large")
        return Dialect.model_validate(yaml.safe_load(content))
    except OSError as error:
        known = ", ".join(SHIPPED)
        raise ConfigurationError(f"{SETTING}: {name or 'empty'}: {error.strerror}; shipped: {known}") from None
    except (yaml.YAMLError, RecursionError, UnicodeError):
        raise ConfigurationError(f"{SETTING}: {name} is no YAML") from None
    except ValidationError as refusal:
        first = refusal.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ConfigurationError(f"{SETTING}: {place}: {first['msg']}") from None


def filled(template: str, values: Mapping[str, str]) -> str:
    """A text of the mapping with its places filled, once: braces inside a value are text."""
    return _PLACE.sub(lambda match: values.get(match[1], match[0]), template)


def body_of(template: JsonValue, values: Mapping[str, str]) -> JsonValue:
    """A body of the mapping with the places of all its texts filled."""
    if isinstance(template, dict):
        return {name: body_of(value, values) for name, value in template.items()}
    if isinstance(template, list):
        return [body_of(value, values) for value in template]
    return filled(template, values) if isinstance(template, str) else template


def at(document: JsonValue, pointer: str) -> JsonValue:
    """What a JSON pointer leads to; None where it leads nowhere. Source: RFC 6901."""
    for step in pointer.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(document, dict):
            document = document.get(name)
        elif isinstance(document, list) and name.isascii() and name.isdigit() and int(name) < len(document):
            document = document[int(name)]
        else:
            return None
    return document
