"""What the queue is narrowed to, as the address says it: so it can be bookmarked, sent on, and survives a reload."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Final, cast, get_args

from agent.cases.queries import Sort
from agent.models import CaseStatus, Disposition, Priority

TABS: Final[Mapping[str, tuple[CaseStatus, ...]]] = {
    "": ("new", "investigating", "open", "taken"),
    "waiting": ("new", "investigating", "open"),
    "taken": ("taken",),
    "closed": ("closed",),
    "all": (),
}
"""Value of `status` in the address to the statuses it stands for."""
ROWS: Final = 50
"""Cases on one page of the queue."""
SWITCH: Final = "1"


@dataclass(frozen=True, slots=True)
class Filters:
    """Values as the address has them; empty ones narrow nothing."""

    status: str = ""
    priority: Priority | None = None
    disposition: Disposition | None = None
    text: str = ""
    mine: bool = False
    overdue: bool = False
    sort: Sort = "priority"
    start: int = 0
    """How many cases come before the first that is shown."""

    @classmethod
    def read(cls, address: Mapping[str, str]) -> "Filters":
        """From the parameters of an address; a value nobody knows narrows nothing."""
        given = {name: address.get(name, "") for name in ("status", "priority", "disposition", "sort", "from")}
        return cls(
            status=given["status"] if given["status"] in TABS else "",
            priority=cast(Priority, given["priority"]) if given["priority"] in get_args(Priority) else None,
            disposition=(
                cast(Disposition, given["disposition"]) if given["disposition"] in get_args(Disposition) else None
            ),
            text=address.get("text", "")[:200],
            mine=address.get("mine") == SWITCH,
            overdue=address.get("overdue") == SWITCH,
            sort=cast(Sort, given["sort"]) if given["sort"] in get_args(Sort) else "priority",
            start=min(int(given["from"]), 1_000_000) if given["from"].isdecimal() else 0,
        )

    def parameters(self) -> dict[str, str]:
        """As an address says it."""
        named = {("from" if name == "start" else name): value for name, value in asdict(self).items()}
        shown = {name: SWITCH if value is True else str(value or "") for name, value in named.items()}
        return {name: value for name, value in shown.items() if value and (name, value) != ("sort", "priority")}

    @property
    def narrowed(self) -> bool:
        """Whether anything but the tab hides cases."""
        return any((self.priority, self.disposition, self.text, self.mine, self.overdue))
