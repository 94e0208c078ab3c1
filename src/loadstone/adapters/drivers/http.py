# SPDX-License-Identifier: Apache-2.0
"""HTTP/1.1 as machines speak it: a kept connection, digest or token, bounded time and size.

A challenge is answered once and its nonce used until the machine gives a new one, so that a
request is one round trip and not two.

Source:
    RFC 9110 and 9112 (HTTP/1.1), RFC 7616 (digest).
"""

import hashlib
import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from loadstone.adapters.drivers.wire import LIMIT_BYTES, Line, Within
from loadstone.model.errors import DeviceError
from loadstone.model.operations.machine import Credential
from loadstone.model.operations.reading import Reason

_UNAUTHORIZED = 401
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)[ \t]*(?:\r|$)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:[ \t]*chunked", re.IGNORECASE)
_CLOSES = re.compile(rb"\r\nconnection:[ \t]*close", re.IGNORECASE)
_CHALLENGE = re.compile(rb"\r\nwww-authenticate:[ \t]*digest[ \t]+([^\r]*)", re.IGNORECASE)
_PARAMETER = re.compile(r'\b(\w++)=(?:"([^"]*)"|([^\s,]+))')


class Answer(NamedTuple):
    """An answer.

    Attributes:
        status: E.g. 200.
        head: Status line and headers as they came.
        body: The body, chunks joined.
    """

    status: int
    head: bytes
    body: bytes


def to_end_of_answer(buffer: bytearray, closed: bool) -> int:
    """Return the length of an HTTP answer: by its length, its chunks, or the close."""
    end = buffer.find(b"\r\n\r\n")
    if end < 0:
        return 0
    head, start = bytes(buffer[:end]), end + 4
    length = _LENGTH.search(head)
    if length:
        whole = start + int(length[1][:18])  # more digits than any answer has bytes
        return whole if len(buffer) >= whole else 0
    if _CHUNKED.search(head):
        return _end_of_chunks(buffer, start)
    if head[9:12] in {b"204", b"304"}:
        return start
    return len(buffer) if closed else 0


def _end_of_chunks(buffer: bytearray, at: int) -> int:
    while True:
        line = buffer.find(b"\r\n", at)
        if line < 0:
            return 0
        size = _chunk_size(buffer[at:line])
        if size is None:
            return len(buffer)  # not chunks at all: let the reader of the body say so
        if size == 0:
            end = buffer.find(b"\r\n\r\n", line)
            return end + 4 if end >= 0 else 0
        at = line + 2 + size + 2


def _chunk_size(line: bytes | bytearray) -> int | None:
    try:
        size = int(bytes(line).split(b";")[0], 16)
    except ValueError:
        return None
    return size if 0 <= size <= LIMIT_BYTES else None


def _joined(chunks: bytes) -> bytes:
    parts: list[bytes] = []
    at = 0
    while True:
        line = chunks.find(b"\r\n", at)
        size = _chunk_size(chunks[at:line]) if line >= 0 else None
        if not size:
            return b"".join(parts)
        parts.append(chunks[line + 2 : line + 2 + size])
        at = line + 2 + size + 2


class Digest:
    """Answers a machine's digest challenge, and counts how often its nonce was used."""

    __slots__ = ("_challenge", "_count", "_credential", "_hash", "_secret")

    def __init__(self, credential: Credential) -> None:
        self._credential = credential
        self._challenge: dict[str, str] = {}
        self._count = 0
        self._secret = ""
        self._hash: Callable[[str], str] = _md5

    def challenged(self, head: bytes) -> bool:
        """Take the challenge of an answer; False when it has none that can be met."""
        for found in _CHALLENGE.finditer(head):
            said = {
                name.lower(): quoted or bare
                for name, quoted, bare in _PARAMETER.findall(found[1].decode("latin-1"))
            }
            hashing = _HASHES.get(said.get("algorithm", "MD5").upper())
            if hashing is None or not said.get("nonce"):
                continue
            self._challenge, self._count, self._hash = said, 0, hashing
            user, password = self._credential.user, self._credential.password
            self._secret = hashing(f"{user}:{said.get('realm', '')}:{password}")
            return True
        return False

    def header(self, method: str, path: str) -> str:
        """Return the header line of a request, or nothing before the first challenge."""
        said = self._challenge
        if not said:
            return ""
        self._count += 1
        count = f"{self._count:08x}"
        request = self._hash(f"{method}:{path}")
        fields = {
            "username": self._credential.user,
            "realm": said.get("realm", ""),
            "nonce": said["nonce"],
            "uri": path,
        }
        plain = ""
        if "auth" in said.get("qop", "").replace(" ", "").split(","):
            # machines do not care what the client's nonce is, and this one can be repeated
            own = self._hash(f"{said['nonce']}:{count}")[:16]
            answer = f"{self._secret}:{said['nonce']}:{count}:{own}:auth:{request}"
            fields["cnonce"] = own
            plain = f", qop=auth, nc={count}"
        else:
            answer = f"{self._secret}:{said['nonce']}:{request}"
        fields["response"] = self._hash(answer)
        if "opaque" in said:
            fields["opaque"] = said["opaque"]
        if "algorithm" in said:
            plain += f", algorithm={said['algorithm']}"
        listed = ", ".join(f'{name}="{value}"' for name, value in fields.items())
        return f"Authorization: Digest {listed}{plain}\r\n"


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


