"""How fast a process may ask: requests and tokens a minute; a call waits in front of the endpoint."""


class Pace:
    """Limits of one endpoint, shared by everything in the process that asks it."""

    def __init__(self, requests_per_minute: int = 0, tokens_per_minute: int = 0) -> None:
        """0: no limit."""
        self.requests_per_minute = requests_per_minute
        self.tokens_per_minute = tokens_per_minute

    async def wait(self, tokens: int) -> None:
        """Return when a request of that many tokens may be sent."""
        raise NotImplementedError
