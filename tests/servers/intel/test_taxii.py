"""Feeds over TAXII 2.1, from OASIS' own server."""

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from servers.errors import ConfigurationError
from servers.intel.feeds import fetch
from servers.intel.settings import IntelSettings
from servers.intel.stix import StixStore
from servers.intel.taxii import collection
from servers.observables import observable
from tests.servers.intel.feed import ADDRESS, Taxii, indicator, medallion, objects

pytestmark = pytest.mark.thorough

PASSWORD = "secret-of-the-feed"


def settings(server: Taxii, **more: object) -> IntelSettings:
    """Settings of its reader."""
    given = {"backend": "stix", "taxii_collection": server.collection, "taxii_user": "reader"}
    return IntelSettings(**{**given, "taxii_password": SecretStr(PASSWORD), "taxii_page": 3, **more})


def now() -> datetime:
    """The time."""
    return datetime.now(UTC)


def test_collection_is_fetched_page_by_page_and_then_only_what_is_new(tmp_path: Path) -> None:
    """Paging, added_after, and a server that ends in between."""
    store = StixStore(tmp_path / "intel.db")
    with medallion(tmp_path) as server:
        server.add(objects())
        first = next(fetch(settings(server), store, now))
        same = next(fetch(settings(server), store, now))
        server.add([indicator(99, "[domain-name:value = 'later.example']")])
        second = next(fetch(settings(server), store, now))
        wrong = next(fetch(settings(server, taxii_password=SecretStr("wrong")), store, now))
    dead = next(fetch(settings(server), store, now))

    assert (first.problem, first.kept) == (None, len(objects()))
    assert (same.kept, second.kept) == (0, 1)
    assert len(store.indicators(observable(ADDRESS))) == len(store.indicators(observable("later.example"))) == 1
    assert wrong.problem is not None
    assert wrong.problem.code == "unauthorised"
    assert dead.problem is not None
    assert dead.problem.code == "unreachable"
    state = store.feeds()[0]
    assert (state.problem, state.objects, state.name) == ("unreachable", len(objects()) + 1, "taxii")
    assert state.fetched_at is not None


def test_command_fetches_and_says_so(tmp_path: Path) -> None:
    """What a timer runs: the counts on standard output, the secret nowhere, an exit code that fails."""
    secret = tmp_path / "password"
    secret.write_text(PASSWORD)
    secret.chmod(0o600)
    command = [sys.executable, "-m", "servers.intel.fetch"]
    with medallion(tmp_path) as server:
        server.add(objects())
        environment = {
            **os.environ,
            "MCPSOC_HOME": str(tmp_path / "home"),
            "MCPSOC_INTEL_TAXII_COLLECTION": server.collection,
            "MCPSOC_INTEL_TAXII_USER": "reader",
            "MCPSOC_INTEL_TAXII_PASSWORD_FILE": str(secret),
        }
        good = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)
    bad = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)

    assert (good.returncode, good.stdout) == (0, f"taxii: {len(objects())} objects new or changed, 0 refused\n")
    assert bad.returncode == 1
    assert "unreachable" in bad.stdout
    assert PASSWORD not in good.stdout + good.stderr + bad.stdout + bad.stderr


def test_collection_that_may_not_be_read_is_an_error(tmp_path: Path) -> None:
    """It must not look like an empty feed."""
    with medallion(tmp_path, can_read=False) as server:
        outcome = next(fetch(settings(server), StixStore(tmp_path / "intel.db"), now))

    assert outcome.problem is not None
    assert outcome.problem.code == "forbidden"


@pytest.mark.parametrize(
    "url", ["https://host/taxii2/", "ftp://host/a/collections/b/", "https://u:p@h/a/collections/b"]
)
def test_address_of_no_collection_stops_the_fetch(url: str) -> None:
    """A discovery address fetches nothing, and nobody would notice."""
    with pytest.raises(ConfigurationError):
        collection(IntelSettings(taxii_collection=url))
