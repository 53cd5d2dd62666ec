"""What a document says of itself before its text, between two lines of `---`."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from knowledge.errors import DocumentError
from knowledge.models import Kind, Language, Readers

_LONGEST = 8_000
"""Characters."""


def _start(value: object) -> object:
    """A day without a time is its first moment; a time without a zone is UTC."""
    if isinstance(value, str):
        value = _read(value)
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    return datetime.combine(value, time(), UTC) if isinstance(value, date) else value


def _end(value: object) -> object:
    """A day without a time counts to its end."""
    if isinstance(value, str):
        value = _read(value)
    whole_day = isinstance(value, date) and not isinstance(value, datetime)
    found = _start(value)
    return found + timedelta(days=1) if whole_day and isinstance(found, datetime) else found


def _read(value: str) -> object:
    try:
        return date.fromisoformat(value) if len(value) == 10 else datetime.fromisoformat(value)
    except ValueError:
        return value


def _several(value: object) -> object:
    """One name may stand without brackets."""
    return (value,) if isinstance(value, str) else value


Names = Annotated[tuple[Annotated[str, Field(min_length=1, max_length=200)], ...], BeforeValidator(_several)]


class FrontMatter(BaseModel):
    """All of it may be left out."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    title: Annotated[str, Field(max_length=300)] = ""
    kind: Kind | None = None
    language: Language | None = None
    valid_from: Annotated[datetime | None, BeforeValidator(_start)] = None
    valid_until: Annotated[datetime | None, BeforeValidator(_end)] = None
    """A day counts to its end."""
    tenants: Names = ()
    roles: Names = ()
    techniques: Names = ()
    """ATT&CK ids the document is about."""

    @property
    def readers(self) -> Readers:
        """Who may read it."""
        return Readers(self.tenants, self.roles)


class StrictFrontMatter(FrontMatter):
    """The same, and a name it does not know is a mistake: for documents that are our own."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def parted(text: str) -> tuple[str, str]:
    """The front matter (empty when there is none) and the text after it."""
    first, _, rest = text.lstrip("\n").partition("\n")
    if first.rstrip() != "---":
        return "", text
    lines = rest.split("\n")
    end = next((place for place, line in enumerate(lines) if line.rstrip() in ("---", "...")), None)
    head = "\n".join(lines[:end]) if end is not None else ""
    return (head, "\n".join(lines[end + 1 :])) if end is not None and _is_table(head) else ("", text)


def _is_table(head: str) -> bool:
    """Whether it begins like `name: value`; two lines drawn across a page are no front matter."""
    first = next((line for line in head.split("\n") if line.strip() and not line.lstrip().startswith("#")), "")
    return ":" in first


def front_matter(document_id: str, head: str, form: type[FrontMatter] = FrontMatter) -> FrontMatter:
    """Read it. Raises: DocumentError; one that is not understood could have said who may read the document."""
    if len(head) > _LONGEST:
        raise DocumentError(f"{document_id}: its front matter is longer than {_LONGEST} characters")
    try:
        found = yaml.safe_load(head) if head.strip() else {}
        return form.model_validate(found)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "all of it"
        raise DocumentError(f"{document_id}: front matter, {place}: {first['msg']}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise DocumentError(f"{document_id}: its front matter is not YAML: {str(error).splitlines()[0]}") from error
