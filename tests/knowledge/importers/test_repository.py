"""Documents of a Git repository; it may have been made by an attacker."""

import os
import subprocess
from pathlib import Path

import pytest

from knowledge.errors import DocumentError
from knowledge.importers import read, read_repository
from tests.knowledge.importers.made import put


def git(folder: Path, *arguments: str) -> None:
    """Run git as nobody in particular."""
    names = {f"GIT_{who}_{what}": "a@b" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, env=os.environ | names)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """One with documents, a link out of it, and things that would run when it is checked out."""
    made = put(
        tmp_path / "team/runbooks", {"a.md": "# A\n\n## Do\nthis", "deep/处置.md": "# 处置\n隔离主机", "x.sh": "y"}
    )
    put(made, {".gitattributes": "*.md filter=evil\n", "large.md": b"x" * 20_000_001})
    (made / "link.md").symlink_to("/etc/passwd")
    git(made, "init", "-q")
    git(made, "config", "uploadpack.packObjectsHook", f"touch {tmp_path}/ran;")
    git(made, "add", ".")
    git(made, "commit", "-qm", "all")
    return made


@pytest.mark.parametrize("form", ["{path}", "file://{path}"])
def test_its_newest_documents_are_read_from_its_objects(repository: Path, tmp_path: Path, form: str) -> None:
    """Nothing of it is checked out: no link is followed, nothing of it runs."""
    found = read_repository(form.format(path=repository))

    assert found.origin == f"file://{repository}"
    assert [document.title for document in found.documents] == ["A", "处置"]
    assert found.documents[0].source == f"file://{repository}#a.md"
    assert found.documents[0].id.startswith("team-runbooks-")
    assert [(refusal.path, refusal.reason[:9]) for refusal in found.refused] == [
        ("large.md", "it is lar"),
        ("link.md", "it is a l"),
    ]
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "address",
    [
        "--upload-pack=touch {ran}", "-oProxyCommand=touch {ran}", "ext::sh -c touch% {ran}", "fd::17", "git://host/x",
        "ssh://-oProxyCommand=touch {ran}/x", "ssh://-oProxyCommand=touch${{IFS}}{ran}/x", "http://-x/y", "", "nothing",
        "-u:touch {ran}", "file:///etc/nothing-there", "https://user:hunter2horse@127.0.0.1:1/x",
    ],
)  # fmt: skip
def test_an_address_runs_nothing_and_tells_no_password(address: str, tmp_path: Path) -> None:
    """The address may come from a page somebody else wrote."""
    ran = tmp_path / "ran"
    with pytest.raises(DocumentError) as raised:
        read_repository(address.format(ran=ran))

    assert not ran.exists()
    assert "hunter2horse" not in str(raised.value)


def test_a_bare_repository_is_seen_for_what_it_is(repository: Path, tmp_path: Path) -> None:
    """`kb add PATH` takes whatever a person has."""
    git(tmp_path, "clone", "-q", "--bare", str(repository), "bare.git")

    assert len(read(str(tmp_path / "bare.git")).documents) == 2
