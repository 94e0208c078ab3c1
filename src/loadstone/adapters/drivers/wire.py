# SPDX-License-Identifier: Apache-2.0
"""One request, one answer over TCP: bounded in time and size, every failure with its reason.

A reading of ten thousand machines is ten thousand of these, so an exchange is one Protocol
with one buffer and one future; there are no streams and no tasks.
"""

import asyncio
import errno
import re
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self, TypeVar, cast

import msgspec

from loadstone.model.errors import DeviceError
from loadstone.model.operations.reading import Reason

LIMIT_BYTES = 1 << 20  # no machine has more to say; one that never ends is cut off here
MESSAGE_CHARACTERS = 200

Whole = Callable[[bytearray, bool], int]
"""Says how many bytes of the buffer are the whole answer, 0 while it is not whole.

Called with what has come so far, and whether the other side has closed."""

T = TypeVar("T")


def to_nul(buffer: bytearray, closed: bool) -> int:
    """Return the answer's length when it ends with NUL, or when the other side closed."""
    return len(buffer) if closed or buffer[-1:] == b"\0" else 0


def to_close(buffer: bytearray, closed: bool) -> int:
    """Return the answer's length when the other side closed."""
    return len(buffer) if closed else 0


def framed(payload: bytes) -> bytes:
    """Return a payload with its length before it, four bytes, the lowest first."""
    return len(payload).to_bytes(4, "little") + payload


def to_length(buffer: bytearray, closed: bool) -> int:
    """Return the answer's length, the four bytes that tell it included."""
    if len(buffer) < 4:
        return 0
    length = 4 + int.from_bytes(buffer[:4], "little")
    if length > LIMIT_BYTES:
        return len(buffer)  # never whole: let the decoder say garbage instead of waiting
    return length if len(buffer) >= length else 0


class Within:
    """Give up with `Reason.TIMEOUT` after some seconds: `async with Within(2.0, "host:1"):`."""

    __slots__ = ("_device", "_seconds", "_timeout")

    def __init__(self, seconds: float, device: str) -> None:
        self._seconds, self._device = seconds, device

    async def __aenter__(self) -> Self:
        self._timeout = asyncio.timeout(self._seconds)
        await self._timeout.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            await self._timeout.__aexit__(kind, error, traceback)
        except TimeoutError:
            message = f"no whole answer within {self._seconds:g} s"
            raise DeviceError(self._device, Reason.TIMEOUT, message) from None


class _Exchange(asyncio.Protocol):
    """One connection: what has come of the answer, and who waits for it."""

    __slots__ = ("_answer", "_buffer", "_limit", "_whole", "open", "transport")

    def __init__(self, limit_bytes: int) -> None:
        self._buffer = bytearray()
        self._limit = limit_bytes
        self._answer: asyncio.Future[bytes] | None = None
        self.open = False

    def ask(self, request: bytes, whole: Whole) -> asyncio.Future[bytes]:
        """Send, and return the future of the answer."""
        self._buffer.clear()
        self._whole = whole
        self._answer = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return self._answer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.open = True

    def data_received(self, data: bytes) -> None:
        answer, buffer = self._answer, self._buffer
        if answer is None or answer.done():
            self.transport.abort()  # nobody asked; the next answer could not be told apart
            return
        buffer += data
        length = self._whole(buffer, False)
        if length:
            answer.set_result(bytes(buffer[:length]))
        elif len(buffer) > self._limit:
            answer.set_exception(_Broken(Reason.GARBAGE, f"more than {self._limit} bytes"))
            self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self.open = False
        answer = self._answer
        if answer is None or answer.done():
            return
        length = self._whole(self._buffer, True) if exc is None and self._buffer else 0
        if length:
            answer.set_result(bytes(self._buffer[:length]))
        else:
            said = f"broke off after {len(self._buffer)} bytes"
            answer.set_exception(_Broken(Reason.RESET, said, silent=not self._buffer))


class _Broken(Exception):
    """An exchange that failed; `silent` when not one byte came back."""

    def __init__(self, reason: Reason, message: str, *, silent: bool = False) -> None:
        super().__init__(message)
        self.reason, self.message, self.silent = reason, message, silent


async def _connect(host: str, port: int, limit_bytes: int) -> _Exchange:
    loop = asyncio.get_running_loop()
    try:
        _, exchange = await loop.create_connection(lambda: _Exchange(limit_bytes), host, port)
    except TimeoutError:  # the system's own patience ended before ours
        raise _Broken(Reason.TIMEOUT, "no connection", silent=True) from None
    except OSError as error:
        raise _Broken(*_unreachable(error), silent=True) from None
    except ValueError as error:  # a name that cannot be one: too long, or with an empty part
        raise _Broken(Reason.REFUSED, str(error), silent=True) from None
    return exchange


_NOBODY = (errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN)


def _unreachable(error: OSError) -> tuple[Reason, str]:
    # a name that cannot be resolved is a gaierror, whose numbers are below zero
    nobody = error.errno in _NOBODY or (error.errno or 0) < 0
    return (Reason.REFUSED if nobody else Reason.RESET), error.strerror or str(error)


async def ask(
    host: str,
    port: int,
    request: bytes,
    *,
    deadline_s: float,
    whole: Whole = to_nul,
    limit_bytes: int = LIMIT_BYTES,
) -> bytes:
    """Connect, send a request, and return the answer as it came; the connection is closed.

    Args:
        host: Name or address.
        port: Port.
        request: What to send.
        deadline_s: Seconds for all of it.
        whole: Says when the answer is whole.
        limit_bytes: A longer answer is garbage.

    Raises:
        DeviceError: With `Reason` REFUSED, TIMEOUT, RESET or GARBAGE.
    """
    async with Within(deadline_s, f"{host}:{port}"):
        return await ask_untimed(host, port, request, whole=whole, limit_bytes=limit_bytes)


