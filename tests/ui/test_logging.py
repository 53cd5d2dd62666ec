"""What the programs write on stderr, at the level that says most."""

import os
import subprocess
import sys
from pathlib import Path

from tests.servers.notify.receivers import hook

SENDS = """
import sys
from pydantic import SecretStr
from servers.notify.channels import SlackChannel
from servers.notify.delivery import deliver
from servers.notify.wording import worded
from ui.cli.setting_up import set_up

set_up()
channel = SlackChannel(kind="slack", url=SecretStr(sys.argv[1]))
deliver(channel, worded("note", "en", {"title": "a", "text": "b"}), "key")
"""


def test_address_that_is_a_credential_is_in_no_log(tmp_path: Path) -> None:
    """Whoever knows the address of a chat's webhook writes into the chat; the HTTP client logs addresses."""
    with hook() as receiver:
        address = f"{receiver.url}/services/T0/canary-of-the-address"
        environment = {**os.environ, "MCPSOC_HOME": str(tmp_path), "MCPSOC_LOG_LEVEL": "debug"}
        ran = subprocess.run(
            [sys.executable, "-c", SENDS, address],
            capture_output=True, text=True, timeout=60, check=True, env=environment, cwd=Path(__file__).parents[2],
        )  # fmt: skip
        received = receiver.requests

    assert received
    assert "canary-of-the-address" not in ran.stderr
