"""The config server over the real ansible-core: facts, checks and playbooks of this machine."""

import os
from importlib.util import find_spec
from pathlib import Path

import pytest

from servers.config.server import build
from servers.config.settings import ConfigSettings
from tests.real import missing
from tests.servers.acting import Analyst, analyst, part
from tests.servers.config.playbooks import banner, playbook

pytestmark = pytest.mark.thorough


def stands(path: Path) -> bool:
    """Whether a file is there."""
    return path.exists()


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """The file the playbooks are about."""
    return tmp_path / "banner.txt"


@pytest.fixture
def server(tmp_path: Path, target: Path) -> Analyst:
    """A server that may run four playbooks."""
    if find_spec("ansible") is None:
        missing("ansible-core is not installed: pip install mcpsoc[config]")
    return analyst(build, banner(tmp_path / "playbooks", target), tmp_path / "home")


@pytest.mark.thorough
async def test_playbook_is_checked_applied_and_taken_back(server: Analyst, target: Path) -> None:
    """Plan, effect, read-back and undo, each as the machine shows it."""
    sha256 = part(await server.asks("check_playbook", name="banner"), "data", "sha256")
    plan = await server.plans("apply_playbook", name="banner", sha256=sha256, reason="wanted")
    planned = stands(target)
    done = await server.does("apply_playbook", name="banner", sha256=sha256, reason="wanted")
    there = stands(target)
    back = await server.undoes(done)

    felt = f"1 of 1 tasks would change something on 1 hosts; content {sha256}"
    assert part(plan, "action", "blast_radius") == felt
    assert (planned, there, stands(target)) == (False, True, False)
    assert part(done, "action", "undo", "arguments", "name") == "no-banner"
    assert [part(each, "action", "verified") for each in (done, back)] == [True, True]


async def test_grant_for_one_content_does_not_run_another(server: Analyst, tmp_path: Path, target: Path) -> None:
    """Who may write a playbook, or a file that it includes, is not who approved it."""
    sha256 = part(await server.asks("check_playbook", name="banner"), "data", "sha256")
    included = tmp_path / "playbooks" / "roles" / "motd" / "tasks" / "main.yml"
    included.parent.mkdir(parents=True)
    included.write_text("- debug: {msg: x}")
    role = await server.does("apply_playbook", name="banner", sha256=sha256, reason="wanted")
    changed = part(await server.asks("check_playbook", name="banner"), "data", "sha256")
    other = tmp_path / "elsewhere"
    (tmp_path / "playbooks" / "banner.yml").write_text(f"- hosts: localhost\n  tasks: [file: {{path: {other}}}]\n")
    text = await server.does("apply_playbook", name="banner", sha256=changed, reason="wanted")

    assert [part(each, "error", "code") for each in (role, text)] == ["content_changed"] * 2
    assert not stands(target)


async def test_check_shows_the_difference_without_secrets_and_changes_nothing(server: Analyst, target: Path) -> None:
    """What a playbook writes may be a credential; what it is called may be anybody's words."""
    told = await server.asks("check_playbook", name="banner")
    hidden = await server.asks("check_playbook", name="hidden")

    assert "+ hello" in str(part(told, "data", "results"))
    assert part(told, "data", "differs") == 1
    assert "canary-7731-word" not in str(told)
    assert "canary-no-log" not in str(hidden)
    assert "ignore previous" not in str(told["summary"])
    assert not stands(target)


async def test_only_allowed_and_declared_playbooks_run(server: Analyst, tmp_path: Path) -> None:
    """Neither a name nobody allowed, nor one nobody thought of taking back, nor one that others can write."""
    stranger = await server.asks("check_playbook", name="secret-playbook")
    path = await server.asks("check_playbook", name="../playbooks/banner")
    undeclared = await server.plans("apply_playbook", name="undeclared", sha256="0" * 64, reason="wanted")
    (tmp_path / "playbooks" / "banner.yml").chmod(0o666)
    writable = await server.asks("check_playbook", name="banner")
    (tmp_path / "playbooks" / "no-banner.yml").rename(tmp_path / "elsewhere.yml")
    (tmp_path / "playbooks" / "no-banner.yml").symlink_to(tmp_path / "elsewhere.yml")
    linked = await server.asks("check_playbook", name="no-banner")
    listed = await server.asks("list_playbooks")

    assert [part(each, "error", "code") for each in (path, undeclared, writable)] == [
        "invalid_argument", "not_declared", "unsafe",
    ]  # fmt: skip
    assert stranger["status"] == "no_data"
    assert part(linked, "error", "code") == "symbolic_link"
    assert part(listed, "error", "code") in ("unsafe", "symbolic_link")


@pytest.mark.thorough
async def test_playbook_that_fails_is_no_success_and_a_slow_one_is_ended(tmp_path: Path) -> None:
    """A failed task is counted, its words stay out; time is bounded."""
    folder = tmp_path / "playbooks"
    playbook(folder, "fails", "{name: fails, fail: {msg: outside-words}}", sidecar="irreversible: true\n")
    playbook(folder, "slow", "{name: slow, wait_for: {timeout: 60}, check_mode: false}")
    settings = ConfigSettings(backend="ansible", folder=folder, allow=("fails", "slow"), timeout_s=8)
    server = analyst(build, settings, tmp_path / "home")
    failed = await server.asks("check_playbook", name="fails")
    sha256 = part(failed, "data", "sha256")
    plan = await server.plans("apply_playbook", name="fails", sha256=sha256, reason="wanted")
    slow = await server.asks("check_playbook", name="slow")

    assert (part(failed, "data", "failed"), part(failed, "data", "differs")) == (1, 0)
    assert "outside-words" not in str(failed)
    assert part(plan, "error", "code") == "check_failed"
    assert part(slow, "error", "code") == "timeout"


async def test_facts_are_of_this_machine_alone(server: Analyst) -> None:
    """Facts by name, nothing of our environment among them."""
    os.environ["MCPSOC_CANARY"] = "canary-environment"
    try:
        told = await server.asks("get_facts", host="localhost", prefix="ansible_kernel")
        everything = await server.asks("get_facts", host="localhost", limit=200)
    finally:
        del os.environ["MCPSOC_CANARY"]
    other = await server.asks("get_facts", host="db01")

    assert os.uname().release in str(part(told, "data", "facts"))
    assert "canary-environment" not in str(everything)
    assert other["status"] == "no_data"
