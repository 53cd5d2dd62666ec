"""The cases of both worlds, open for as long as the API runs: store, audit log and clock of each."""

from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import datetime
from threading import Lock

from agent.cases import CaseStore
from agent.models import World, utc_now
from agent.settings import Settings
from knowledge.trust.audit import AuditLog
from servers.lab.world import Lab
from ui.api.errors import Refusal
from ui.api.shelf import Shelf
from ui.changes import Changes
from ui.home import Home
from ui.library.notebook import Notebook
from ui.settings import Settings as UiSettings


@dataclass(frozen=True, slots=True)
class Casework:
    """The cases of one world."""

    world: World
    tenant: str
    home: Home
    """Of that world: the demo's for the lab."""
    store: CaseStore
    audit: AuditLog
    shelf: Shelf
    """What this world's knowledge base holds."""
    now: Callable[[], datetime]
    """The world's clock."""
    edition: tuple[int, int]
    """Tells one simulated enterprise from another that took its place."""

    @property
    def changes(self) -> Changes:
        """What people may do to these cases."""
        learner = Notebook(self.home, UiSettings().lang or "en")
        return Changes(self.store, self.audit, self.now, self.tenant, learner)


class Bookcase:
    """Opens the cases of a world on first need; anew when `mcpsoc demo` has made another enterprise."""

    def __init__(self, home: Home, settings: Settings) -> None:
        self.home = home
        self.settings = settings
        self._lock = Lock()
        self._open: dict[World, tuple[Casework, ExitStack]] = {}

    def worlds(self) -> tuple[World, ...]:
        """The worlds there are: the simulated enterprise is one once it was made."""
        return ("site", "lab") if self.home.demo.lab.exists() else ("site",)

    def casework(self, world: World) -> Casework:
        """The cases of a world. May be called from any thread.

        Raises: Refusal (404) when there is no simulated enterprise; StoreError, AuditError when files are unusable."""
        edition = self._edition(world)
        with self._lock:
            known = self._open.get(world)
            if known is not None and known[0].edition == edition:
                return known[0]
            if known is not None:
                known[1].close()
            self._open[world] = self._opened(world, edition)
            return self._open[world][0]

    def close(self) -> None:
        """Close every file."""
        with self._lock:
            for _, stack in self._open.values():
                stack.close()
            self._open.clear()

    def _edition(self, world: World) -> tuple[int, int]:
        if world == "site":
            return (0, 0)
        try:
            stat = self.home.demo.lab.stat()
        except FileNotFoundError:
            raise Refusal(404, "no_world", "there is no simulated enterprise here", "mcpsoc demo makes one") from None
        return (stat.st_dev, stat.st_ino)

    def _opened(self, world: World, edition: tuple[int, int]) -> tuple[Casework, ExitStack]:
        home = (self.home.demo if world == "lab" else self.home).make()
        with ExitStack() as stack:
            now = stack.enter_context(closing(Lab.open(home.lab))).now if world == "lab" else utc_now
            store = CaseStore(home.cases_url, self.settings.due_in)
            stack.callback(store.dispose)
            audit = stack.enter_context(closing(AuditLog(home.audit)))
            shelf = Shelf(home.root / "knowledge")
            work = Casework(world, self.settings.tenant(world), home, store, audit, shelf, now, edition)
            return work, stack.pop_all()
