"""What an operator can set for the identity server."""

from pathlib import Path
from typing import ClassVar, Final, Literal

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from servers.kit.settings import BackendSettings
from servers.settings import Words

NEEDS: Final = {
    "ldap": (
        "an account of its own that may read people, groups and password policies, operational attributes included; "
        "for disabling and enabling, write access to pwdAccountLockedTime of the people alone (the ppolicy overlay, "
        "and a policy with pwdLockout TRUE); for memberships, write access to the member attribute of the groups; for "
        "every change of an administrator, search access to userPassword, which reads none: without it nobody counts "
        "as another administrator. "
        "Changes are there only where MCPSOC_IDENTITY_ADMIN_GROUPS names the groups of administrators. Referrals are "
        "not followed; sessions that are open already are not ended. Not supported: Active Directory, sign-in logs"
    ),
}


class IdentitySettings(BackendSettings):
    """Settings of the identity server."""

    model_config = SettingsConfigDict(env_prefix="MCPSOC_IDENTITY_")
    opens: ClassVar = {
        "ldap": {
            "admin_groups": (
                "identity_add_to_group",
                "identity_remove_from_group",
                "identity_disable_account",
                "identity_enable_account",
            )
        }
    }

    backend: Literal["ldap"] | None = None
    """The directory; without one the simulated enterprise answers."""
    url: str = Field(
        default="ldaps://localhost:636", pattern=r"^ldaps?://(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+)(:\d{1,5})?$"
    )
    """Address of the directory; `ldap://` begins with StartTLS, and never goes on without."""
    ca_file: Path | None = None
    """PEM file of the authority that signed the directory's certificate; unset: the system's authorities."""
    bind_dn: str = Field(default="", max_length=500)
    """Account this server signs in with."""
    bind_password: SecretStr | None = None
    """Its password."""
    user_base: str = Field(default="", max_length=500)
    """Where people are looked for."""
    user_filter: str = Field(default="(objectClass=inetOrgPerson)", pattern=r"^\(.+\)$", max_length=500)
    """What makes an entry a person's."""
    name_attribute: str = Field(default="uid", pattern=r"^[A-Za-z][A-Za-z0-9-]*$")
    """Attribute that names an account."""
    group_base: str = Field(default="", max_length=500)
    """Where groups are looked for."""
    group_filter: str = Field(default="(objectClass=groupOfNames)", pattern=r"^\(.+\)$", max_length=500)
    """What makes an entry a group."""
    member_attribute: Literal["member", "uniqueMember"] = "member"
    """Attribute of a group that holds the names of its members."""
    default_policy: str | None = Field(default=None, max_length=500)
    """Name of the password policy that holds where an account names none (ppolicy_default)."""
    admin_groups: Words = ()
    """Groups of administrators, separated by commas; without them nothing is ever changed."""
    break_glass: Words = ()
    """Accounts kept for emergencies, as shell patterns: no change touches them."""
    service_accounts: Words = ()
    """Accounts of programs, as shell patterns: no change touches them."""
    most_entries: int = Field(default=5_000, ge=10, le=100_000)
    """Entries that one look may bring; more is an error, never a part of them."""
    timeout_s: float = Field(default=10.0, gt=0, le=60)
    """How long one question to the directory may take, in seconds."""
