"""The protected-path rule: what may be believed about where a program lies."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.intake.paths import is_protected_path

PROTECTED = [
    r"C:\Windows\System32\cmd.exe",
    r"c:\WINDOWS\system32\WindowsPowerShell\v1.0\powershell.exe",
    r"C:\\Windows\\System32\\svchost.exe",
    r"\\?\C:\Windows\System32\cmd.exe",
    "C:/Windows/System32/cmd.exe",
    r"C:\Windows\explorer.exe",
    r"C:\Program Files\Vendor App\1.2.3\agent.exe",
    r"C:\Program Files (x86)\Vendor\agent.exe",
    r"C:\ProgramData\Microsoft\Windows Defender\Platform\4.18.25050.5-0\MsMpEng.exe",
    "/usr/sbin/sshd",
    "/bin/bash",
]

UNPROTECTED = [
    "",
    "cmd.exe",
    r"System32\cmd.exe",
    r"C:\Windows\Temp\svchost.exe",
    r"C:\Windows\Tasks\a.exe",
    r"C:\Windows\Tracing\a.exe",
    r"C:\Windows\Debug\WIA\a.exe",
    r"C:\Windows\System32\spool\drivers\color\a.exe",
    r"C:\WINDOWS\SYSTEM32\SPOOL\DRIVERS\COLOR\A.EXE",
    r"C:\Windows\System32\Tasks\a.exe",
    r"C:\Windows\System32\FxsTmp\a.exe",
    r"C:\Windows\System32\Microsoft\Crypto\RSA\MachineKeys\a.exe",
    r"C:\Windows\System32\..\Temp\a.exe",
    r"C:\Windows\System32\.\cmd.exe",
    r"C:\Windows \System32\cmd.exe",
    r"C:\Windows.\System32\cmd.exe",
    r"C:\Windows\System32\cmd.exe.",
    r"C:\Windows\System32\cmd.exe ",
    r"C:\Windows\System32\cmd.exe:evil.exe",
    r"C:\PROGRA~1\Vendor\a.exe",
    r"C:\Program Files\Vendor\EVIL~1.EXE",
    r"C:\Program Files\Vendor\Temp\a.exe",
    r"C:\Program Files\WindowsApps\some.package\a.exe",
    r"C:\Windows\System32evil\cmd.exe",
    r"C:\WindowsX\System32\cmd.exe",
    r"C:\Users\ann\Windows\System32\cmd.exe",
    r"C:\ProgramData\Microsoft\a.exe",
    r"D:\Windows\System32\cmd.exe",
    r"\\server\C$\Windows\System32\cmd.exe",
    r"\\?\UNC\server\share\Windows\System32\cmd.exe",
    r"\\.\C:\Windows\System32\cmd.exe",
    r"%SystemRoot%\System32\cmd.exe",
    r"C:Windows\System32\cmd.exe",
    r'"C:\Windows\System32\cmd.exe"',
    r"C:\Windows\System32\cmd.exe /c whoami > C:\x",
    "C:\\Windows\\System32\\cmd.exe\nC:\\x",
    "C:\\Windows\\System32\\\u0441md.exe",
    "C:\\Windows\\System32\\",
    "/usr/bin/../../tmp/a",
    "/usr//bin/a",
    "/tmp/usr/bin/a",
    "/usr/bin/a (deleted)",
    "/usr/local/bin/a",
    "/home/ann/usr/bin/a",
    "/usr/binx/a",
    "usr/bin/a",
]


@pytest.mark.parametrize("path", PROTECTED)
def test_administrator_directories_are_protected(path: str) -> None:
    """System programs in every spelling Windows accepts keep their value as evidence."""
    assert is_protected_path(path)


@pytest.mark.parametrize("path", UNPROTECTED)
def test_paths_an_ordinary_account_can_make_are_not(path: str) -> None:
    """Each trap is a place or a spelling an attacker without rights could use."""
    assert not is_protected_path(path)


@given(st.text())
def test_any_text_gets_an_answer(path: str) -> None:
    """The rule runs on attackers' text: it must never raise."""
    assert is_protected_path(path) in {True, False}


@given(st.text(alphabet=st.characters(exclude_characters="\\/"), max_size=20))
def test_a_trap_stays_a_trap_whatever_the_file_is_called(name: str) -> None:
    """No file name lifts a writable directory into the protected ones."""
    assert not is_protected_path(f"C:\\Windows\\System32\\spool\\drivers\\color\\{name}")
