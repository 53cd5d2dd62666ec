"""What an operator sets for the mail server."""

from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Final, Literal, Self, TypeAlias

from pydantic import Field, SecretStr, TypeAdapter, ValidationError, model_validator
from pydantic_settings import SettingsConfigDict

from servers.errors import ConfigurationError, ToolError
from servers.kit.settings import BackendSettings, read_secret
from servers.mail.imap.session import Door, Login
from servers.mail.message import Address
from servers.mail.zone import Zone, live, saved

Backend: TypeAlias = Literal["imap"]

NEEDS: Final = (
    "imap: a login for each mailbox, or a master user who may open all of them (SASL PLAIN, authorisation name); "
    "rights to read, to move messages and to make the quarantine folder. The server must offer MOVE (RFC 6851). "
    "Not supported: Microsoft Graph, Gmail API, Exchange; each needs its own adapter and a registered application."
)
"""The least a real backend needs."""


class MailSettings(BackendSettings):
    """Settings of the mail server. The prefix is `MCPSOC_MAIL_`."""

    model_config = SettingsConfigDict(env_prefix="MCPSOC_MAIL_")

    backend: Backend | None = None
    """`imap`: the mailboxes of an IMAP server."""
    imap_host: str = "127.0.0.1"
    """Its name, as its certificate has it."""
    imap_port: int = Field(default=993, ge=1, le=65535)
    """Its port."""
    imap_security: Literal["tls", "starttls", "none"] = "tls"
    """How the connection is protected; `none` is accepted for loopback addresses only."""
    imap_ca_file: Path | None = None
    """Who vouches for its certificate, in place of the system's authorities."""
    imap_user: str = ""
    """A master user who may open every mailbox."""
    imap_password: SecretStr | None = None
    """The master user's password."""
    imap_mailboxes: str = ""
    """Mailboxes the master user opens, separated by commas."""
    imap_logins_file: Path | None = None
    """In place of a master user: a YAML mapping of mailboxes to passwords that its owner alone can read."""
    imap_timeout_s: float = Field(default=10.0, gt=0, le=120)
    """How long one answer of the IMAP server may take, in seconds."""
    quarantine_folder: Annotated[str, Field(pattern=r"^[A-Za-z0-9 ._/-]{1,80}$")] = "Quarantine"
    """Folder of each mailbox that messages are moved to."""
    roots: str = ""
    """Folders whose message files may be read, separated as in PATH."""
    own_domains: str = ""
    """Our mail domains, separated by commas; MCPSOC_PROTECTED_DOMAINS when empty."""
    partner_domains: str = ""
    """Domains of others that write to us, separated by commas."""
    people_file: Path | None = None
    """Known people, for senders who take their names: a YAML mapping of addresses to names."""
    relays: str = ""
    """Names of our own mail relays as they stand in Received, separated by commas."""
    dns_records: Path | None = None
    """DNS records to check DKIM, SPF and DMARC with: a YAML mapping of names to {TXT: [...], A: [...], MX: [...]}."""
    dns_resolver: str = ""
    """A name server to ask for them instead: an address, or address:port."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        """Raises: ValueError for settings that contradict each other."""
        if self.imap_security == "none" and not _loopback(self.imap_host):
            raise ValueError("MCPSOC_MAIL_IMAP_SECURITY=none is for loopback addresses only")
        if self.backend == "imap" and self.imap_logins_file is None and not (self.imap_user and self.imap_password):
            raise ValueError("imap needs MCPSOC_MAIL_IMAP_LOGINS_FILE, or a master user and its password")
        if self.dns_records is not None and self.dns_resolver:
            raise ValueError("set MCPSOC_MAIL_DNS_RECORDS or MCPSOC_MAIL_DNS_RESOLVER, not both")
        if self.dns_resolver:
            live(self.dns_resolver, 1.0)
        return self

    @property
    def door(self) -> Door:
        """Where the IMAP server is."""
        return Door(self.imap_host, self.imap_port, self.imap_security, self.imap_ca_file, self.imap_timeout_s)

    def logins(self) -> dict[str, Login]:
        """Who opens which mailbox.

        Raises: ConfigurationError for a file that is none, or when no mailbox is named."""
        if self.imap_logins_file is not None:
            found = {name: Login(name, name, word) for name, word in _passwords(self.imap_logins_file).items()}
        else:
            word = "" if self.imap_password is None else self.imap_password.get_secret_value()
            found = {name: Login(name, self.imap_user, word) for name in listed(self.imap_mailboxes)}
        if not found:
            raise ConfigurationError("MCPSOC_MAIL_IMAP_MAILBOXES names no mailbox")
        return found

    def zone(self, timeout_s: float = 5.0) -> Zone | None:
        """Where DNS records come from; None when nothing is configured. Raises: ToolError for a file that is none."""
        if self.dns_records is not None:
            return saved(self.dns_records)
        return live(self.dns_resolver, timeout_s) if self.dns_resolver else None

    def people(self) -> tuple[Address, ...]:
        """The known people. Raises: ToolError for a file that is none."""
        import yaml

        if self.people_file is None:
            return ()
        try:
            names = TypeAdapter(dict[str, str]).validate_python(yaml.safe_load(self.people_file.read_bytes()) or {})
        except (OSError, yaml.YAMLError, ValidationError, RecursionError):
            raise ToolError(
                "bad_people", "the file of known people cannot be read", "a mapping address: name"
            ) from None
        return tuple(Address(name, address) for address, name in names.items())


def listed(text: str) -> tuple[str, ...]:
    """The values of a setting that is separated by commas, each once."""
    return tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))


def _passwords(path: Path) -> dict[str, str]:
    import yaml

    try:
        content = yaml.safe_load(read_secret(path, "MCPSOC_MAIL_IMAP_LOGINS_FILE"))
        return TypeAdapter(dict[str, str]).validate_python(content, strict=True)
    except (yaml.YAMLError, ValidationError, RecursionError):
        raise ConfigurationError("MCPSOC_MAIL_IMAP_LOGINS_FILE: a YAML mapping of mailboxes to passwords") from None


def _loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
