"""What a call carries beside its arguments, in the request's `_meta`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from pydantic import JsonValue

from servers.errors import ToolError
from servers.kit.gate import META
from servers.kit.inert import one_line
from servers.kit.tool import meant

Mode: TypeAlias = Literal["plan", "execute"]
PREFIX: Final = "mcpsoc/"
MODE: Final = "mcpsoc/mode"
KEY: Final = "mcpsoc/idempotency-key"
LONGEST_KEY: Final = 200


@dataclass(frozen=True, slots=True)
class Request:
    """How a change is asked for. A read looks at none of it."""

    mode: Mode = "execute"
    grant: JsonValue = None
    key: str | None = None
    """The same key never acts twice."""

    @classmethod
    def of(cls, meta: Mapping[str, JsonValue]) -> "Request":
        """Read it off the metadata of a call.

        Raises: ToolError for a word of ours that does not exist or does not fit: a mistyped mode must not act."""
        for name in meta:
            if name.startswith(PREFIX) and name not in (META, MODE, KEY):
                hint = meant(one_line(name, 64), (META, MODE, KEY))
                raise ToolError("invalid_meta", "_meta holds a word that is not known", hint)
        mode, key = meta.get(MODE, "execute"), meta.get(KEY)
        if mode not in ("plan", "execute"):
            raise ToolError("invalid_meta", f"{MODE} is plan or execute", "plan changes nothing")
        if key is not None and not (isinstance(key, str) and 0 < len(key) <= LONGEST_KEY):
            raise ToolError("invalid_meta", f"{KEY} is a text of at most {LONGEST_KEY} characters", "")
        return cls("plan" if mode == "plan" else "execute", meta.get(META), key)
