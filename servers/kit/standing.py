"""Whether what was changed is still so: a firewall that is loaded anew forgets its blocks, and tells nobody."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import anyio
import anyio.to_thread

from servers.kit.actions import Action
from servers.kit.life import Changing

AGAIN_S: Final = 60.0
"""Seconds before one change is read back again."""
MOST: Final = 20
"""Changes read back in one round; those that wait longest come first."""
ROUND_S: Final = 5.0
"""Seconds after which a round begins with no other change."""


@dataclass
class Standing:
    """Looks after the changes of one server."""

    changing: Changing
    _looked_at: dict[str, float] = field(default_factory=dict)
    """When each was read back last, in seconds that never go back."""
    _one: anyio.Lock = field(default_factory=anyio.Lock)

    async def look(self) -> None:
        """One round, unless one is under way. It ends where looking fails: the backend may be away.

        Raises: ToolError when the records cannot be used."""
        if self._one.locked():
            return
        async with self._one:
            until = time.monotonic() + ROUND_S
            for action in await anyio.to_thread.run_sync(self._waiting):
                self._looked_at[action.action_id] = time.monotonic()
                if not await self.changing.look_after(action) or time.monotonic() > until:
                    return

    def _waiting(self) -> Sequence[Action]:
        found = self.changing.looked_after(self.changing.clock())
        self._looked_at = {each.action_id: self._looked_at.get(each.action_id, float("-inf")) for each in found}
        latest = time.monotonic() - AGAIN_S
        waiting = [each for each in found if self._looked_at[each.action_id] <= latest]
        return sorted(waiting, key=lambda each: self._looked_at[each.action_id])[:MOST]
