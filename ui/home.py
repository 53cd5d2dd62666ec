"""Where the files of one MCPSOC_HOME lie."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Home:
    """The folder of everything written at run time. Nothing is made here before a command needs it."""

    root: Path

    @property
    def cases(self) -> Path:
        return self.root / "cases.db"

    @property
    def cases_url(self) -> str:
        """SQLAlchemy URL of the case store."""
        return f"sqlite:///{self.cases}"

    @property
    def audit(self) -> Path:
        return self.root / "audit.db"

    @property
    def work(self) -> Path:
        """Alerts that were accepted, and what became of them."""
        return self.root / "work.db"

    @property
    def threads(self) -> Path:
        """Conversations."""
        return self.root / "threads.db"

    @property
    def users(self) -> Path:
        """Who else may use the API: names, roles and hashes of tokens."""
        return self.root / "users.toml"

    @property
    def api_token(self) -> Path:
        """The token of the person who runs our processes."""
        return self.root / "api.token"

    @property
    def sessions(self) -> Path:
        """Sessions of the page, as hashes."""
        return self.root / "sessions.json"

    @property
    def lab(self) -> Path:
        return self.root / "lab.db"

    @property
    def is_demo(self) -> bool:
        """Whether it is the home of the simulated enterprise and nothing else."""
        return self.root.name == "demo" and self.lab.exists()

    @property
    def pins(self) -> Path:
        return self.root / "pins.json"

    @property
    def servers(self) -> Path:
        """Other people's servers, in the usual `mcpServers` form."""
        return self.root / "servers.json"

    @property
    def authorisations(self) -> Path:
        """The site's register of authorised work."""
        return self.root / "authorisations.json"

    @property
    def positions(self) -> Path:
        """How far `triage --watch` has read."""
        return self.root / "positions.db"

    @property
    def logs(self) -> Path:
        """What the processes of `mcpsoc ui` have to say."""
        return self.root / "logs"

    @property
    def keys(self) -> Path:
        return self.root / "keys"

    @property
    def export_key(self) -> Path:
        return self.keys / "export.key"

    @property
    def reports(self) -> Path:
        return self.root / "reports"

    @property
    def demo(self) -> "Home":
        """The home of `mcpsoc demo`, apart from everything else."""
        return Home(self.root / "demo")

    @property
    def installation(self) -> "Home":
        """Where it is remembered what models may do and have cost: the demo shares that with the home it lies in."""
        return Home(self.root.parent) if self.root.name == "demo" else self

    def make(self) -> "Home":
        """Create the folder, readable by its owner alone, and return itself."""
        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        return self
