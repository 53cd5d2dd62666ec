"""Which image paths prove something: only those that take administrator rights to write.

A file name is chosen by whoever drops the file; a full path under a directory closed to ordinary accounts is not.
The answer is conservative: anything unusual in the path (traversal, short names, streams, trailing dots or spaces,
other drives, characters outside ASCII) makes it unprotected, since being unsure must cost trust, never grant it.

Source: default access control lists of Windows 10/11 and Server 2019/2022, and of Linux and macOS systems as installed.
"""

import re
from typing import Final

MAX_PATH_LENGTH: Final = 1024

WINDOWS_TREES: Final = (
    "windows/system32/",
    "windows/syswow64/",
    "windows/sysnative/",
    "windows/winsxs/",
    "windows/systemapps/",
    "windows/immersivecontrolpanel/",
    "windows/microsoft.net/framework/",
    "windows/microsoft.net/framework64/",
    "windows/servicing/",
    "windows/uus/",
    "windows/adws/",
    "program files/",
    "program files (x86)/",
    "programdata/microsoft/windows defender/platform/",
)
"""Directories of drive C: that only administrators, SYSTEM and TrustedInstaller write, subdirectories included."""

WINDOWS_TRAPS: Final = (
    "windows/system32/tasks/",
    "windows/system32/fxstmp/",
    "windows/system32/com/dmp/",
    "windows/system32/config/systemprofile/",
    "windows/system32/logfiles/",
    "windows/system32/microsoft/crypto/",
    "windows/system32/spool/",
    "windows/system32/driverstore/temp/",
    "windows/system32/wbem/logs/",
    "windows/system32/sru/",
    "windows/syswow64/tasks/",
    "windows/syswow64/fxstmp/",
    "windows/syswow64/com/dmp/",
    "windows/syswow64/config/systemprofile/",
    "windows/syswow64/microsoft/crypto/",
    "windows/servicing/packages/",
    "windows/servicing/sessions/",
    "program files/windowsapps/",
    "program files/modifiablewindowsapps/",
)
"""Subdirectories of the above that ordinary accounts or services can write (or install packages into)."""

WINDOWS_TRAP_PARTS: Final = frozenset({"temp", "tmp", "logs", "cache", "uploads"})
"""Directory names that are scratch space wherever they stand."""

WINDOWS_ROOT_FILE: Final = re.compile(r"windows/[a-z0-9_-]+\.(?:exe|com|dll)")
"""A program directly in C:\\Windows, such as explorer.exe; its subdirectories are judged by the lists above."""

UNIX_TREES: Final = (
    "/bin/",
    "/sbin/",
    "/lib/",
    "/lib64/",
    "/usr/bin/",
    "/usr/sbin/",
    "/usr/lib/",
    "/usr/lib64/",
    "/usr/libexec/",
    "/System/",
)
"""Directories root alone writes. On many machines others may write /usr/local, /opt and /Applications."""

_DRIVE = re.compile(r"c:/", re.IGNORECASE)
_SHORT_NAME = re.compile(r"~\d")
_FORBIDDEN = re.compile(r'[<>"|?*:]')


def is_protected_path(path: str) -> bool:
    """Whether `path` is the full path of a file in a directory that takes administrator rights to write."""
    if not path or len(path) > MAX_PATH_LENGTH or not path.isascii() or not path.isprintable():
        return False
    return _is_protected_unix(path) if path.startswith("/") else _is_protected_windows(path)


def _is_protected_unix(path: str) -> bool:
    parts = path.split("/")[1:]
    plain = all(part and part not in {".", ".."} and part == part.strip() for part in parts)
    return plain and not path.endswith(" (deleted)") and path.startswith(UNIX_TREES)


def _is_protected_windows(path: str) -> bool:
    if (rest := _after_drive(path)) is None:
        return False
    parts = rest.split("/")
    if not all(map(_is_plain_part, parts)) or WINDOWS_TRAP_PARTS.intersection(parts[:-1]):
        return False
    if rest.startswith(WINDOWS_TRAPS):
        return False
    return rest.startswith(WINDOWS_TREES) or WINDOWS_ROOT_FILE.fullmatch(rest) is not None


def _after_drive(path: str) -> str | None:
    """The lower-case rest after `C:\\`, separators as `/` and never doubled; None for any other kind of path."""
    for prefix in ("\\\\?\\", "\\??\\"):
        path = path.removeprefix(prefix)
    unified = re.sub(r"[\\/]+", "/", path)
    if _DRIVE.match(unified) is None:
        return None
    return unified[3:].lower()


def _is_plain_part(part: str) -> bool:
    """Whether a path component means what it shows: no traversal, stream, short name, padding or wildcard."""
    return (
        bool(part) and part == part.strip(" .") and _FORBIDDEN.search(part) is None and _SHORT_NAME.search(part) is None
    )
