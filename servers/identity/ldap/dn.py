"""Distinguished names, compared as a directory compares them: without regard to case and to blanks between parts."""


def folded(name: str) -> str:
    """A spelling that two names share when they mean one entry; one that cannot be read as a name stays as it is."""
    from ldap3.core.exceptions import LDAPInvalidDnError
    from ldap3.utils.dn import parse_dn

    try:
        parts = parse_dn(name, escape=True, strip=True)
    except LDAPInvalidDnError:
        return name.strip().casefold()
    return "".join(f"{kind.strip()}={' '.join(value.split())}{mark}" for kind, value, mark in parts).casefold()