async def ask_untimed(
    host: str, port: int, request: bytes, *, whole: Whole, limit_bytes: int = LIMIT_BYTES
) -> bytes:
    """Do as `ask`, for a caller that keeps the time of several requests together."""
    try:
        exchange = await _connect(host, port, limit_bytes)
        try:
            answer = await exchange.ask(request, whole)
        except BaseException:  # cancelled too: nothing more is wanted of this connection
            exchange.transport.abort()
            raise
    except _Broken as broken:
        raise DeviceError(f"{host}:{port}", broken.reason, broken.message) from None
    exchange.transport.close()
    return answer


async def knock(host: str, port: int, *, deadline_s: float) -> None:
    """Connect and hang up again.

    Raises:
        DeviceError: With `Reason` REFUSED, TIMEOUT or RESET: nobody listens there.
    """
    device = f"{host}:{port}"
    async with Within(deadline_s, device):
        try:
            exchange = await _connect(host, port, 0)
        except _Broken as broken:
            raise DeviceError(device, broken.reason, broken.message) from None
    exchange.transport.abort()


class Line:
    """A connection that is kept for the next request, and made anew when it has gone.

    A machine may close a kept connection at any moment. When it does so before it has
    answered a single byte, the request is sent once more on a new connection: so only
    requests that may arrive twice belong here.
    """

    __slots__ = ("_exchange", "_limit", "host", "port")

    def __init__(self, host: str, port: int, *, limit_bytes: int = LIMIT_BYTES) -> None:
        self.host, self.port, self._limit = host, port, limit_bytes
        self._exchange: _Exchange | None = None

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"

    async def ask(self, request: bytes, whole: Whole, *, deadline_s: float) -> bytes:
        """Send a request and return the answer as it came.

        Raises:
            DeviceError: With `Reason` REFUSED, TIMEOUT, RESET or GARBAGE. The connection is
                dropped, so that a late answer is never taken for that of the next request.
        """
        async with Within(deadline_s, str(self)):
            return await self.ask_untimed(request, whole)

    async def ask_untimed(self, request: bytes, whole: Whole) -> bytes:
        """Do as `ask`, for a caller that keeps the time of several requests together."""
        try:
            return await self._ask(request, whole)
        except _Broken as broken:
            raise DeviceError(str(self), broken.reason, broken.message) from None

    async def _ask(self, request: bytes, whole: Whole) -> bytes:
        kept = self._exchange is not None and self._exchange.open
        try:
            return await self._ask_once(request, whole)
        except _Broken as broken:
            if not (kept and broken.silent):
                raise
        return await self._ask_once(request, whole)

    async def _ask_once(self, request: bytes, whole: Whole) -> bytes:
        exchange = self._exchange
        if exchange is None or not exchange.open or exchange.transport.is_closing():
            exchange = self._exchange = await _connect(self.host, self.port, self._limit)
        try:
            return await exchange.ask(request, whole)
        except BaseException:  # cancelled too: the answer may still be on its way
            self.drop()
            raise

    def drop(self) -> None:
        """Close the connection."""
        if self._exchange is not None:
            self._exchange.transport.abort()
            self._exchange = None


def decode(device: str, answer: bytes, kind: type[T]) -> T:
    """Return a machine's JSON as `kind`.

    What real firmware is known to break is mended outside of strings, and only when the
    answer cannot be read as it is: bytes after NUL, `nan` and `inf`, missing commas between
    objects, and commas before a closing bracket.

    Args:
        device: Who said it, for the error.
        answer: The bytes as they came.
        kind: What it should be: a `msgspec.Struct`, or `dict`.

    Raises:
        DeviceError: GARBAGE when it is no JSON, INCOMPLETE when it is not of that kind.
    """
    text = answer.split(b"\0", 1)[0] if b"\0" in answer else answer
    try:
        try:
            return msgspec.json.decode(text, type=kind)
        except msgspec.ValidationError:
            raise
        except (msgspec.DecodeError, UnicodeDecodeError):
            return msgspec.json.decode(_BROKEN.sub(_mend, text), type=kind)
    except msgspec.ValidationError as error:
        raise DeviceError(device, Reason.INCOMPLETE, cut(str(error))) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise DeviceError(device, Reason.GARBAGE, "the answer is not JSON") from None


# strings come first, so that nothing inside one is ever taken for a fault; one without an
# end reaches to the end of the text, and nothing is looked at twice
_BROKEN = re.compile(
    rb'"(?:[^"\\]|\\.)*+"?'
    rb"|(?P<gap>[}\]]\s*(?=[{\[]))"
    rb"|(?P<comma>,\s*(?=[}\]]))"
    rb"|(?P<word>[-+]?\b(?:nan|inf|infinity)\b)",
    re.IGNORECASE | re.DOTALL,
)
_CONTROL = re.compile(rb"[\x00-\x1f]")


def _mend(match: re.Match[bytes]) -> bytes:
    if match.lastgroup == "gap":
        return match[0] + b","
    if match.lastgroup == "comma":
        return b""
    if match.lastgroup == "word":
        return b"null"
    return _CONTROL.sub(b" ", match[0])  # raw line ends inside a string


def encode(request: Any) -> bytes:
    """Return a value as JSON."""
    return msgspec.json.encode(request)


def cut(message: str) -> str:
    """Return a machine's words, cut to a length that fits a record."""
    return message if len(message) <= MESSAGE_CHARACTERS else message[:MESSAGE_CHARACTERS]
