"""Signatures and sender addresses are checked here, over given records; what headers claim is only a claim."""

import base64

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from servers.mail.hops import hops_of
from servers.mail.message import parse
from servers.mail.proof import checked, claims_of
from servers.mail.spf import evaluate
from servers.mail.zone import Kind, SavedZone, ZoneDown

PRIVATE = rsa.generate_private_key(65537, 2048)
PUBLIC = PRIVATE.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
RECORDS: dict[str, dict[Kind, list[str]]] = {
    "s1._domainkey.partner.example": {"TXT": [f"v=DKIM1; k=rsa; p={base64.b64encode(PUBLIC).decode()}"]},
    "partner.example": {
        "TXT": ["v=spf1 ip4:198.51.100.0/24 include:_spf.partner.example mx -all"],
        "MX": ["mx.partner.example"],
    },
    "mx.partner.example": {"A": ["203.0.113.25"]},
    "_spf.partner.example": {"TXT": ["v=spf1 ip6:2001:db8::/32 exists:%{i}._ok.partner.example ~all"]},
    "192.0.2.77._ok.partner.example": {"A": ["127.0.0.2"]},
    "_dmarc.partner.example": {"TXT": ["v=DMARC1; p=reject"]},
    "soft.example": {"TXT": ["v=spf1 a:%{d} ~all"]},
    "loop.example": {"TXT": ["v=spf1 include:loop.example -all"]},
    "two.example": {"TXT": ["v=spf1 -all", "v=spf1 +all"]},
    "bad.example": {"TXT": ["v=spf1 ip4:999.1.1.1 -all"]},
    "moved.example": {"TXT": ["v=spf1 redirect=partner.example"]},
}
ZONE = SavedZone(RECORDS)
TRACE = (
    b"Received: from mta.partner.example (mta [198.51.100.7]) by mx.halden.example; Mon, 9 Mar 2026 10:00:00 +0000\r\n"
)
MESSAGE = (
    b"From: Ann <ann@partner.example>\r\nTo: bob@halden.example\r\nSubject: Offer\r\n"
    b"Date: Mon, 9 Mar 2026 10:00:00 +0000\r\nMessage-ID: <1@partner.example>\r\n\r\nGood morning\r\n"
)


def signed(message: bytes = MESSAGE) -> bytes:
    """The message with a signature of its domain."""
    pem = PRIVATE.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    return bytes(dkim.sign(message, b"s1", b"partner.example", pem)) + message


def results(raw: bytes, zone: SavedZone | None = ZONE) -> dict[str, str]:
    """Method to result."""
    mail = parse(raw)
    return {check.method: check.result for check in checked(mail, hops_of(mail, ("mx.halden.example",)), zone)}


def test_good_message_passes_everything() -> None:
    """Otherwise every real partner would look like a forger."""
    raw = b"Return-Path: <ann@partner.example>\r\n" + TRACE + signed()

    assert results(raw) == {"dkim": "pass", "spf": "pass", "dmarc": "pass"}


@pytest.mark.parametrize("change", [(b"Good morning", b"Pay now"), (b"Subject: Offer", b"Subject: Invoice")])
def test_changed_message_fails(change: tuple[bytes, bytes]) -> None:
    """A signature that covers other words is none."""
    raw = (TRACE + signed()).replace(*change)

    assert results(raw)["dkim"] == "fail"
    assert results(raw)["dmarc"] == "fail"


def test_signature_of_somebody_else_is_not_the_senders() -> None:
    """A spammer's own signature is good and proves nothing about From."""
    other = MESSAGE.replace(b"ann@partner.example", b"ann@halden.example")
    found = checked(
        parse(signed(other)), (), SavedZone({**RECORDS, "_dmarc.halden.example": RECORDS["_dmarc.partner.example"]})
    )

    assert [(check.method, check.result, check.aligned) for check in found] == [
        ("dkim", "pass", False),
        ("spf", "not_checked", False),
        ("dmarc", "fail", False),
    ]


def test_without_records_nothing_is_claimed() -> None:
    """Not checked is neither pass nor fail."""
    assert set(results(signed(), None).values()) == {"not_checked"}
    assert results(signed(), SavedZone({}))["dkim"] == "no_key"


@pytest.mark.parametrize(
    "address,sender,result",
    [
        ("198.51.100.9", "a@partner.example", "pass"),
        ("2001:db8::1", "a@partner.example", "pass"),
        ("203.0.113.25", "a@partner.example", "pass"),
        ("192.0.2.77", "a@partner.example", "pass"),
        ("192.0.2.78", "a@partner.example", "fail"),
        ("192.0.2.78", "a@moved.example", "fail"),
        ("192.0.2.78", "a@soft.example", "softfail"),
        ("192.0.2.78", "a@nothing.example", "none"),
        ("192.0.2.78", "a@loop.example", "permerror"),
        ("192.0.2.78", "a@two.example", "permerror"),
        ("192.0.2.78", "a@bad.example", "permerror"),
        ("192.0.2.78", "a@-\r\n.example", "none"),
    ],
)
def test_sender_policy_is_evaluated_as_the_standard_says(address: str, sender: str, result: str) -> None:
    """Include, mx, exists with macros, redirect; loops and nonsense end in permerror, not in a hang."""
    assert evaluate(ZONE, address, sender, "helo.example") == result


def test_zone_that_is_down_is_temperror() -> None:
    """Nobody asked is not nobody allowed."""

    class Down:
        def records(self, name: str, kind: str) -> tuple[str, ...]:
            raise ZoneDown

    assert evaluate(Down(), "192.0.2.1", "a@partner.example", "h.example") == "temperror"


def test_claims_are_ascribed_to_whoever_they_name() -> None:
    """Anybody can write the header; only the relay that strips foreign ones is worth believing."""
    mail = parse(
        b"Authentication-Results: mx.halden.example; dkim=fail (bad) header.d=x; spf=pass\r\n"
        b"Authentication-Results: evil.example; dkim=pass\r\n"
        b"ARC-Authentication-Results: i=1; forwarder.example; dmarc=pass\r\n\r\nx"
    )
    found = [(claim.by, claim.method, claim.result, claim.ours) for claim in claims_of(mail, ("mx.halden.example",))]

    assert found == [
        ("mx.halden.example", "dkim", "fail", True),
        ("mx.halden.example", "spf", "pass", True),
        ("evil.example", "dkim", "pass", False),
        ("forwarder.example", "dmarc", "pass", False),
    ]
