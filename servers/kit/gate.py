"""The server's side of permission: a change runs only under a signed grant for exactly that call."""

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from pydantic import JsonValue

from knowledge.trust.canonical import sha256_of
from knowledge.trust.errors import GrantRefused
from knowledge.trust.grants import SpentNonces, verify_grant
from knowledge.trust.keys import VerifyKey
from servers.errors import RefusedError, ToolError

META = "mcpsoc/grant"
"""Key of the request's `_meta` that carries the grant."""
_HINT = "a change needs a grant for exactly these arguments, made by whoever approved it"


@dataclass(frozen=True, slots=True)
class Gate:
    """Checks grants for one tenant with one public key. `spent` remembers what was used."""

    key: VerifyKey
    tenant: str
    spent: Callable[[], SpentNonces]
    """Opens the register of used grants on first need."""

    def look(
        self, grant: JsonValue, *, tool: str, schema_sha256: str, arguments: Mapping[str, JsonValue], now: datetime
    ) -> None:
        """Return only when `grant` was given for this very call; it stays as it is, used before or not.

        Raises: RefusedError saying which part of the grant failed."""
        unused = SpentNonces()
        try:
            self._verified(grant, tool, schema_sha256, arguments, now, unused)
        finally:
            unused.close()

    def check(
        self, grant: JsonValue, *, tool: str, schema_sha256: str, arguments: Mapping[str, JsonValue], now: datetime
    ) -> None:
        """Return only when `grant` permits this very call, and use it up.

        Raises: RefusedError saying which part of the grant failed; ToolError when its use cannot be written down."""
        try:
            self._verified(grant, tool, schema_sha256, arguments, now, self.spent())
        except (OSError, sqlite3.Error) as error:
            why = f"the register of used grants cannot be used ({type(error).__name__})"
            raise ToolError("no_record", why, "look at MCPSOC_HOME; nothing is changed without it") from error

    def _verified(
        self,
        grant: JsonValue,
        tool: str,
        schema_sha256: str,
        arguments: Mapping[str, JsonValue],
        now: datetime,
        spent: SpentNonces,
    ) -> None:
        try:
            verify_grant(
                grant if isinstance(grant, dict) else None,
                tool=tool,
                schema_sha256=schema_sha256,
                arguments=arguments,
                tenant=self.tenant,
                now=now,
                key=self.key,
                seen_nonces=spent,
            )
        except GrantRefused as refusal:
            raise RefusedError(f"the grant does not permit this call: {refusal.reason}", _HINT) from None


def schema_hash(name: str, description: str, given: Mapping[str, JsonValue], answer: Mapping[str, JsonValue]) -> str:
    """What pins a tool: sha256 of the canonical JSON of its name, description, input and output schema."""
    return sha256_of(
        {"name": name, "description": description, "inputSchema": dict(given), "outputSchema": dict(answer)}
    )
