"""Rules from outside: what a rule may hold before the engine is asked about it, and the rules of our own.

A rule decides what is looked at and nothing else: no scripts, no files, no dropping of packets, no blinding.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from servers.kit import ToolError

Rule = Annotated[str, Field(min_length=20, max_length=4000)]
"""One Suricata rule on one line."""
_SHAPE: Final = re.compile(
    r"alert [a-z][a-z0-9-]{1,20} \S{1,400} \S{1,400} (?:->|<>) \S{1,400} \S{1,400} \((?P<options>.{5,3800});\s*\)"
)
_SID: Final = re.compile(r"[1-9][0-9]{0,9}")
FORBIDDEN: Final = frozenset(
    {
        "lua", "luajit", "luaxform", "dataset", "datarep", "filestore", "filemd5", "filesha1", "filesha256", "replace",
        "bypass", "nfq_set_mark", "config", "iprep", "geoip", "xbits", "hostbits",
    }
)  # fmt: skip
"""Keywords that run code, read or write files, change packets, stop looking, or reach into other rules' state."""
OWN_SIDS: Final = range(9_100_000, 9_200_000)
"""Numbers of rules that are loaded; nobody else's rule is replaced by one."""


def _own(number: int, text: str) -> str:
    return f"alert {text} sid:{number}; rev:1;)"


DOMAINS: Final = "mcpsoc-domains"
ADDRESSES: Final = "mcpsoc-addresses"
_IN_DOMAINS: Final = f"to_lowercase; dataset:isset,{DOMAINS},type string,state {DOMAINS}.lst;"
_IN_ADDRESSES: Final = f"dataset:isset,{ADDRESSES},type ip,state {ADDRESSES}.lst;"
_ONCE: Final = "threshold:type limit,track by_both,count 1,seconds 60;"
INDICATOR_RULES: Final = (
    _own(9_000_001, f'dns any any -> any any (msg:"MCPSOC indicator: domain asked for"; dns.query; {_IN_DOMAINS}'),
    _own(9_000_002, f'tls any any -> any any (msg:"MCPSOC indicator: TLS server name"; tls.sni; {_IN_DOMAINS}'),
    _own(9_000_003, f'http any any -> any any (msg:"MCPSOC indicator: web host"; http.host; {_IN_DOMAINS}'),
    _own(9_000_004, f'ip any any -> any any (msg:"MCPSOC indicator: source"; ip.src; {_IN_ADDRESSES} {_ONCE}'),
    _own(9_000_005, f'ip any any -> any any (msg:"MCPSOC indicator: destination"; ip.dst; {_IN_ADDRESSES} {_ONCE}'),
)
"""Alert on what stands in two sets that are filled while the engine runs. Names match whole, in any case.
The state files have to be there, empty or not, before the engine reads these rules."""


def checked(rule: str) -> str:
    """A rule as it may be tested. Raises: ToolError saying what it may not hold."""
    text = rule.strip()
    match = _SHAPE.fullmatch(text)
    if match is None or not text.isprintable():
        raise ToolError("invalid_argument", "this is no rule on one line that only alerts", _FORM)
    keywords = [option.partition(":")[0].strip() for option in _options(match["options"])]
    if bad := sorted(FORBIDDEN.intersection(keywords)):
        raise ToolError("invalid_argument", f"a rule may not use {', '.join(bad)}", "rules only look and alert")
    if keywords.count("sid") != 1 or sid_of(text) is None:
        raise ToolError("invalid_argument", "a rule has exactly one sid", _FORM)
    return text


_FORM: Final = 'alert PROTOCOL FROM PORTS -> TO PORTS (msg:"..."; ...; sid:9100001; rev:1;)'


def checked_all(rules: Sequence[str]) -> tuple[str, ...]:
    """Rules as they may be loaded. Raises: ToolError for one that may not, or a number that is not ours or twice."""
    texts = tuple(checked(rule) for rule in rules)
    numbers = [sid_of(text) for text in texts]
    if any(number not in OWN_SIDS for number in numbers):
        message = f"sids of loaded rules lie between {OWN_SIDS.start} and {OWN_SIDS.stop - 1}"
        raise ToolError("invalid_argument", message, _FORM)
    if len(set(numbers)) < len(numbers):
        raise ToolError("invalid_argument", "two rules have the same sid", _FORM)
    return texts


def sid_of(rule: str) -> int | None:
    """The number of a rule."""
    match = _SHAPE.fullmatch(rule)
    for option in _options(match["options"]) if match else ():
        word, _, value = option.partition(":")
        if word.strip() == "sid" and _SID.fullmatch(value.strip()):
            return int(value)
    return None


def _options(text: str) -> Iterator[str]:
    """The options between semicolons; a semicolon in quotes or after a backslash separates nothing."""
    part, quoted, escaped = "", False, False
    for char in text:
        if escaped:
            escaped = False
        elif char == "\\":
            escaped = True
        elif char == '"':
            quoted = not quoted
        elif char == ";" and not quoted:
            yield part.strip()
            part = ""
            continue
        part += char
    if part.strip():
        yield part.strip()


def _printable(rules: list[str]) -> list[str]:
    return [rule.strip() for rule in rules]


RuleList = Annotated[list[Rule], Field(max_length=50), AfterValidator(_printable)]
"""The rules of the file, all of them."""
