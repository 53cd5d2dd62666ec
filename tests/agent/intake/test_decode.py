"""Decoding: what an encoded text really says."""

import base64
import gzip
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.intake.decode import MAX_DEPTH, MAX_LAYERS, decode, unescape_doubled


def encoded(command: str) -> str:
    return base64.b64encode(command.encode("utf-16-le")).decode()


def texts(text: str) -> list[str]:
    return [layer.text for layer in decode(text)]


SWITCHES = ["-e", "-ec", "-en", "-enc", "-eNCo", "-EncodedCommand", "/enc", "–enc", "—EncodedC"]


@pytest.mark.parametrize("switch", SWITCHES)
def test_every_abbreviation_of_the_switch_is_decoded(switch: str) -> None:
    """PowerShell takes any prefix and several dashes; missing one hides the command."""
    assert "whoami /all" in texts(f"powershell.exe -nop {switch} {encoded('whoami /all')}")


def test_layers_below_layers_are_reached() -> None:
    """Attackers nest; the innermost command is what runs."""
    inner = f"powershell -enc {encoded('cmd /c net user')}"
    found = texts(f"cmd.exe /c p^o^w^e^rshell -e {encoded(inner)}")
    assert "net user" in found
    assert max(layer.depth for layer in decode(f"cmd.exe /c p^o^w^e^rshell -e {encoded(inner)}")) <= MAX_DEPTH


@pytest.mark.parametrize(
    "text, expected",
    [
        ("a &amp; b &gt; c", "a & b > c"),
        (r"C:\\Windows\\System32\\cmd.exe", r"C:\Windows\System32\cmd.exe"),
        ("w^h^o^a^m^i", "whoami"),
        ("po`wer`shell", "powershell"),
        ("/a?x=%2e%2e%2f%2e%2e%2fetc%2fpasswd", "/a?x=../../etc/passwd"),
        ("('Invoke-'+'Expression')", "('Invoke-Expression')"),
        (r"\u0069\u0064", "id"),
        ("bash -c 'id; uname -a'", "id; uname -a"),
        ("echo d2hvYW1pIC9hbGwgJiYgaWQ= | base64 -d | sh", "whoami /all && id"),
    ],
)
def test_each_kind_of_wrapping_is_undone(text: str, expected: str) -> None:
    """One line per decoder: dropping any of them fails here."""
    assert expected in texts(text)


def test_compressed_payloads_are_inflated_within_bounds() -> None:
    """A stager is mostly gzip in base64; a bomb must not fill the memory."""
    stager = base64.b64encode(gzip.compress(b"IEX (New-Object Net.WebClient)")).decode()
    bomb = base64.b64encode(gzip.compress(b"A" * 50_000_000)).decode()
    assert "IEX (New-Object Net.WebClient)" in texts(f"[Convert]::FromBase64String('{stager}')")
    assert all(len(text) <= 20_000 for text in texts(f"FromBase64String('{bomb}')"))


def test_a_single_backslash_is_not_taken_for_an_escaped_one() -> None:
    """Undoing an escape that is none would turn a share path into a local one."""
    assert unescape_doubled(r"\\server\share") == r"\\server\share"
    assert unescape_doubled(r"\\\\server\\share") == r"\\server\share"
    assert unescape_doubled(r"\"a b\" c") == '"a b" c'


@given(st.text(alphabet="abcdefgh 0123456789.:/-", max_size=200))
def test_plain_text_has_no_layers(text: str) -> None:
    """Nothing to decode means nothing decoded, so decoding twice changes nothing."""
    assert decode(" ".join(text.replace("/", "").replace("-", "").split())) == ()


@given(st.text(max_size=2_000))
def test_any_text_is_decoded_without_an_error(text: str) -> None:
    """It runs on attackers' text."""
    layers = decode(text)
    assert len(layers) <= MAX_LAYERS
    assert all(0 < layer.depth <= MAX_DEPTH and layer.text for layer in layers)


@given(st.text(alphabet="^`%\\&'\"+-/ cmdpowershellenc=ABCDabcd0123;(){}$", max_size=3_000))
def test_texts_full_of_wrapping_are_decoded_in_bounded_time(text: str) -> None:
    """The alphabet is what the decoders look for; none of them may explode."""
    started = perf_counter()
    decode(text)
    assert perf_counter() - started < 2


@pytest.mark.parametrize("piece", ["^", "\\", "cmd ", "powershell ", "'+'", "&amp;", "%25", "bash -c ", "-enc ", "a"])
def test_huge_repetitions_cost_a_fixed_time(piece: str) -> None:
    """Padding is the cheapest attack on a decoder."""
    started = perf_counter()
    decode(piece * (400_000 // len(piece)))
    assert perf_counter() - started < 2
