"""What every request has to pass before a route sees it: host, origin, rate, size, depth, time."""

from fastapi import FastAPI

from agent.intake.inbox import Inbox
from agent.response.errors import NotAllowedError
from ui.api import alerts, sessions
from ui.api.errors import Refusal, refused
from ui.api.keyring import Keyring
from ui.api.settings import Settings
from ui.home import Home


def guard(app: FastAPI, home: Home, settings: Settings, operator: str) -> None:
    """Everything about access and intake in one call: state (`keyring`, `inbox`), routes, limits, refusals.

    Whoever ends the application calls `app.state.inbox.close()`. Raises: UsersError, InboxError."""
    app.state.keyring = Keyring(home, settings, operator)
    app.state.inbox = Inbox(home.make().work)
    app.include_router(sessions.router)
    app.include_router(alerts.router)
    app.add_exception_handler(Refusal, refused)
    app.add_exception_handler(NotAllowedError, sessions.not_allowed)
