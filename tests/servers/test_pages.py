"""docs/servers says what the servers publish, no more and no less."""

import subprocess
import sys
from pathlib import Path

import pytest

from servers.bundle import server_names
from servers.pages.making import FOLDER, INDEX, differing, pages, write
from servers.pages.manual import kind_of
from servers.pages.tables import table
from servers.pages.unsupported import missing

REMEDY = "run: python -m servers.pages"


@pytest.fixture(scope="module")
def made() -> dict[str, str]:
    """Every page as it has to be."""
    return pages()


def test_pages_are_what_the_servers_give() -> None:
    """A page nobody made anew after a change is wrong."""
    assert differing(FOLDER) == (), REMEDY


def test_every_server_has_a_page_and_a_line_in_the_index(made: dict[str, str]) -> None:
    """Nobody finds a server that is listed nowhere."""
    for name in (*server_names(), "mcpsoc"):
        assert made[f"{name}.md"].startswith(f"# {name}\n")
        assert f"[{name}]({name}.md)" in made[INDEX]


def test_page_tells_risk_undo_and_who_wrote_what(made: dict[str, str]) -> None:
    """What an operator decides by before a key is given out."""
    page = made["firewall.md"]

    assert "| `firewall_block_address` | medium | `firewall_unblock_address` | lapses by itself" in page
    assert "possibly an attacker wrote it" in page
    assert "`MCPSOC_FIREWALL_BACKEND`" in page
    assert "Least privilege" in page


def test_what_is_not_supported_is_said_with_what_it_takes(made: dict[str, str]) -> None:
    """An honest gap saves somebody an afternoon."""
    assert all(each.product in made[INDEX] and each.needed for each in missing())
    assert {"OPNsense", "Splunk", "Okta, Microsoft Entra ID"} <= {each.product for each in missing()}


def test_pages_do_not_depend_on_who_makes_them(made: dict[str, str], tmp_path: Path) -> None:
    """Settings of the machine must not find their way into the documentation."""
    code = "import sys, pathlib; from servers.pages.making import write; write(pathlib.Path(sys.argv[1]))"
    variables = {"MCPSOC_FIREWALL_BACKEND": "nftables", "MCPSOC_READ_ONLY": "true", "MCPSOC_HOME": str(tmp_path / "h")}
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "docs")], env=variables, check=True)

    assert {path.name: path.read_text("utf-8") for path in (tmp_path / "docs").iterdir()} == made


def test_pages_of_servers_that_are_gone_go_too(tmp_path: Path) -> None:
    """A page about a server nobody can start misleads."""
    (tmp_path / "gone.md").write_text("# gone\n")

    assert "gone.md" in write(tmp_path)
    assert not (tmp_path / "gone.md").exists()
    assert differing(tmp_path) == ()


def test_types_are_told_in_one_line() -> None:
    """As a person says them."""
    assert kind_of({"type": "integer", "minimum": 1, "maximum": 200}) == "integer, from 1 to 200"
    assert kind_of({"type": ["string", "null"], "maxLength": 120}) == "string, at most 120 characters"
    assert kind_of({"anyOf": [{"enum": ["a", "b"]}, {"type": "array", "items": {"type": "string"}}]}) == (
        '"a" | "b" or list of string'
    )


def test_bar_in_a_cell_stays_text() -> None:
    """Else it begins a cell of its own."""
    assert table(("kind",), [('"a" | "b"',)]).splitlines()[-1] == '| "a" \\| "b" |'
