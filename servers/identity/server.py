"""The identity server: accounts, groups and sign-ins; disabling an account is a change that holds until released."""

from collections.abc import Sequence

from servers.embedded import lab_server
from servers.errors import ConfigurationError
from servers.identity.backend import IdentityBackend
from servers.identity.changing import AccountChanges, GroupChanges
from servers.identity.embedded import LabIdentity
from servers.identity.kinds import Kinds
from servers.identity.reading import SiteReads
from servers.identity.settings import NEEDS, IdentitySettings
from servers.kit import Change, Conditions, SecurityServer, build_server
from servers.kit.server import wall_clock
from servers.parts import Parts


def build(parts: Parts, settings: IdentitySettings) -> SecurityServer:
    """The directory of these settings: a product where one is named and this is no demo, else the simulated one.

    Raises: ConfigurationError when the product lacks a setting it needs."""
    if parts.backend(settings.backend) == "embedded":
        return _embedded(parts, settings)
    return _real(backend_of(settings), settings, parts.conditions)


def _embedded(parts: Parts, settings: IdentitySettings) -> SecurityServer:
    """The groups of the lab are fixed, so that no membership can be changed there."""
    identity = LabIdentity(parts.door, parts.conditions.protected)
    return lab_server(
        "identity",
        parts.door,
        reads=[
            identity.identity_get_account,
            identity.identity_list_signins,
            identity.identity_list_groups,
            identity.identity_list_members,
        ],
        changes=_locking(identity),
        settings=settings,
        conditions=parts.conditions,
    )


def _real(backend: IdentityBackend, settings: IdentitySettings, conditions: Conditions) -> SecurityServer:
    kinds = Kinds(backend.directory, settings, conditions.protected)
    return build_server(
        "identity",
        reads=SiteReads(backend.directory, kinds, wall_clock).tools(),
        changes=_changes(backend, kinds),
        backend="real",
        synthetic=False,
        probe=backend.probe,
        product=backend.product,
        instructions=f"LDAP at {settings.url}. Least privilege: {backend.needs}",
        settings=settings,
        conditions=conditions,
    )


def backend_of(settings: IdentitySettings) -> IdentityBackend:
    """The product of these settings; nothing is asked of it. Raises: ConfigurationError when a setting is missing."""
    from servers.identity.ldap.directory import LdapDirectory

    for name in ("bind_dn", "bind_password", "user_base", "group_base"):
        if not getattr(settings, name):
            raise ConfigurationError(f"the directory needs MCPSOC_IDENTITY_{name.upper()}")
    directory = LdapDirectory(settings, wall_clock)
    product = f"LDAP at {settings.url}, people below {settings.user_base}"
    return IdentityBackend(product, directory.probe, directory, NEEDS["ldap"])


def _changes(backend: IdentityBackend, kinds: Kinds) -> Sequence[Change]:
    """None where nobody said who the administrators are: the last of them could not be told."""
    if not kinds.settings.admin_groups:
        return ()
    accounts, groups = AccountChanges(backend.directory, kinds), GroupChanges(backend.directory, kinds)
    return (*_locking(accounts), *groups.declared())


def _locking(tools: AccountChanges | LabIdentity) -> tuple[Change, Change]:
    """The lock of an account, and what lifts it."""
    disable = Change(
        tools.identity_disable_account,
        tools.plan_disable,
        tools.is_disabled,
        risk="high",
        expiry="hold",
        undo="identity_enable_account",
    )
    return disable, Change(tools.identity_enable_account, tools.plan_enable, tools.is_enabled, risk="medium")
