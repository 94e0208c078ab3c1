# SPDX-License-Identifier: Apache-2.0
import asyncio
import hashlib
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadstone.adapters.drivers.http import Digest, Http, succeeded, to_end_of_answer
from loadstone.model.errors import DeviceError
from loadstone.model.operations.machine import Credential
from loadstone.model.operations.reading import Reason

asynchronous = pytest.mark.anyio
HOST = "127.0.0.1"
WHO = Credential(user="root", password="hunter2")


@asynccontextmanager
async def server(reply: Callable[[bytes], bytes]) -> AsyncIterator[list]:
    """Answer each request; gives [port, requests...]. `Connection: close` is obeyed."""
    seen: list = [0]

    class Served(asyncio.Protocol):
        def connection_made(self, transport):
            self.transport, self.buffer = transport, b""

        def data_received(self, data):
            self.buffer += data
            head, end, body = self.buffer.partition(b"\r\n\r\n")
            length = re.search(rb"content-length: (\d+)", head.lower())
            if not end or len(body) < int(length[1] if length else 0):
                return
            seen.append(self.buffer)
            self.buffer = b""
            said = reply(seen[-1])
            self.transport.write(said)
            if b"connection: close" in said.lower():
                self.transport.close()

    listening = await asyncio.get_running_loop().create_server(Served, HOST, 0)
    seen[0] = listening.sockets[0].getsockname()[1]
    try:
        yield seen
    finally:
        listening.close()
        await asyncio.sleep(0)


def page(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Guard:
    """A server with digest, as RFC 7616 has it."""

    def __init__(self, *, algorithm: str = "MD5", qop: str = 'qop="auth", ', uses: int = 99):
        self.algorithm, self.qop, self.uses = algorithm, qop, uses
        self.nonce, self.counts = 0, []

    def __call__(self, request: bytes) -> bytes:
        text = request.decode()
        said = dict(re.findall(r'(\w+)="?([^",\r]+)"?', text))
        if "nonce" not in said or len(self.counts) >= self.uses or not self.right(text, said):
            self.nonce += 1
            self.counts = []
            challenge = (
                f'WWW-Authenticate: Digest realm="antMiner", nonce="n{self.nonce}", '
                f"{self.qop}algorithm={self.algorithm}, stale=true"
            )
            return page(b"", "401 Unauthorized", challenge)
        self.counts.append(said.get("nc", ""))
        return page(b"welcome")

    def right(self, text: str, said: dict[str, str]) -> bool:
        kind = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}[self.algorithm]

        def h(value: str) -> str:
            return kind(value.encode()).hexdigest()

        method, path, _ = text.split(" ", 2)
        who = h(f"{WHO.user}:antMiner:{WHO.password}")
        what = h(f"{method}:{path}")
        middle = ":".join([said["nonce"]])
        if self.qop:
            middle = ":".join([said["nonce"], said["nc"], said["cnonce"], "auth"])
        return said["nonce"] == f"n{self.nonce}" and said["response"] == h(
            f"{who}:{middle}:{what}"
        )


async def reason_of(call) -> Reason:
    with pytest.raises(DeviceError) as caught:
        await call
    return Reason(caught.value.reason)


# ---- the end of an answer ----

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
ANSWERS = [
    page(b'{"a":1}'),
    page(b""),
    CHUNKED + b"4\r\nwiki\r\n5;x=y\r\npedia\r\n0\r\n\r\n",
    CHUNKED + b"1\r\na\r\n0\r\nTrailer: x\r\n\r\n",
    b"HTTP/1.1 204 No Content\r\nServer: x\r\n\r\n",
]


@pytest.mark.parametrize("said", ANSWERS)
def test_an_answer_is_whole_with_its_last_byte_and_not_before(said):
    for length in range(len(said)):
        assert to_end_of_answer(bytearray(said[:length]), False) == 0
    assert to_end_of_answer(bytearray(said + b"HTTP/1.1 next"), False) == len(said)


def test_an_answer_without_a_length_ends_with_the_connection():
    said = bytearray(b"HTTP/1.0 200 OK\r\n\r\nall of it")
    assert to_end_of_answer(said, False) == 0
    assert to_end_of_answer(said, True) == len(said)


def test_a_length_of_thousands_of_digits_is_never_reached():
    said = bytearray(b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5_000 + b"\r\n\r\n{}")
    assert to_end_of_answer(said, False) == to_end_of_answer(said, True) == 0


@given(st.binary(max_size=200))
def test_any_bytes_have_an_end_or_wait(said):
    assert 0 <= to_end_of_answer(bytearray(said), False) <= len(said) + 4


# ---- asking ----


@asynchronous
@pytest.mark.parametrize("said", ANSWERS)
async def test_bodies_come_with_chunks_joined(said):
    async with server(lambda _: said) as (port, *_):
        web = Http(HOST, port)
        answer = await web.ask("GET", "/", deadline_s=1)
        web.drop()
    assert answer.status in {200, 204}
    bodies = {0: b'{"a":1}', 1: b"", 2: b"wikipedia", 3: b"a", 4: b""}
    assert answer.body == bodies[ANSWERS.index(said)]


@asynchronous
async def test_a_post_carries_its_body_and_type():
    async with server(lambda _: page(b"ok")) as seen:
        web = Http(HOST, seen[0])
        await web.ask("POST", "/set", b'{"x":1}', deadline_s=1)
        head, _, body = seen[1].partition(b"\r\n\r\n")
        web.drop()
    assert body == b'{"x":1}'
    assert b"POST /set HTTP/1.1" in head
    assert b"Content-Type: application/json" in head
    assert f"Host: {HOST}:{seen[0]}".encode() in head


