"""No more of an answer is read than one can have: neither of a stream without an end, nor of an error's body, nor of
bytes that unpack to a thousand times as many. Loads the HTTP library."""

from collections.abc import AsyncIterator
from typing import Final

from httpx2 import AsyncByteStream, Response

from agent.brain.endpoint.errors import EndpointFailedError

MOST_BYTES: Final = 32_000_000
"""Bytes of one answer, the wrapping of each of its pieces included."""
PLAIN: Final = "identity"
"""How an answer may be packed: not at all."""


async def bound(response: Response) -> None:
    """Bound what is read of a response. Raises: EndpointFailedError where it is packed, which was not asked for."""
    if response.headers.get("content-encoding", PLAIN).lower() != PLAIN:
        raise EndpointFailedError("the endpoint packs its answers although it was asked not to", status=200)
    if isinstance(response.stream, AsyncByteStream):
        response.stream = _Bounded(response.stream)


class _Bounded(AsyncByteStream):
    """The bytes of a stream, up to a limit."""

    def __init__(self, stream: AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        read = 0
        async for part in self._stream:
            read += len(part)
            if read > MOST_BYTES:
                raise EndpointFailedError(f"the answer did not end after {MOST_BYTES} bytes", status=200)
            yield part

    async def aclose(self) -> None:
        """Close what is read from."""
        await self._stream.aclose()
