"""Names replaced by their aliases, wherever they stand: in a field, in a path, in a command line, in an encoded one."""

import base64
import binascii
import re
import secrets
from collections.abc import Callable, Iterable
from typing import Final

from pydantic import JsonValue

from agent.likelihood.weights import compiled, weights
from agent.replay.aliases.addresses import Addresses
from agent.replay.aliases.learning import Names, learn, organisation_words, own_labels, words_of
from agent.replay.aliases.shapes import Shapes
from agent.replay.aliases.words import name_words
from agent.replay.rewriting import mapped
from agent.replay.stored import Stored

KEY_BYTES: Final = 32
_BEFORE: Final = r"(?:(?<![A-Za-z0-9])|(?<=\\[nrt])|(?<=%[0-9A-Fa-f]{2}))"
"""Where a name may begin: not inside a word, but after an escaped line end or an encoded sign."""
_AFTER: Final = r"(?![A-Za-z0-9])"
_FORMS: Final = (
    ("sid", r"(?<![A-Za-z0-9-])S-1-5-21-\d+-\d+-\d+-\d+(?![0-9])"),
    (
        "mac",
        r"(?<![0-9A-Fa-f:-])[0-9A-Fa-f]{2}(?P<mark>[:-])[0-9A-Fa-f]{2}(?:(?P=mark)[0-9A-Fa-f]{2}){4}(?![0-9A-Fa-f:-])",
    ),
    ("v6", r"(?<![\w:.])(?=[0-9A-Fa-f:]*:[0-9A-Fa-f:]*:)[0-9A-Fa-f:]{3,39}(?:/\d{1,3})?(?![\w:.])"),
    ("v4", r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?:/\d{1,2}(?!\d))?(?![\w]|\.\d)"),
)
_DIGEST: Final = ("digest", r"(?<![0-9A-Za-z])(?:[0-9a-fA-F]{64}|[0-9a-fA-F]{40}|[0-9a-fA-F]{32})(?![0-9A-Za-z])")
_BASE64: Final = re.compile(r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{24,}={0,2}(?![A-Za-z0-9+/=])")
LOWEST_ALIASED_RID: Final = 1000
"""Windows gives its own accounts the numbers below: the administrator is 500 everywhere."""


class Aliases:
    """All names of some investigations with their aliases. What was not learned stays as it is."""

    def __init__(self, names: Names, *, outsiders: bool, key: bytes | None = None) -> None:
        """`outsiders`: indicators of others (addresses, domains, hashes) change too; without a key, a random one that
        is forgotten with this object."""
        self._shapes = Shapes(key or secrets.token_bytes(KEY_BYTES))
        self._addresses = Addresses(self._shapes, frozenset(names.of("address")), outsiders=outsiders)
        self._alias: dict[str, Callable[[str], str]] = {}
        self._learn(names, outsiders=outsiders)
        self._whole = _whole(names, self._alias)
        self._pattern = _pattern(self._alias, outsiders=outsiders)

    @classmethod
    def for_stored(cls, stored: Stored, *, outsiders: bool, key: bytes | None = None) -> "Aliases":
        """The aliases of everything one investigation names."""
        return cls(learn(stored), outsiders=outsiders, key=key)

    @property
    def count(self) -> int:
        """How many names were learned."""
        return len(self._alias)

    def left_in(self, text: str) -> tuple[str, ...]:
        """Whole names of hosts, accounts, people and our domains that still stand in the text, each once."""
        return tuple(sorted({found[0].lower() for found in self._whole.finditer(text)})) if self._whole else ()

    def value(self, value: JsonValue) -> JsonValue:
        """A JSON value with every name replaced."""
        return mapped(value, self.text)

    def text(self, text: str) -> str:
        """A text with every name replaced, also where it stands in base64."""
        return self._plain(_BASE64.sub(self._encoded, text))

    def _plain(self, text: str) -> str:
        return self._pattern.sub(self._replaced, text)

    def _learn(self, names: Names, *, outsiders: bool) -> None:
        shapes = self._shapes
        for name in names.of("id"):
            self._alias[name.lower()] = shapes.identifier
        if outsiders:
            self._add((_registered(name) for name in names.of("outside")), self._domain, _is_nobodys_sign)
        self._add((*words_of(names), *organisation_words(names)), shapes.word)
        self._add(names.of("person"), self._person)
        self._add((*names.of("host"), *names.of("account")), shapes.name, _is_telling)
        self._add(names.of("domain"), self._domain, lambda name: any(map(_is_telling, own_labels(name))))

    def _add(
        self, names: Iterable[str], alias: Callable[[str], str], fits: Callable[[str], bool] = lambda name: True
    ) -> None:
        self._alias |= {name.lower(): alias for name in names if len(name) > 1 and fits(name)}

    def _person(self, name: str) -> str:
        return re.sub(r"[^\W\d_]+", lambda word: self._shapes.word(word[0]), name)

    def _domain(self, name: str) -> str:
        """The domain with every label of its own renamed, and its suffix kept."""
        count = len(own_labels(name))
        labels = name.split(".")
        return ".".join((*map(self._shapes.name, labels[:count]), *labels[count:]))

    def _replaced(self, found: re.Match[str]) -> str:
        text = found[0]
        match found.lastgroup:
            case "sid":
                return self._sid(text)
            case "mac":
                return self._mac(text)
            case "v4" | "v6":
                return self._addresses.alias(text)
            case "digest":
                known = self._alias.get(text.lower())
                return known(text) if known else self._shapes.hexadecimal(text)
            case _:
                return self._alias[text.lower()](text)

    def _sid(self, text: str) -> str:
        *authority, first, second, third, rid = text.split("-")
        parts = [str(self._shapes.number(f"sid:{first}-{second}-{third}:{n}", 10**8, 4 * 10**9)) for n in range(3)]
        number = int(rid)
        if number >= LOWEST_ALIASED_RID:
            number = self._shapes.number(f"rid:{rid}", LOWEST_ALIASED_RID, 10**6)
        return "-".join((*authority, *parts, str(number)))

    def _mac(self, text: str) -> str:
        """The maker's half stays."""
        mark, digits = text[2], re.sub(r"[^0-9A-Fa-f]", "", text)
        moved = digits[:6] + self._shapes.hexadecimal(digits[6:])
        return mark.join(moved[at : at + 2] for at in range(0, 12, 2))

    def _encoded(self, found: re.Match[str]) -> str:
        """Base64 whose content names somebody, encoded again; any other as it is."""
        try:
            raw = base64.b64decode(found[0] + "=" * (-len(found[0]) % 4), validate=True)
        except (binascii.Error, ValueError):
            return found[0]
        for encoding in ("utf-8", "utf-16-le"):
            try:
                text = raw.decode(encoding)
            except UnicodeDecodeError:
                continue
            if text.isprintable() and (changed := self._plain(text)) != text:
                return base64.b64encode(changed.encode(encoding)).decode()
        return found[0]


def _pattern(names: Iterable[str], *, outsiders: bool) -> re.Pattern[str]:
    forms = [f"(?P<{name}>{form})" for name, form in (*_FORMS, *((_DIGEST,) if outsiders else ()))]
    longest = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    named = [rf"(?P<name>{_BEFORE}(?:{longest}){_AFTER})"] if longest else []
    return re.compile("|".join((*forms[:2], *named, *forms[2:])), re.IGNORECASE)


def _whole(names: Names, replaced: Iterable[str]) -> re.Pattern[str] | None:
    """The names that must not be left anywhere; a single letter and the like is no name."""
    kinds = names.of("host") | names.of("account") | names.of("person") | names.of("domain")
    known = set(replaced)
    wanted = sorted((name for name in kinds if name.lower() in known and len(name) > 3), key=len, reverse=True)
    if not wanted:
        return None
    return re.compile(rf"(?<![A-Za-z0-9])(?:{'|'.join(map(re.escape, wanted))})(?![A-Za-z0-9])", re.IGNORECASE)


def _is_telling(name: str) -> bool:
    """Whether a name has a part that says who it is: `mail` alone is a word of every day."""
    words = re.findall(r"[^\W_]+", re.sub(r"(\d+)", r" \1 ", name))
    return any(word.lower() not in name_words().roles for word in words)


def _registered(domain: str) -> str:
    """The part of a domain that somebody registered."""
    own = own_labels(domain)
    return ".".join((*own[-1:], *domain.split(".")[len(own) :]))


def _is_nobodys_sign(domain: str) -> bool:
    """Whether no sign of the likelihood goes by this domain: a renamed one would be another story."""
    if set(own_labels(domain)) & name_words().everybodys:
        return False
    signs = weights().process_intent.signs
    return not any(compiled(pattern).search(domain) for sign in signs for pattern in sign.all_of)
