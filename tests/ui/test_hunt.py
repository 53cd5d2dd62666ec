"""`mcpsoc hunt` at the command line."""

import json

import pytest

from tests.labs import lab_at
from tests.ui.conftest import CommandLine


@pytest.fixture(scope="module")
def demo(shared: CommandLine) -> CommandLine:
    """A home whose demo has a lab with one attack."""
    folder = shared.home / "demo"
    folder.mkdir(parents=True)
    lab_at(folder / "lab.db", 17, [("ransomware_precursor", "attack")])
    return shared


@pytest.mark.thorough
def test_a_hunt_shows_what_it_looks_for_and_ends_in_a_word(demo: CommandLine) -> None:
    """In the person's language, with the case that can be verified."""
    told = demo("--lang", "zh", "hunt", "最近三天有人删除卷影副本吗", "--demo")

    assert told.returncode == 0, told.stderr
    assert "recovery_removed: 勒索软件先断后路" in told.stdout
    assert "= 找到  C-" in told.stdout
    assert demo("verify", "last", "--demo").returncode == 0


@pytest.mark.thorough
def test_a_hunt_for_programs_is_one_document(demo: CommandLine) -> None:
    """Nothing but JSON on stdout."""
    told = demo("hunt", "somebody deleted shadow copies with golden tickets", "--since", "2d", "--demo", "--json")
    row = json.loads(told.stdout)

    assert (told.returncode, row["result"], row["unread"]) == (0, "found", ["golden", "tickets"])
    assert row["claims"]["struck"] == 0
    assert row["findings"]


@pytest.mark.thorough
def test_what_cannot_be_hunted_for_is_wrong_usage(demo: CommandLine, run: CommandLine) -> None:
    """Exit 2, and one line that says what would do."""
    for arguments, said in (
        (["hunt", "something odd", "--demo"], "nothing in it can be looked for"),
        (["hunt", "usb", "--since", "soon", "--demo"], "not a time: soon"),
    ):
        told = demo(*arguments)
        assert (told.returncode, said in told.stderr) == (2, True), told.stderr
    fresh = run("hunt", "usb", "--demo")
    assert (fresh.returncode, "mcpsoc demo" in fresh.stderr) == (2, True)


def test_a_site_without_servers_could_not_look(run: CommandLine) -> None:
    """Exit 1 and the sensor: nobody looked, so nothing was not found."""
    told = run("hunt", "somebody copied files to a usb drive")

    assert told.returncode == 1
    assert "could not look" in told.stdout
    assert "edr" in told.stdout
