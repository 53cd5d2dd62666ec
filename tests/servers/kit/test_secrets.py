"""Secrets are masked however a text shows them."""

import base64
import json
from collections.abc import Callable
from urllib.parse import quote

import pytest

from servers.kit.secrets import SHOWN, Secrets
from servers.mail.imap.session import Login

SECRET = 'canary "quoted" \\ wört\''


@pytest.mark.parametrize(
    "shown",
    [
        str,
        repr,
        json.dumps,
        lambda text: json.dumps({"a": text}, ensure_ascii=False),
        lambda text: quote(text, safe=""),
        lambda text: base64.b64encode(text.encode()).decode(),
    ],
)
def test_secret_is_masked_in_each_of_its_spellings(shown: Callable[[str], str]) -> None:
    """A rule of a firewall is answered as JSON within a text, and a traceback shows values as Python writes them."""
    masked = Secrets([SECRET]).text(f"before {shown(SECRET)} after")

    assert SHOWN in masked
    assert "canary" not in masked
    assert masked.startswith("before ")


def test_login_of_a_mailbox_does_not_show_its_password() -> None:
    """Whatever prints one by mistake prints no credential."""
    assert "canary" not in repr(Login("anna@halden.example", "auditor", SECRET))
