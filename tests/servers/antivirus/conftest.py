"""A clamd for the tests of one file."""

from collections.abc import Iterator

import pytest

from tests.servers.antivirus.daemon import Daemon, clamd


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """One for all but those that end it."""
    with clamd(tmp_path_factory.mktemp("clamd")) as running:
        yield running
