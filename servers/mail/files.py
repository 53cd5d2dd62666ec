"""What an attachment is by its content, whatever its name says, and what speaks against it."""

import hashlib
import io
import re
import zipfile
from dataclasses import dataclass
from typing import Literal, TypeAlias

from servers.mail.message import Attachment

Kind: TypeAlias = Literal[
    "windows_program", "elf_program", "mach_program", "script", "shortcut", "java_archive", "disk_image", "installer",
    "office_legacy", "office", "office_with_macros", "onenote", "rtf", "pdf", "html", "svg", "image", "zip",
    "archive", "message", "text", "empty", "unknown",
]  # fmt: skip
RUNS: frozenset[Kind] = frozenset(
    {"windows_program", "elf_program", "mach_program", "script", "shortcut", "java_archive", "disk_image", "installer"}
)
"""Kinds that act when they are opened."""
MACRO_KINDS: frozenset[Kind] = frozenset({"office_legacy", "office", "office_with_macros"})
_STARTS: tuple[tuple[bytes, Kind], ...] = (
    (b"MZ", "windows_program"),
    (b"\x7fELF", "elf_program"),
    (b"\xcf\xfa\xed\xfe", "mach_program"),
    (b"\xfe\xed\xfa", "mach_program"),
    (b"L\x00\x00\x00\x01\x14\x02\x00", "shortcut"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "office_legacy"),
    (b"\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d", "onenote"),
    (b"{\\rt", "rtf"),
    (b"%PDF-", "pdf"),
    (b"\x89PNG\r\n", "image"),
    (b"\xff\xd8\xff", "image"),
    (b"GIF8", "image"),
    (b"BM", "image"),
    (b"7z\xbc\xaf\x27\x1c", "archive"),
    (b"Rar!\x1a\x07", "archive"),
    (b"\x1f\x8b", "archive"),
    (b"BZh", "archive"),
    (b"\xfd7zXZ", "archive"),
    (b"MSCF", "archive"),
    (b"#!", "script"),
)
_ENDINGS: dict[str, frozenset[Kind]] = {
    "pdf": frozenset({"pdf"}),
    "doc": frozenset({"office_legacy", "rtf", "office"}),
    "xls": frozenset({"office_legacy", "office"}),
    "ppt": frozenset({"office_legacy", "office"}),
    "docx": frozenset({"office"}),
    "xlsx": frozenset({"office"}),
    "pptx": frozenset({"office"}),
    "docm": frozenset({"office_with_macros", "office"}),
    "xlsm": frozenset({"office_with_macros", "office"}),
    "rtf": frozenset({"rtf"}),
    "png": frozenset({"image"}),
    "jpg": frozenset({"image"}),
    "jpeg": frozenset({"image"}),
    "gif": frozenset({"image"}),
    "zip": frozenset({"zip"}),
    "txt": frozenset({"text"}),
    "csv": frozenset({"text"}),
}
"""Name endings and what may hide behind them."""
RUNNING_ENDINGS = frozenset(
    {
        "exe", "scr", "com", "pif", "bat", "cmd", "ps1", "vbs", "vbe", "js", "jse", "wsf",
        "wsh", "hta", "lnk", "msi", "msix", "jar", "iso", "img", "vhd", "vhdx", "cpl", "dll",
        "reg", "xll", "one",
    }
)  # fmt: skip
_HARMLESS_ENDINGS = frozenset(
    {
        "pdf", "doc", "docx", "xls", "xlsx", "ppt", "pptx", "txt", "csv", "jpg", "jpeg", "png",
        "gif", "rtf", "zip", "htm", "html",
    }
)  # fmt: skip
MOST_MEMBERS = 500


@dataclass(frozen=True, slots=True)
class File:
    """One attachment, looked at without running or unpacking it."""

    name: str
    declared: str
    kind: Kind
    size: int
    sha256: str
    md5: str
    members: tuple[str, ...]
    """Names inside a zip, 500 at most."""
    encrypted: bool
    """Whether a zip or office file asks for a password."""

    @property
    def ending(self) -> str:
        """The last ending of its name."""
        return _endings(self.name)[-1] if _endings(self.name) else ""

    @property
    def disguised(self) -> bool:
        """Whether its name promises something else than it is."""
        allowed = _ENDINGS.get(self.ending)
        return allowed is not None and self.kind not in allowed and self.kind != "empty"

    @property
    def double_ending(self) -> bool:
        """`report.pdf.exe`: a harmless ending before one that runs."""
        endings = _endings(self.name)
        return len(endings) > 1 and endings[-1] in RUNNING_ENDINGS and endings[-2] in _HARMLESS_ENDINGS

    @property
    def running_members(self) -> int:
        """How many files inside run when they are opened."""
        return sum(1 for name in self.members if _endings(name)[-1:] and _endings(name)[-1] in RUNNING_ENDINGS)


def looked_at(attachment: Attachment) -> File:
    """The attachment with its hashes and what it is."""
    content = attachment.content
    kind, members, encrypted = _kind(content)
    return File(
        name=attachment.name,
        declared=attachment.declared,
        kind=kind,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        md5=hashlib.md5(content, usedforsecurity=False).hexdigest(),
        members=members,
        encrypted=encrypted,
    )


def _kind(content: bytes) -> tuple[Kind, tuple[str, ...], bool]:
    if not content:
        return "empty", (), False
    if content.startswith(b"PK\x03\x04"):
        return _zip(content)
    for start, kind in _STARTS:
        if content.startswith(start):
            locked = kind == "office_legacy" and "EncryptedPackage".encode("utf-16-le") in content
            return kind, (), locked
    if content[0x8001:0x8006] == b"CD001":
        return "disk_image", (), False
    return _text_kind(content), (), False


def _zip(content: bytes) -> tuple[Kind, tuple[str, ...], bool]:
    """A zip by its directory alone; nothing is unpacked."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()[:MOST_MEMBERS]
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, IndexError, UnicodeError):
        return "zip", (), False
    names = tuple(entry.filename[:255] for entry in entries)
    encrypted = any(entry.flag_bits & 1 for entry in entries)
    if "[Content_Types].xml" in names:
        macros = any(name.lower().endswith("vbaproject.bin") for name in names)
        return ("office_with_macros" if macros else "office"), names, encrypted
    return ("java_archive" if "META-INF/MANIFEST.MF" in names else "zip"), names, encrypted


_SCRIPT = re.compile(
    rb"wscript\.|activexobject|createobject\s*\(|powershell|<hta:|<job\b|@echo off|eval\s*\(|document\.write",
    re.IGNORECASE,
)


def _text_kind(content: bytes) -> Kind:
    head = content[:65_536]
    if b"\x00" in head and not head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "unknown"
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:2_000].lower()
    if start.startswith((b"<!doctype html", b"<html", b"<head", b"<body", b"<script")):
        return "html"
    if b"<svg" in start:
        return "svg"
    if _SCRIPT.search(head):
        return "script"
    return "message" if re.match(rb"(?:received|from|return-path|date|subject): ", start) else "text"


def _endings(name: str) -> list[str]:
    plain = name.rsplit("/", 1)[-1].rsplit("\\", 1)[-1].strip(". ").lower()
    return [part.strip() for part in plain.split(".")[1:]]