@asynchronous
@pytest.mark.parametrize(
    "guard",
    [Guard(), Guard(algorithm="SHA-256"), Guard(qop="")],
    ids=["md5", "sha-256", "without qop"],
)
async def test_a_nonce_is_used_again_so_that_a_request_is_one_round_trip(guard):
    async with server(guard) as seen:
        web = Http(HOST, seen[0], credential=WHO)
        for _ in range(4):
            assert (await web.ask("GET", "/cgi-bin/a.cgi", deadline_s=1)).body == b"welcome"
        web.drop()
    assert len(seen) == 1 + 5  # the port, the challenge, four answers
    if guard.qop:
        assert guard.counts == ["00000001", "00000002", "00000003", "00000004"]


@asynchronous
async def test_a_nonce_that_is_used_up_is_replaced():
    guard = Guard(uses=2)
    async with server(guard) as seen:
        web = Http(HOST, seen[0], credential=WHO)
        for _ in range(5):
            assert (await web.ask("GET", "/a", deadline_s=1)).status == 200
        web.drop()
    assert guard.nonce == 3


@asynchronous
async def test_a_wrong_password_is_refused_after_one_challenge_and_not_shown():
    wrong = Credential(user="root", password="wr0ng-one")
    async with server(Guard()) as seen:
        web = Http(HOST, seen[0], credential=wrong)
        with pytest.raises(DeviceError) as caught:
            await web.ask("GET", "/a", deadline_s=1)
        web.drop()
    assert caught.value.reason == Reason.AUTH
    assert "wr0ng" not in str(caught.value)
    assert len(seen) == 3


@asynchronous
async def test_without_a_credential_a_challenge_is_the_end():
    async with server(Guard()) as seen:
        web = Http(HOST, seen[0])
        assert await reason_of(web.ask("GET", "/a", deadline_s=1)) is Reason.AUTH
        web.drop()


def test_a_challenge_that_cannot_be_met_is_left():
    digest = Digest(WHO)
    unknown = b'\r\nWWW-Authenticate: Digest realm="x", nonce="n", algorithm=SHA-512-256'
    assert not digest.challenged(unknown)
    assert not digest.challenged(b'\r\nWWW-Authenticate: Basic realm="x"')
    assert digest.header("GET", "/") == ""


def test_a_challenge_of_a_megabyte_is_read_at_once():
    digest, began_s = Digest(Credential(user="root", password="root")), time.perf_counter()
    said = b'HTTP/1.1 401 X\r\nWWW-Authenticate: Digest nonce="n", ' + b"a" * 1_000_000
    assert digest.challenged(said)
    assert time.perf_counter() - began_s < 5.0  # an hour, if each letter were looked at anew


def test_digest_agrees_with_the_example_of_the_standard():
    # RFC 7616 3.9.1, but for the cnonce, which is our own
    digest = Digest(Credential(user="Mufasa", password="Circle of Life"))
    assert digest.challenged(
        b'\r\nWWW-Authenticate: Digest realm="http-auth@example.org", qop="auth, auth-int", '
        b'algorithm=MD5, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", '
        b'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
    )
    said = digest.header("GET", "/dir/index.html")
    fields = dict(re.findall(r'(\w+)="?([^",\r]+)"?', said))

    def h(text: str) -> str:
        return hashlib.md5(text.encode()).hexdigest()

    who = h("Mufasa:http-auth@example.org:Circle of Life")
    what = h("GET:/dir/index.html")
    nonce, own = fields["nonce"], fields["cnonce"]
    assert fields["response"] == h(f"{who}:{nonce}:00000001:{own}:auth:{what}")
    assert fields["opaque"].startswith("FQhe")


@asynchronous
async def test_a_token_is_sent_as_it_is():
    async with server(lambda _: page(b"ok")) as seen:
        web = Http(HOST, seen[0])
        web.token = "Bearer token-1"
        await web.ask("GET", "/api", deadline_s=1)
        web.drop()
    assert b"Authorization: Bearer token-1\r\n" in seen[1]


@asynchronous
async def test_a_server_that_closes_is_called_again():
    async with server(lambda _: page(b"ok", "200 OK", "Connection: close")) as seen:
        web = Http(HOST, seen[0])
        for _ in range(3):
            assert (await web.ask("GET", "/", deadline_s=1)).body == b"ok"
        web.drop()


@asynchronous
async def test_what_is_not_http_is_garbage_and_silence_is_a_timeout():
    async with server(lambda _: b"SSH-2.0-dropbear\r\n\r\nContent-Length: 0\r\n\r\n") as seen:
        web = Http(HOST, seen[0])
        assert await reason_of(web.ask("GET", "/", deadline_s=0.2)) in {
            Reason.GARBAGE,
            Reason.TIMEOUT,
        }
        web.drop()
    async with server(lambda _: b"") as seen:
        web = Http(HOST, seen[0])
        assert await reason_of(web.ask("GET", "/", deadline_s=0.05)) is Reason.TIMEOUT
        web.drop()


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (403, Reason.AUTH),
        (404, Reason.UNSUPPORTED),
        (405, Reason.UNSUPPORTED),
        (500, Reason.DENIED),
        (302, Reason.DENIED),
    ],
)
@asynchronous
async def test_a_status_that_is_no_success_has_its_reason(status, reason):
    async with server(lambda _: page(b"no", f"{status} No")) as seen:
        web = Http(HOST, seen[0])
        assert await reason_of(web.fetch("/", deadline_s=1)) is reason
        web.drop()


@asynchronous
async def test_a_success_gives_its_body():
    async with server(lambda _: page(b"yes")) as seen:
        web = Http(HOST, seen[0])
        answer = await web.ask("GET", "/", deadline_s=1)
        assert succeeded("x", answer) == await web.fetch("/", deadline_s=1) == b"yes"
        web.drop()