_HASHES: Mapping[str, Callable[[str], str]] = {"MD5": _md5, "SHA-256": _sha256}


class Http:
    """A machine's web server over one kept connection.

    Attributes:
        token: Sent as `Authorization` where it is not empty, "Bearer" and all.
    """

    __slots__ = ("_digest", "_host", "_line", "token")

    def __init__(self, host: str, port: int, *, credential: Credential | None = None) -> None:
        """Make a client; a credential is for digest, and used when the machine asks."""
        self._line = Line(host, port)
        self._host = host if port == 80 else f"{host}:{port}"
        self._digest = Digest(credential) if credential else None
        self.token = ""

    def __str__(self) -> str:
        return str(self._line)

    async def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        *,
        deadline_s: float,
        content_type: str = "application/json",
    ) -> Answer:
        """Send a request and return the answer, whatever its status but 401.

        Raises:
            DeviceError: With `Reason` REFUSED, TIMEOUT, RESET, GARBAGE, or AUTH where the
                credential is not accepted.
        """
        async with Within(deadline_s, str(self)):
            answer = await self._ask(method, path, body, content_type)
            digest = self._digest
            if answer.status == _UNAUTHORIZED and digest and digest.challenged(answer.head):
                answer = await self._ask(method, path, body, content_type)
        if answer.status == _UNAUTHORIZED:
            raise DeviceError(str(self), Reason.AUTH, "the credential is not accepted")
        return answer

    async def fetch(self, path: str, *, deadline_s: float) -> bytes:
        """Return the body of a page.

        Raises:
            DeviceError: As `ask`, and with the reason of a status that is not a success.
        """
        return succeeded(str(self), await self.ask("GET", path, deadline_s=deadline_s))

    async def _ask(
        self, method: str, path: str, body: bytes | None, content_type: str
    ) -> Answer:
        head = f"{method} {path} HTTP/1.1\r\nHost: {self._host}\r\n"
        if self.token:
            head += f"Authorization: {self.token}\r\n"
        elif self._digest:
            head += self._digest.header(method, path)
        if body is not None:
            head += f"Content-Type: {content_type}\r\nContent-Length: {len(body)}\r\n"
        request = f"{head}\r\n".encode("latin-1", "replace") + (body or b"")
        # `ask` keeps the time, for both rounds together
        return self._read(await self._line.ask_untimed(request, to_end_of_answer))

    def _read(self, said: bytes) -> Answer:
        head, _, body = said.partition(b"\r\n\r\n")
        status = head[9:12]
        if not head.startswith(b"HTTP/1.") or not status.isdigit():
            self._line.drop()
            raise DeviceError(str(self), Reason.GARBAGE, "the answer is not HTTP")
        if _CLOSES.search(head) or head.startswith(b"HTTP/1.0"):
            self._line.drop()
        if _CHUNKED.search(head):
            body = _joined(body)
        return Answer(int(status), head, body)

    def drop(self) -> None:
        """Close the connection."""
        self._line.drop()


_NO = {403: Reason.AUTH, 404: Reason.UNSUPPORTED, 405: Reason.UNSUPPORTED}


def succeeded(device: str, answer: Answer) -> bytes:
    """Return the body of a success.

    Raises:
        DeviceError: The status is not 2xx: AUTH for 403, UNSUPPORTED for 404 and 405, else
            DENIED.
    """
    if 200 <= answer.status < 300:
        return answer.body
    reason = _NO.get(answer.status, Reason.DENIED)
    raise DeviceError(device, reason, f"HTTP status {answer.status}")
