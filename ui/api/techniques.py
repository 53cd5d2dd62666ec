"""Names of ATT&CK techniques."""


def technique_name(technique: str) -> str:
    """The technique's name; empty when the table does not have it."""
    return ""
