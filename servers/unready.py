"""A server whose own settings cannot be used: it says so on its health, and keeps no other server from working."""

from typing import NoReturn

from pydantic import ValidationError

from servers.errors import ConfigurationError, ToolError
from servers.kit import Conditions, SecurityServer, build_server
from servers.kit.settings import BackendSettings, name_of

PRODUCT = "settings that cannot be used"
"""What stands where the product's name would be."""


def unready(name: str, problem: ConfigurationError | ValidationError, conditions: Conditions) -> SecurityServer:
    """The server of that name with its health alone, which gives the reason."""
    why = _why(problem)

    def probe() -> NoReturn:
        raise ToolError("not_configured", why, "mcpsoc doctor checks the settings")

    return build_server(
        name,
        reads=(),
        backend="real",
        synthetic=False,
        probe=probe,
        product=PRODUCT,
        instructions="This server is not ready: its health says why.",
        conditions=conditions,
    )


def _why(problem: ConfigurationError | ValidationError) -> str:
    """In one line, without the value that does not fit: it may be a secret."""
    if isinstance(problem, ConfigurationError):
        return str(problem)
    first = problem.errors(include_url=False, include_context=False, include_input=False)[0]
    settings = next((each for each in BackendSettings.__subclasses__() if each.__name__ == problem.title), None)
    if settings is None or not first["loc"]:
        return f"{problem.title}: {first['msg']}"
    return f"{name_of(settings, str(first['loc'][0]))} cannot be used: {first['msg']}"
