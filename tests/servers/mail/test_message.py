"""A message is taken apart as it is, however it was made; what is too much is left out and said."""

import io
import zipfile
from email.message import EmailMessage

import pytest

from servers.errors import ToolError
from servers.mail.files import looked_at
from servers.mail.hops import handed_over, hops_of
from servers.mail.links import links_of
from servers.mail.message import MOST_ATTACHMENTS, MOST_BYTES, Attachment, parse


def test_headers_are_decoded_and_texts_found() -> None:
    """Encoded words and quoted-printable are how most subjects and bodies come."""
    mail = parse(
        b"From: =?utf-8?q?J=C3=B6rg?= <joerg@halden.example>\r\nSubject: =?utf-8?b?5a+G56CB?=\r\n"
        b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
        b"Gr=C3=BC=C3=9Fe\r\n"
    )

    assert (mail.sender.name, mail.sender.address) == ("Jörg", "joerg@halden.example")
    assert mail.first("subject") == "密码"
    assert mail.text.strip() == "Grüße"


def test_attachments_come_with_names_and_attached_messages_whole() -> None:
    """A phishing mail is often reported as an attachment."""
    inner = EmailMessage()
    inner["Subject"] = "inner"
    inner.add_attachment(b"MZ...", maintype="application", subtype="octet-stream", filename="inner.exe")
    outer = EmailMessage()
    outer["Subject"] = "outer"
    outer.set_content("see attached")
    outer.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf", filename="räksmörgås.pdf")
    outer.add_attachment(inner)
    mail = parse(outer.as_bytes())

    assert [(part.name, part.declared) for part in mail.attachments] == [
        ("räksmörgås.pdf", "application/pdf"),
        ("", "message/rfc822"),
    ]
    assert b"inner.exe" in mail.attachments[1].content


@pytest.mark.parametrize(
    "raw,code",
    [
        (b"", "no_message"),
        (b"\n\njust text", "no_message"),
        (b"Subject: x\n\n" + b"x" * MOST_BYTES, "too_large"),
        (b"".join(b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n' % (n, n) for n in range(300)), "too_deep"),
    ],
    ids=["nothing", "no header", "large", "deep"],
)
def test_bytes_that_are_no_mail_are_refused(raw: bytes, code: str) -> None:
    """A hostile message must cost little, and an error is not a clean message."""
    with pytest.raises(ToolError) as refused:
        parse(raw)

    assert refused.value.code == code


def test_many_attachments_are_bounded_and_it_is_said() -> None:
    """What was not looked at must not pass for clean."""
    mail = EmailMessage()
    mail["Subject"] = "many"
    for number in range(MOST_ATTACHMENTS + 5):
        mail.add_attachment(b"x", maintype="application", subtype="pdf", filename=f"{number}.pdf")
    found = parse(mail.as_bytes())

    assert len(found.attachments) == MOST_ATTACHMENTS
    assert any("attachments" in limit for limit in found.limits)


@pytest.mark.parametrize(
    "raw",
    [
        b"From: =?x?q?=\nSubject: =?utf-8?b?!!!?=\nDate: nonsense\n\nx",
        b'From: <<<>>>,,;:"\nReceived: from\n\n\xff\xfe',
        b"Content-Type: text/plain; charset=no-such-charset\nFrom: a@b.c\n\n\x80abc",
        b"Content-Type: multipart/mixed\nFrom: a@b.c\n\n--\n--",
        b"From: a@b.c\nContent-Disposition: attachment; filename*0*=utf-8''%FF; filename*1=\"x\"\n\nx",
        b"Subject: \xe4\xbd\xa0\xe5\xa5\xbd\n\nraw eight bit",
    ],
)
def test_broken_messages_are_still_read(raw: bytes) -> None:
    """What attackers send breaks rules; a parser that gives up helps them."""
    assert parse(raw).headers


def test_links_come_with_what_the_reader_sees() -> None:
    """The difference between both is the oldest trick there is."""
    html = '<a href="https://evil.example/x">www.bank.example</a><img src="http://t.example/p.gif"><form action="/y">'
    found = links_of("also http://plain.example/a).", html)

    assert [(link.host, link.shown) for link in found.links] == [
        ("evil.example", "www.bank.example"),
        ("t.example", ""),
        ("plain.example", ""),
    ]
    assert found.form


def test_only_our_own_relays_are_believed() -> None:
    """Whoever sends a message can write any number of Received lines below ours."""
    at = b"; Mon, 9 Mar 2026 10:00:02 +0000\n"
    mail = parse(
        b"Received: from mx.halden.example (mx.halden.example [10.0.0.5]) by mail.halden.example" + at
        + b"Received: from evil.example (unknown [203.0.113.9]) by mx.halden.example with ESMTPS" + at
        + b"Received: from bank.example (bank.example [198.51.100.1]) by mx.halden.example" + at
        + b"Received: from good.example ([198.51.100.2]) by relay.good.example" + at
        + b"\nx"
    )  # fmt: skip
    unnamed = hops_of(mail, ("mail.halden.example",))
    named = hops_of(mail, ("mail.halden.example", "mx.halden.example"))
    handed = handed_over(named)

    assert [hop.ours for hop in unnamed] == [True, False, False, False]
    assert [hop.ours for hop in named] == [True, True, False, False]
    assert handed is not None
    assert (handed[0].address, handed[1]) == ("203.0.113.9", True)


def zipped(*names: str) -> bytes:
    """A zip of these empty files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, "")
    return out.getvalue()


@pytest.mark.parametrize(
    "name,content,kind,disguised",
    [
        ("invoice.pdf", b"MZ\x90", "windows_program", True),
        ("virus.exe", b"plain words", "text", False),
        ("report.pdf", b"%PDF-1.7", "pdf", False),
        ("a.docx", zipped("[Content_Types].xml", "word/vbaProject.bin"), "office_with_macros", True),
        ("a.docm", zipped("[Content_Types].xml", "word/vbaProject.bin"), "office_with_macros", False),
        ("a.zip", zipped("x.js"), "zip", False),
        ("photo.jpg", b"<html><script>", "html", True),
        ("x.txt", b'CreateObject("WScript.Shell")', "script", True),
    ],
)
def test_file_is_what_its_content_is(name: str, content: bytes, kind: str, disguised: bool) -> None:
    """A name is the sender's choice."""
    file = looked_at(Attachment(name, "application/pdf", content))

    assert (file.kind, file.disguised) == (kind, disguised)
