"""What letters say of a domain, and how names are taken apart."""

import pytest

from servers.dns.shape import distance, lookalike, randomness
from servers.domains import plain, registered


@pytest.mark.parametrize("label", ["stackoverflow", "githubusercontent", "windowsupdate", "cloudflare-dns", "teal-api"])
def test_words_do_not_read_as_random(label: str) -> None:
    """Half the traffic of a house goes to long names made of words."""
    assert randomness(label) < 30


@pytest.mark.parametrize("label", ["xkqzjvbwpt", "q8d7f6a5s4d3", "43cf0b269920991b1a13c5c79ab967d0", "uwtyoaqhbdjn"])
def test_machine_made_labels_read_as_random(label: str) -> None:
    """What an algorithm makes has the pairs of letters that words lack."""
    assert randomness(label) >= 60


@pytest.mark.parametrize(
    ("domain", "how"),
    [
        ("paypa1-mcpsoc.test", None),
        ("b1gbank.example", "same_to_the_eye"),
        ("xn--bigbnk-6nf.example", "same_to_the_eye"),
        ("bigbnak.example", "one_letter_off"),
        ("bigbank.test", "other_ending"),
        ("login.bigbank-secure.test", "name_inside"),
        ("www.bigbank.example", None),
        ("unrelated.example", None),
    ],
)
def test_lookalikes_are_told_apart(domain: str, how: str | None) -> None:
    """A letter of another alphabet, a swapped letter and a name inside a longer one are different findings."""
    found = lookalike(domain, ["bigbank.example"])

    assert (None if found is None else found.how) == how


def test_swapped_letters_are_one_step() -> None:
    """People swap letters, and so do those who register their slips."""
    assert (distance("bank", "bnak", 2), distance("bank", "bank", 2), distance("bank", "elephant", 2)) == (1, 0, 3)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a.b.co.uk", "b.co.uk"), ("x.y.evil.test", "evil.test"), ("co.uk", None), ("test", None)],
)
def test_registered_part_follows_the_public_suffix_list(name: str, expected: str | None) -> None:
    """Counting names below co.uk as one domain would hide the one that matters."""
    assert registered(name) == expected


@pytest.mark.parametrize(
    "text", ["", "a b", "-a.test", "a..test", "x" * 64, "a.test\n", "*.test", 'a";b.test', "ü" * 80]
)
def test_what_is_no_domain_name_is_refused(text: str) -> None:
    """Names go into a command and a file of the resolver."""
    if text.strip() == "a.test":
        assert plain(text) == "a.test"
        return
    with pytest.raises(ValueError, match="domain"):
        plain(text)
