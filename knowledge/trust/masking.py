"""Secrets are replaced before a text is logged, audited, stored or sent."""

import re
from collections.abc import Mapping, Sequence

from pydantic import JsonValue

_PRIVATE_KEY = r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----.{0,20000}?(?:-----END [A-Z ]{0,30}PRIVATE KEY-----|\Z)"
_PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("private key", re.compile(_PRIVATE_KEY, re.DOTALL)),
    ("private key", re.compile(r"mcpsoc-private-ed25519:[A-Za-z0-9+/=]{20,}")),
    ("token", re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?")),
    ("access key", re.compile(r"\b(?:gh[pousr]_|github_pat_)\w{20,}|\bglpat-[\w-]{16,}|\bxox[abeoprs]-[\w-]{10,}")),
    ("access key", re.compile(r"\bAIza[\w-]{30,}|\bsk-[\w-]{16,}|\bhf_\w{20,}|\bnpm_\w{30,}|\bpypi-[\w-]{30,}")),
)
"""What a secret looks like by itself. An AWS access key id (AKIA...) is an identity and stays readable."""

_SCHEME = re.compile(r"\b(bearer|basic|digest|negotiate)\s+(?=[\w+/=.~-]*[\d+/=._~-])[\w+/=.~-]{8,}", re.IGNORECASE)
_LOGIN = re.compile(r"(?P<head>\b[a-z][a-z0-9+.-]{1,20}://[^\s/:@]{0,200}:)[^\s/@]{1,500}(?=@)", re.IGNORECASE)
_NAME = (
    r"(?:pass(?:word|wd|phrase)?|pwd|secret(?:[_-]?(?:access)?[_-]?key)?|client[_-]?secret|api[_-]?key|apikey"
    r"|(?:access|auth|refresh|id|session|bearer)[_-]?token|token|private[_-]?key|credentials?|(?:set-)?cookie|authorization)"
)
_QUOTED = r"\"[^\"\n]{1,500}\"|'[^'\n]{1,500}'"
_BARE = r"(?!\[masked)[^\s,;&\"'}]{1,500}"
_ASSIGNED = re.compile(
    rf"(?P<head>(?<![a-z0-9]){_NAME}[\"']?\s{{0,3}}[:=]\s{{0,3}})(?P<value>{_QUOTED}|{_BARE})", re.IGNORECASE
)
_SECRET_NAME = re.compile(rf"(?:^|[_.\-]){_NAME}$", re.IGNORECASE)


def mask_secrets(text: str) -> str:
    """`text` with passwords, tokens and private keys replaced by `[masked: kind]`; everything else stays as it was."""
    for kind, pattern in _PATTERNS:
        text = pattern.sub(f"[masked: {kind}]", text)
    text = _SCHEME.sub(lambda found: f"{found[1]} [masked: credential]", text)
    text = _LOGIN.sub(lambda found: f"{found['head']}[masked: password]", text)
    return _ASSIGNED.sub(_mask_assigned, text)


def mask_value(value: JsonValue) -> JsonValue:
    """The same for a JSON value: every text in it is masked, and a member whose name says secret is masked whole."""
    if isinstance(value, str):
        return mask_secrets(value)
    if isinstance(value, Mapping):
        return dict(mask_object(value))
    if isinstance(value, Sequence):
        return [mask_value(item) for item in value]
    return value


def mask_object(value: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """`mask_value` for an object."""
    return {name: _mask_member(name, item) for name, item in value.items()}


def _mask_member(name: str, value: JsonValue) -> JsonValue:
    if isinstance(value, str) and value and _SECRET_NAME.search(name):
        return "[masked: by name]"
    return mask_value(value)


def _mask_assigned(found: re.Match[str]) -> str:
    value = found["value"]
    quote = value[0] if value[0] in "\"'" else ""
    if value.startswith(f"{quote}[masked") or value.lower() in {"bearer", "basic", "digest", "negotiate"}:
        return found[0]
    return f"{found['head']}{quote}[masked: credential]{quote}"
