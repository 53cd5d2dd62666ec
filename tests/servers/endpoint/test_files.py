"""Files of this machine: looked at, and kept as evidence."""

import hashlib
import json
import os
from pathlib import Path

import pytest

from servers.endpoint.server import build
from servers.endpoint.settings import EndpointSettings
from tests.servers.acting import Analyst, analyst, part

CONTENT = b"#!/bin/sh\ntouch /tmp/never\n"
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def opened(tmp_path: Path) -> Path:
    """A folder that the server may look into."""
    folder = tmp_path / "opened"
    folder.mkdir()
    (folder / "run.sh").write_bytes(CONTENT)
    (folder / "run.sh").chmod(0o755)
    return folder


@pytest.fixture
def soc(opened: Path, tmp_path: Path) -> Analyst:
    """A server over it."""
    return analyst(build, EndpointSettings(backend="local", roots=str(opened), most_bytes=10_000), tmp_path)


def kept(tmp_path: Path) -> Path:
    """The one copy there is."""
    [found] = (tmp_path / "evidence" / "endpoint").iterdir()
    return found


async def test_file_is_told_by_its_content(soc: Analyst, opened: Path) -> None:
    """Hash, kind and mode of what is there."""
    found = await soc.asks("file_info", path=str(opened / "run.sh"))

    assert part(found, "data", "sha256") == DIGEST
    assert (part(found, "data", "kind"), part(found, "data", "mode")) == ("script", "-rwxr-xr-x")
    assert "$.path" in str(part(found, "untrusted")) or "path" in str(part(found, "untrusted"))


@pytest.mark.parametrize("name", ["../secret", "link", "pipe", "large", "nowhere", ""])
async def test_what_is_no_plain_file_below_the_folder_is_not_read(
    soc: Analyst, opened: Path, tmp_path: Path, name: str
) -> None:
    """A link, a way out, a pipe that blocks, a file without end."""
    (tmp_path / "secret").write_text("secret")
    (opened / "link").symlink_to(tmp_path / "secret")
    os.mkfifo(opened / "pipe")
    (opened / "large").write_bytes(b"a" * 10_001)
    answers = [await soc.asks("file_info", path=f"{opened}/{name}")]
    answers.append(await soc.does("collect_file", path=f"{opened}/{name}"))

    assert not {answer["status"] for answer in answers} & {"success"}
    assert not (tmp_path / "evidence").exists()


async def test_collected_file_is_a_copy_that_cannot_run(soc: Analyst, opened: Path, tmp_path: Path) -> None:
    """Evidence: same content, a manifest, and nothing moved."""
    done = await soc.does("collect_file", path=str(opened / "run.sh"), reason="case 42")
    copy = kept(tmp_path)
    manifest = json.loads((copy / "manifest.json").read_text())

    assert part(done, "action", "verified") is True
    assert (copy / "content").read_bytes() == CONTENT
    assert (copy / "content").stat().st_mode & 0o777 == 0o400
    assert (manifest["sha256"], manifest["reason"], manifest["path"]) == (DIGEST, "case 42", str(opened / "run.sh"))
    assert (opened / "run.sh").read_bytes() == CONTENT


async def test_collecting_twice_keeps_one_copy_and_a_changed_file_another(
    soc: Analyst, opened: Path, tmp_path: Path
) -> None:
    """The first manifest stays as it was written."""
    await soc.does("collect_file", path=str(opened / "run.sh"), reason="first")
    await soc.does("collect_file", path=str(opened / "run.sh"), reason="second")
    reason = json.loads((kept(tmp_path) / "manifest.json").read_text())["reason"]
    (opened / "run.sh").write_bytes(b"other")
    await soc.does("collect_file", path=str(opened / "run.sh"))

    assert reason == "first"
    assert len(list((tmp_path / "evidence" / "endpoint").iterdir())) == 2


async def test_copy_that_was_tampered_with_is_made_anew(soc: Analyst, opened: Path, tmp_path: Path) -> None:
    """The copy is what its hash says, or it is no evidence."""
    await soc.does("collect_file", path=str(opened / "run.sh"))
    copy = kept(tmp_path) / "content"
    copy.chmod(0o600)
    copy.write_bytes(b"tampered")
    done = await soc.does("collect_file", path=str(opened / "run.sh"))

    assert part(done, "action", "verified") is True
    assert copy.read_bytes() == CONTENT


async def test_evidence_folder_that_others_may_write_is_refused(soc: Analyst, opened: Path, tmp_path: Path) -> None:
    """What anybody can exchange proves nothing."""
    folder = tmp_path / "evidence" / "endpoint"
    folder.mkdir(parents=True)
    folder.chmod(0o777)
    done = await soc.does("collect_file", path=str(opened / "run.sh"))

    assert part(done, "error", "code") == "evidence_open"


async def test_without_opened_folders_there_is_no_tool_for_files(tmp_path: Path) -> None:
    """Nothing that could not answer is offered."""
    soc = analyst(build, EndpointSettings(backend="local"), tmp_path)

    assert not {"endpoint_file_info", "endpoint_collect_file"} & set(soc.server.tools)
