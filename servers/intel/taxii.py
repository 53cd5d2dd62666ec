"""A TAXII 2.1 client: the objects of one collection that were added since last time, page by page.

Source: https://docs.oasis-open.org/cti/taxii/v2.1/os/taxii-v2.1-os.html, sections 5.3 and 5.4.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Final, TypeVar

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from servers.errors import ConfigurationError, ToolError
from servers.intel.settings import IntelSettings
from servers.kit.http import Http, Scalar

MEDIA: Final = "application/taxii+json;version=2.1"
MOST_PAGES: Final = 2_000
_COLLECTION = re.compile(
    r"(?P<base>https?://[^/?#@\s]+)(?P<path>(?:/[A-Za-z0-9._~-]+)*/collections/[A-Za-z0-9._~-]+)/?"
)
_DATE = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?Z$"


class _Page(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    more: bool = False
    next: Annotated[str, Field(max_length=1_000)] | None = None


class Envelope(_Page):
    """One page of objects."""

    objects: tuple[JsonValue, ...] = ()


class Record(BaseModel):
    """What the manifest says of one object."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    date_added: Annotated[str, Field(pattern=_DATE)]


class Manifest(_Page):
    """One page of the manifest."""

    objects: tuple[Record, ...] = ()


class Info(BaseModel):
    """What a collection says of itself."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    can_read: bool


P = TypeVar("P", Envelope, Manifest)


@dataclass(frozen=True, slots=True)
class Collection:
    """One collection of a TAXII server."""

    http: Http
    path: str
    page: int

    def readable(self) -> bool:
        """Whether this user may read it. Raises: ToolError."""
        return _checked(Info, self.http.get(f"{self.path}/")).can_read

    def newest(self, added_after: str | None) -> str | None:
        """When the last object was added, after a time; None when there is none. Raises: ToolError."""
        pages = self._pages(Manifest, f"{self.path}/manifest/", added_after)
        return max((each.date_added for page in pages for each in page.objects), default=None)

    def objects(self, added_after: str | None) -> Iterator[tuple[JsonValue, ...]]:
        """Pages of objects added after a time. Raises: ToolError."""
        for page in self._pages(Envelope, f"{self.path}/objects/", added_after):
            yield page.objects

    def _pages(self, model: type[P], path: str, added_after: str | None) -> Iterator[P]:
        token: str | None = None
        for _ in range(MOST_PAGES):
            asked: dict[str, Scalar | None] = {"added_after": added_after, "limit": self.page, "next": token}
            page = _checked(model, self.http.get(path, params=asked))
            yield page
            if not page.more:
                return
            if not page.next or (page.next == token and not page.objects):
                raise ToolError("bad_answer", "the TAXII server has more objects and does not say how to go on")
            token = page.next
        raise ToolError("too_large", f"the TAXII server gave more than {MOST_PAGES} pages", "a larger page may do")


def collection(settings: IntelSettings) -> Collection:
    """The collection of these settings.

    Raises: ConfigurationError for an address that is none."""
    match = _COLLECTION.fullmatch(settings.taxii_collection or "")
    if match is None:
        raise ConfigurationError("MCPSOC_INTEL_TAXII_COLLECTION: give https://host/api-root/collections/ID")
    auth = (settings.taxii_user, settings.taxii_password) if settings.taxii_user else None
    http = Http(
        match["base"],
        product="the TAXII server",
        setting="MCPSOC_INTEL_TAXII_COLLECTION",
        headers={"Accept": MEDIA},
        auth=auth,
        ca_file=settings.taxii_ca_file,
        timeout_s=30.0,
        most_bytes=50_000_000,
    )
    return Collection(http, match["path"], settings.taxii_page)


T = TypeVar("T", bound=BaseModel)


def _checked(model: type[T], value: JsonValue) -> T:
    try:
        return model.model_validate(value)
    except ValidationError:
        raise ToolError("bad_answer", "the TAXII server answered in another shape", "is it TAXII 2.1?") from None
