"""Tags that this server put on assets: one JSON file, exchanged whole."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from knowledge.trust.owned_files import alone, replace_file
from servers.errors import ToolError

MOST_BYTES: Final = 8_000_000
Tag = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_.:-]{0,39}$")]


class Mark(BaseModel):
    """One tag of one asset."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    since: AwareDatetime
    reason: str


Marks = Mapping[str, Mapping[str, Mark]]
_FORM: Final = TypeAdapter(dict[str, dict[Tag, Mark]])


@dataclass(frozen=True, slots=True)
class TagFile:
    """The tags, by the ids of assets."""

    path: Path

    def held(self) -> Marks:
        """All of them; none when there is no file. Raises: ToolError for a file that is not ours."""
        try:
            with self.path.open("rb") as file:
                data = file.read(MOST_BYTES + 1)
            if len(data) > MOST_BYTES:
                raise _unusable("is too large")
            return _FORM.validate_json(data)
        except FileNotFoundError:
            return {}
        except (OSError, ValidationError):
            raise _unusable("cannot be read") from None

    def add(self, asset: str, tag: str, reason: str, now: datetime) -> None:
        """Put a tag on an asset. Raises: ToolError."""
        with self._mine():
            marks = {key: dict(row) for key, row in self.held().items()}
            marks.setdefault(asset, {}).setdefault(tag, Mark(since=now, reason=reason))
            self._write(marks)

    def remove(self, asset: str, tag: str) -> bool:
        """Take a tag away; False when it was not there. Raises: ToolError."""
        with self._mine():
            marks = {key: dict(row) for key, row in self.held().items()}
            gone = marks.get(asset, {}).pop(tag, None)
            if gone is not None:
                self._write({key: row for key, row in marks.items() if row})
            return gone is not None

    @contextmanager
    def _mine(self) -> Iterator[None]:
        """One writer at a time. Raises: ToolError."""
        try:
            with alone(self.path):
                yield
        except OSError:
            raise _unusable("cannot be written") from None

    def _write(self, marks: Marks) -> None:
        replace_file(self.path, _FORM.dump_json({key: dict(row) for key, row in marks.items()}, indent=1))


def _unusable(why: str) -> ToolError:
    return ToolError("tags_broken", f"the file of tags {why}", "look at asset-tags.json in MCPSOC_HOME")
