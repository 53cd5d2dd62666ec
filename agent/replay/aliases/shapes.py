"""New words of an old word's shape, drawn by a secret key: letters for letters, figures for figures, case for case."""

import hashlib
import hmac
import re
from collections.abc import Callable
from typing import Final

from agent.replay.aliases.words import name_words

CONSONANTS: Final = "bcdfghjklmnpqrstvwxz"
VOWELS: Final = "aeiouy"
SHORTEST: Final = 5
"""Letters of an alias: a short one would be somebody's name sooner or later."""
MOST_DRAWS: Final = 200
"""Draws until an alias is free; of an id of zeros none ever is, and it stays."""
_LIKE: Final = "bababa"
"""The shape of an alias for a word of another script."""
Draw = Callable[[int], str]
"""An alias by the number of the attempt."""

_PARTS: Final = re.compile(r"[^\W\d_]+|[0-9]+|[\W_]+|.")
_RUNS: Final = re.compile(r"[A-Za-z0-9]+")
_HEX: Final = re.compile(r"[0-9a-f]+|[0-9A-F]+")


class Shapes:
    """Aliases of one key. The same word gives the same alias, and no two words share one while there are enough."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._made: dict[str, str] = {}
        self._taken: set[str] = set()

    def name(self, name: str) -> str:
        """An alias for a name of words and numbers: `svc-umber` may become `svc-otlaqu`. Roles stay, numbers become
        letters, so that no alias is the name of the machine next door."""
        return "".join(self._part(part) for part in _PARTS.findall(name))

    def _part(self, part: str) -> str:
        if part.isdigit():
            return self._unique(f"number:{part}", lambda turn: self._letters(f"number:{part}", max(2, len(part)), turn))
        if not part.isalpha() or part.lower() in name_words().roles:
            return part
        return self.word(part)

    def word(self, word: str) -> str:
        """An alias for one word, in the case of the word; every word with one initial gets one initial."""
        lower = word.lower()
        if not lower.isascii():
            return _cased(word, self._unique(f"word:{lower}", lambda turn: self._pronounceable(_LIKE, turn, lower)))
        if len(lower) == 1:
            return _cased(word, self._initial(lower))
        alias = self._unique(f"word:{lower}", lambda turn: self._pronounceable(lower, turn))
        return _cased(word, alias)

    def identifier(self, text: str) -> str:
        """An alias for an opaque id: each run of letters and figures by another of its length and alphabet."""
        return _RUNS.sub(lambda run: self._run(run[0]), text)

    def hexadecimal(self, text: str) -> str:
        """Another run of hexadecimal figures of the same length and case."""
        return self._unique(f"hex:{text}", lambda turn: self._figures(text, turn))

    def number(self, seed: str, least: int, most: int) -> int:
        """A number from `least` to `most`, the same for the same seed."""
        return least + int.from_bytes(self._bytes(seed, 8), "big") % (most - least + 1)

    def bit(self, seed: str) -> int:
        """One bit, the same for the same seed."""
        return self._bytes(seed, 1)[0] & 1

    def _run(self, run: str) -> str:
        if len(run) < 4:
            return run
        return self.hexadecimal(run) if _HEX.fullmatch(run) and not run.isalpha() else self._mixed(run)

    def _mixed(self, run: str) -> str:
        """Letters and figures in place; what such an id begins with says what it is, and stays."""
        head = re.match(r"[A-Z]{4}(?=[A-Z0-9]{8})", run)
        kept = head[0] if head else ""
        return self._unique(f"mixed:{run}", lambda turn: kept + self._figures(run[len(kept) :], turn))

    def _figures(self, text: str, turn: int) -> str:
        drawn = self._bytes(f"figures:{turn}:{text}", len(text))
        return "".join(map(_figure, text, drawn))

    def _pronounceable(self, like: str, turn: int, word: str = "") -> str:
        """Vowels for the vowels of `like` and consonants for the others, drawn by `word`."""
        longer = (like + "ababa")[: max(SHORTEST, len(like))]
        drawn = self._bytes(f"word:{turn}:{word or like}", len(longer))
        rest = (_letter(sign, by) for sign, by in zip(longer[1:], drawn[1:], strict=True))
        return (self._initial(like[0]) if not word else _letter(like[0], drawn[0])) + "".join(rest)

    def _initial(self, letter: str) -> str:
        pool = VOWELS if letter in VOWELS else CONSONANTS
        if letter not in pool:
            return letter
        order = sorted(pool, key=lambda sign: self._bytes(f"initial:{sign}", 8))
        return order[pool.index(letter)]

    def _letters(self, seed: str, length: int, turn: int) -> str:
        return "".join(CONSONANTS[by % len(CONSONANTS)] for by in self._bytes(f"{seed}:{turn}", length))

    def _unique(self, what: str, draw: Draw) -> str:
        if what not in self._made:
            drawn = (draw(turn) for turn in range(MOST_DRAWS))
            alias = next((each for each in drawn if each not in self._taken and _fresh(what, each)), draw(MOST_DRAWS))
            self._made[what] = alias
            self._taken.add(alias)
        return self._made[what]

    def _bytes(self, seed: str, length: int) -> bytes:
        drawn = b""
        while len(drawn) < length:
            block = f"{len(drawn)}:{seed}".encode("utf-8", "surrogatepass")
            drawn += hmac.new(self._key, block, hashlib.sha256).digest()
        return drawn[:length]


def _fresh(what: str, alias: str) -> bool:
    return not what.endswith(f":{alias}") and alias not in name_words().roles


def _figure(sign: str, by: int) -> str:
    if sign.isdigit():
        return str(by % 10) if sign != "0" else "0"
    if not sign.isascii() or not sign.isalpha():
        return sign
    pool = "abcdef" if sign.lower() in "abcdef" else "ghijklmnopqrstuvwxyz"
    letter = pool[by % len(pool)]
    return letter.upper() if sign.isupper() else letter


def _letter(sign: str, by: int) -> str:
    if sign in VOWELS:
        return VOWELS[by % len(VOWELS)]
    return CONSONANTS[by % len(CONSONANTS)] if sign in CONSONANTS else sign


def _cased(word: str, alias: str) -> str:
    """The alias with the capitals of the word; what is longer follows its last letter."""
    pattern = word + word[-1] * max(0, len(alias) - len(word))
    if len(word) == 1:
        pattern = word[0] + "a" * (len(alias) - 1)
    return "".join(sign.upper() if model.isupper() else sign for sign, model in zip(alias, pattern, strict=False))
