"""What an operator can set for the dns server."""

from pathlib import Path
from typing import ClassVar, Final, Literal

from pydantic import Field
from pydantic.networks import IPvAnyAddress
from pydantic_settings import SettingsConfigDict

from servers.kit.settings import BackendSettings
from servers.settings import Words

NEEDS: Final = (
    "Unbound: read access to its log (log-queries or log-replies to a logfile, times in seconds as is the default); "
    "the right to open the control socket (control-interface a path, control-use-cert no: whoever opens it may also "
    "stop the resolver); to ask it questions from this machine; write access to the one file of sinkholes, which "
    "unbound.conf includes. Without that include a restart of Unbound ends the sinkholes: dns_list_sinkholes then "
    "says in_force false, and sinkholing again puts them back. Not supported: BIND, PowerDNS, dnstap, response policy "
    "zones, WHOIS and RDAP."
)


class DnsSettings(BackendSettings):
    """Settings of the dns server."""

    model_config = SettingsConfigDict(env_prefix="MCPSOC_DNS_")
    opens: ClassVar = {
        "unbound": {
            "log": ("dns_query_log", "dns_summarise_queries", "dns_profile_domain"),
            "sinkhole_file": (
                "dns_list_sinkholes",
                "dns_check_domain",
                "dns_sinkhole_domain",
                "dns_unsinkhole_domain",
            ),
            "resolve": ("dns_resolve",),
        }
    }

    backend: Literal["unbound"] | None = None
    """The resolver; without one the lab's events answer."""
    control_socket: Path = Path("/run/unbound.ctl")
    """Unbound's control socket."""
    log: Path | None = None
    """Unbound's log with questions and replies."""
    resolver: IPvAnyAddress = Field(default="127.0.0.1", validate_default=True)
    """Address the resolver answers on."""
    port: int = Field(default=53, ge=1, le=65_535)
    """Port the resolver answers on."""
    sinkhole_file: Path | None = None
    """File of sinkholes that unbound.conf includes."""
    resolve: bool = False
    """Whether names may be looked up: a look-up leaves the house, and whoever owns the domain can notice."""
    own_domains: Words = ()
    """Domains of our own: never sinkholed, and what lookalikes are measured by."""
    quiet_minutes: float = Field(default=60.0, gt=0)
    """After how long without a line the log is called silent."""
