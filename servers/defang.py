"""Outside text that a person may read in a program which makes links of it: shown so that it makes none."""

import re

_DOMAIN = re.compile(r"\b(?:[a-z0-9-]{1,63}\.)+[a-z]{2,24}\b", re.IGNORECASE)


def defanged(text: str) -> str:
    """`text` with no address in it that a program would turn into a link: hxxp, and `[.]` in every domain."""
    safe = re.sub(r"(?i)\b(h)tt(ps?)://", r"\1xx\2://", text)
    safe = re.sub(r"(?i)\b(ftp|mailto|javascript|data|file):", r"\1[:]", safe)
    return _DOMAIN.sub(lambda match: match.group().replace(".", "[.]"), safe)


def domains_in(text: str) -> tuple[str, ...]:
    """The domains a text names."""
    return tuple(match.group().lower() for match in _DOMAIN.finditer(text[:2_000]))
