"""What speaks against a message is named with its reason; an ordinary message has nothing against it."""

from email.message import EmailMessage

import pytest

from servers.mail.examination import Surroundings, look, macros_in
from servers.mail.likeness import foreign_letters, like_ours, same_person
from servers.mail.message import Address
from servers.mail.signs import Known, signs_of
from servers.mail.zone import SavedZone
from tests.servers.mail.test_proof import TRACE, ZONE, signed
from tests.servers.malware.samples import document, modern_document

OURS = ("halden.example",)
KNOWN = Known(OURS, ("partner.example",), (Address("Mara Lindqvist", "mara.lindqvist@halden.example"),))


def names(raw: bytes, zone: SavedZone | None = None) -> set[str]:
    """The signs of a message."""
    looked = look(raw, Surroundings(("mx.halden.example",), lambda: zone, lambda: KNOWN))
    return {sign.name for sign in signs_of(looked.examined, KNOWN)}


def written(**headers: str) -> bytes:
    """A message with these headers."""
    mail = EmailMessage()
    for name, value in {"From": "ann@partner.example", "Message-ID": "<1@x>", **headers}.items():
        mail[name.replace("_", "-")] = value
    mail.set_content("hello")
    return mail.as_bytes()


def test_ordinary_signed_message_has_no_sign() -> None:
    """Signs on everything are signs of nothing."""
    assert names(b"Return-Path: <ann@partner.example>\r\n" + TRACE + signed(), ZONE) == set()


@pytest.mark.parametrize(
    "headers,sign",
    [
        ({"From": "x@ha1den.example"}, "sender_like_own_domain"),
        ({"From": "x@halden.example.evil.test"}, "sender_like_own_domain"),
        ({"From": "x@halden-login.test"}, "sender_like_own_domain"),
        ({"From": "x@partnr.example"}, "sender_like_partner"),
        ({"From": '"mara.lindqvist@halden.example" <x@evil.test>'}, "address_in_name"),
        (
            {"From": "Lindqvist, Mara <x@evil.test>".replace("Lindqvist, Mara", '"Lindqvist, Mara"')},
            "name_of_known_person",
        ),
        ({"Reply_To": "x@evil.test"}, "reply_to_elsewhere"),
        ({"Return_Path": "<bounce@evil.test>"}, "envelope_elsewhere"),
        ({"From": "a@partner.example, b@evil.test"}, "several_senders"),
    ],
)
def test_sender_who_pretends_is_named(headers: dict[str, str], sign: str) -> None:
    """Each of these was used against real people."""
    assert sign in names(written(**headers))
    assert sign not in names(written())


def test_own_domain_without_proof_is_a_strong_sign() -> None:
    """The commonest fraud: a message from our own director that never left our house."""
    raw = TRACE + written(From="mara.lindqvist@halden.example")

    assert "own_domain_unproved" in names(raw, SavedZone({}))
    assert "own_domain_unproved" not in names(raw, None)


def test_claim_that_the_checks_do_not_bear_out_is_named() -> None:
    """A forged header says pass; the check made here says otherwise."""
    raw = b"Authentication-Results: mx.evil.test; dkim=pass\r\n" + TRACE + signed().replace(b"Good", b"Bad")

    assert {"claim_not_borne_out", "dkim_failed"} <= names(raw, ZONE)


@pytest.mark.parametrize(
    "html,sign",
    [
        ('<a href="http://203.0.113.5/x">see</a>', "link_to_address"),
        ('<a href="http://halden.example@evil.test/">see</a>', "link_with_user"),
        ('<a href="https://evil.test/">https://halden.example/login</a>', "link_text_differs"),
        (
            '<a href="https://haIden.example/">see</a>'.replace("I", "l").replace("halden", "hal-den"),
            "link_like_own_domain",
        ),
        ("<form action='https://evil.test/'>", "form"),
    ],
)
def test_link_that_deceives_is_named(html: str, sign: str) -> None:
    """What is shown and where it leads are two things."""
    mail = EmailMessage()
    mail["From"] = "ann@partner.example"
    mail.set_content(html, subtype="html")

    assert sign in names(mail.as_bytes())


@pytest.mark.parametrize(
    "name,content,sign",
    [
        ("invoice.pdf.exe", b"MZ", "double_ending"),
        ("invoice.pdf", b"MZ", "attachment_disguised"),
        ("setup.bin", b"MZ", "attachment_runs"),
        ("cod\u202efdp.exe", b"x", "reversed_name"),
        ("page.html", b"<html>", "attachment_with_content"),
    ],
)
def test_attachment_that_deceives_is_named(name: str, content: bytes, sign: str) -> None:
    """By content, and by what its name hides."""
    mail = EmailMessage()
    mail["From"] = "ann@partner.example"
    mail.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)

    assert sign in names(mail.as_bytes())
    assert sign not in names(written())


@pytest.mark.parametrize(
    "domain,how",
    [
        ("halden.example", None),
        ("mail.halden.example", None),
        ("h\u0430lden.example", "looks_the_same"),
        ("xn--" + "h\u0430lden".encode("punycode").decode() + ".example", "looks_the_same"),
        ("ha1den.example", "looks_the_same"),
        ("haldem.example", "one_letter_off"),
        ("hladen.example", "one_letter_off"),
        ("halden.test", "other_ending"),
        ("halden-support.test", "contains_it"),
        ("golden.example", None),
        ("walden-pond.test", None),
    ],
)
def test_domain_made_to_be_taken_for_ours(domain: str, how: str | None) -> None:
    """Near misses count, neighbours do not."""
    like = like_ours(domain, OURS)

    assert (None if like is None else like.how) == how


def test_names_are_compared_whatever_their_order_and_letters() -> None:
    """A Cyrillic letter or the surname first must not hide whose name was taken."""
    assert same_person("Lindqvist, Mara", "Mara Lindqvist")
    assert same_person("M\u0430ra Lindqvist (CEO)", "Mara Lindqvist")
    assert not same_person("Mara Lind", "Mara Lindqvist")
    assert foreign_letters("h\u0430lden.example")
    assert not foreign_letters("m\u00fcller.example")


@pytest.mark.parametrize(
    "content", [pytest.param(document(), marks=pytest.mark.thorough), modern_document()], ids=["doc", "docm"]
)
def test_macros_are_found_without_running_them(content: bytes) -> None:
    """By the content of the document, in a process that can do nothing else."""
    mail = EmailMessage()
    mail["From"] = "ann@partner.example"
    mail.add_attachment(content, maintype="application", subtype="msword", filename="offer.docm")

    assert macros_in(content).found is True
    assert "macros" in names(mail.as_bytes())


@pytest.mark.thorough
def test_document_that_breaks_the_reader_is_not_a_clean_one() -> None:
    """Not looked at is told apart from nothing there."""
    assert macros_in(modern_document(None)).found is False
    assert macros_in(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\xff" * 600).found is None
