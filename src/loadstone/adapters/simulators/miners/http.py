# SPDX-License-Identifier: Apache-2.0
"""As much of HTTP as the pages of a machine speak."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

_LARGEST = 65_536  # bytes of a request; machines have little memory
_WORDS = {
    200: "OK",
    204: "No Content",
    400: "Bad Request",
    401: "Unauthorized",
    404: "Not Found",
    405: "Method Not Allowed",
}


@dataclass(frozen=True, slots=True)
class Request:
    """One request; names of headers are in small letters."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Response:
    """One answer."""

    status: int
    body: bytes = b""
    kind: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


class HttpConversation:
    """Requests and answers on one connection, which is kept open unless the caller says."""

    def __init__(self, answer: Callable[[Request], Response]) -> None:
        self._answer = answer
        self._heard = b""
        self.closes = False

    def feed(self, data: bytes) -> bytes:
        """Take what arrived and return all answers that can be given now."""
        self._heard += data
        sent = b""
        while not self.closes:
            request = self._next()
            if request is None:
                break
            self.closes = request.headers.get("connection", "").lower() == "close"
            sent += self._written(self._answer(request))
        if len(self._heard) > _LARGEST:
            self.closes = True
            return sent + self._written(Response(400))
        return sent

    def _next(self) -> Request | None:
        head, found, rest = self._heard.partition(b"\r\n\r\n")
        if not found:
            return None
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {
            name.strip().lower(): value.strip()
            for name, _, value in (line.partition(":") for line in lines)
        }
        length = headers.get("content-length", "0")
        size = int(length) if length.isdigit() else 0
        if len(rest) < size:
            return None
        self._heard = rest[size:]
        method, _, target = first.partition(" ")
        path = target.partition(" ")[0].partition("?")[0]
        return Request(method, path, headers, rest[:size])

    def _written(self, response: Response) -> bytes:
        status = response.status
        lines = [f"HTTP/1.1 {status} {_WORDS[status]}"]
        lines += [f"{name}: {value}" for name, value in response.headers.items()]
        if status != 204:
            lines += [f"Content-Type: {response.kind}", f"Content-Length: {len(response.body)}"]
        if self.closes:
            lines.append("Connection: close")
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + response.body
