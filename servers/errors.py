"""What can go wrong in a server.

ServerError
├── ToolError             a tool cannot answer: code, message and hint reach the caller
│   ├── RefusedError      a change was asked for without a grant that permits it, at a target no grant opens, or
│   │                     a look at a product that nobody connected
│   ├── RateLimitedError  asked too often: when to come back
│   ├── NotSentError      the backend could not be reached, and surely took nothing
│   └── NotFoundError     looked properly and there is no such thing: answered as `no_data`, never as a failure
├── RegisterError         the site's register of authorised work cannot be read: file name and reason
└── ConfigurationError    settings or declarations a server cannot start with
    └── ListError         lists of tools under which no server may start
"""

import math


class ServerError(Exception):
    """Base of everything the servers raise on purpose."""


class ToolError(ServerError):
    """A tool cannot answer. All three texts are shown to the caller: none may hold outside text or a credential."""

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint


class NotFoundError(ToolError):
    """The thing was looked for where it would be, and is not there."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__("not_found", message, hint)


class RefusedError(ToolError):
    """The call is a change, and nothing permits it; or a look at a product that nobody connected."""

    def __init__(self, message: str, hint: str = "", code: str = "grant_refused") -> None:
        super().__init__(code, message, hint)


class RateLimitedError(ToolError):
    """A tool, or the product behind it, was asked too often."""

    def __init__(self, message: str, retry_after_s: float) -> None:
        self.retry_after_s = max(1, math.ceil(retry_after_s))
        super().__init__("rate_limited", message, f"retry after {self.retry_after_s} s")


class NotSentError(ToolError):
    """The backend could not be reached: nothing was sent, so that nothing can have been changed."""


class RegisterError(ServerError):
    """The register of authorised work is no register. Nothing counts as authorised until it is mended."""

    def __init__(self, file: str, reason: str) -> None:
        super().__init__(f"{file} is no register of authorised work: {reason}")
        self.reason = reason


class ConfigurationError(ServerError):
    """A server cannot be built or started as asked; the message says which setting or declaration is wrong."""


class ListError(ConfigurationError):
    """The lists of tools name one that no server has, or leave a change without its end: nothing starts like this."""
