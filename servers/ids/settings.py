"""What an operator can set for the ids server."""

from pathlib import Path
from typing import ClassVar, Final, Literal

from pydantic import Field, field_validator
from pydantic_settings import SettingsConfigDict

from servers.folders import folders_of
from servers.kit.settings import BackendSettings

NEEDS: Final = (
    "Suricata: read access to eve.json and to the folders of captures; the program suricata and prlimit for captures "
    "and rule tests, which run as this server's own user. For indicators and rules: the right to open the control "
    "socket (it can also stop the engine), write access to the one rule file named under rule-files and to the data "
    "folder, with unix-command enabled and rule-files (not -S) in suricata.yaml. Indicators are whole names and single "
    "addresses; names below a domain are not matched by the engine's sets. Zeek: read access to the folder of logs. "
    "Not supported: Snort, Arkime, file hashes as indicators, logs that are not files."
)


class IdsSettings(BackendSettings):
    """Settings of the ids server."""

    model_config = SettingsConfigDict(env_prefix="MCPSOC_IDS_")
    opens: ClassVar = {
        "suricata": {
            "roots": ("ids_analyse_pcap", "ids_test_rule"),
            "socket": ("ids_add_indicator", "ids_remove_indicator", "ids_load_rules"),
            "rules_file": ("ids_load_rules",),
        }
    }

    backend: Literal["suricata", "zeek"] | None = None
    """The sensor; without one the lab's events answer."""
    eve: Path = Path("/var/log/suricata/eve.json")
    """Suricata's event log."""
    socket: Path | None = None
    """Suricata's control socket."""
    rules_file: Path | None = None
    """The rule file that is this server's own; suricata.yaml names it under rule-files."""
    data_dir: Path = Path("/var/lib/suricata/data")
    """Where Suricata keeps the state of sets (`--data-dir`)."""
    rule_files: str = ""
    """Rule files that captures are analysed with, separated as in PATH."""
    roots: str = ""
    """Folders whose captures may be analysed, separated as in PATH."""
    program: str = "suricata"
    """The program that analyses captures."""
    home_net: str = Field(default="[10.0.0.0/8,172.16.0.0/12,192.168.0.0/16]", pattern=r"^[0-9A-Fa-f.:/,!\[\] ]+$")
    """The own networks, for rules about captures."""
    zeek_dir: Path = Path("/opt/zeek/logs/current")
    """Folder of Zeek's current logs."""
    quiet_minutes: float = Field(default=60.0, gt=0)
    """After how long without a line a log is called silent."""

    @field_validator("roots", "rule_files")
    @classmethod
    def _absolute(cls, value: str) -> str:
        folders_of(value)
        return value
