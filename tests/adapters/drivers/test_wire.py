# SPDX-License-Identifier: Apache-2.0
import asyncio
import json
import socket
import struct
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadstone.adapters.drivers.wire import (
    Line,
    Within,
    ask,
    cut,
    decode,
    framed,
    knock,
    to_close,
    to_length,
    to_nul,
)
from loadstone.model.errors import DeviceError
from loadstone.model.operations.reading import Reason
from tests.adapters.drivers.peers import nobody

asynchronous = pytest.mark.anyio
HOST = "127.0.0.1"
On = Callable[[asyncio.Transport, bytes], None]


@pytest.fixture(params=["asyncio", "uvloop"])
def anyio_backend(request):
    """Both loops that an agent may run on."""
    if request.param == "uvloop":
        pytest.importorskip("uvloop", reason="uvloop is not there for this system")
        return "asyncio", {"use_uvloop": True}
    return "asyncio"


@asynccontextmanager
async def server(on: On) -> AsyncIterator[list]:
    """Serve on loopback; gives [port, transports of all connections]."""
    seen: list = [0]

    class Served(asyncio.Protocol):
        def connection_made(self, transport):
            self.transport = transport
            seen.append(transport)

        def data_received(self, data):
            on(self.transport, data)

    listening = await asyncio.get_running_loop().create_server(Served, HOST, 0)
    seen[0] = listening.sockets[0].getsockname()[1]
    try:
        yield seen
    finally:
        listening.close()
        for transport in seen[1:]:
            transport.abort()
        await asyncio.sleep(0)


async def reason_of(call) -> Reason:
    with pytest.raises(DeviceError) as caught:
        await call
    return Reason(caught.value.reason)


def say(*parts: bytes, close: bool = True, reset: bool = False) -> On:
    def on(transport, data):
        for part in parts:
            transport.write(part)
        if reset:
            transport.abort()
        elif close:
            transport.close()

    return on


# ---- one request, one answer ----


@asynchronous
@pytest.mark.parametrize("parts", [(b'{"a":1}\0',), (b'{"a"', b":1}\0"), (b'{"a":1}',)])
async def test_an_answer_ends_with_nul_or_with_the_connection(parts):
    async with server(say(*parts)) as (port, *_):
        assert decode("x", await ask(HOST, port, b"?", deadline_s=1), dict) == {"a": 1}


@asynchronous
async def test_nul_ends_an_answer_though_the_connection_stays_open():
    async with server(say(b"yes\0", close=False)) as (port, *_):
        assert await ask(HOST, port, b"?", deadline_s=1) == b"yes\0"


@asynchronous
async def test_only_the_close_ends_an_answer_that_is_read_to_the_close():
    async with server(say(b"one\0", b"two\0")) as (port, *_):
        assert await ask(HOST, port, b"?", deadline_s=1, whole=to_close) == b"one\0two\0"


@asynchronous
async def test_where_nobody_listens_it_is_refused():
    address = await nobody()
    assert await reason_of(ask(HOST, address.port, b"?", deadline_s=1)) is Reason.REFUSED
    assert await reason_of(knock(HOST, address.port, deadline_s=1)) is Reason.REFUSED
    line = Line(HOST, address.port)
    assert await reason_of(line.ask(b"?", to_nul, deadline_s=1)) is Reason.REFUSED


@asynchronous
async def test_a_name_that_nobody_has_is_refused():
    name = "no-such-machine.invalid"
    assert await reason_of(ask(name, 4028, b"?", deadline_s=5)) is Reason.REFUSED


@asynchronous
@pytest.mark.parametrize("name", ["a..b", "x" * 70 + ".example", "a\0b"])
async def test_a_name_that_cannot_be_one_is_refused(name):
    assert await reason_of(ask(name, 4028, b"?", deadline_s=5)) is Reason.REFUSED
    assert await reason_of(knock(name, 4028, deadline_s=5)) is Reason.REFUSED


@asynchronous
@pytest.mark.parametrize("said", [(), (b'{"a":',)])
async def test_silence_and_half_an_answer_run_into_the_deadline(said):
    async with server(say(*said, close=False)) as (port, *_):
        began_s = time.perf_counter()
        assert await reason_of(ask(HOST, port, b"?", deadline_s=0.05)) is Reason.TIMEOUT
        assert time.perf_counter() - began_s < 2.0  # without it: for ever


@asynchronous
async def test_a_connection_that_is_closed_without_a_word_is_broken():
    async with server(say()) as (port, *_):
        assert await reason_of(ask(HOST, port, b"?", deadline_s=1)) is Reason.RESET


@asynchronous
async def test_a_reset_in_the_middle_is_no_answer():
    def on(transport, data):
        transport.write(b'{"half":')
        line = transport.get_extra_info("socket")
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()  # with that option, a reset

    async with server(on) as (port, *_):
        assert await reason_of(ask(HOST, port, b"?", deadline_s=1)) is Reason.RESET


@asynchronous
async def test_an_answer_without_end_is_garbage():
    async with server(say(b"x" * 5_000, close=False)) as (port, *_):
        call = ask(HOST, port, b"?", deadline_s=1, limit_bytes=1_000)
        assert await reason_of(call) is Reason.GARBAGE


@asynchronous
async def test_a_caller_who_gives_up_leaves_no_connection_behind():
    async with server(say(close=False)) as seen:
        task = asyncio.create_task(ask(HOST, seen[0], b"?", deadline_s=5))
        while len(seen) < 2:
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        for _ in range(100):
            if seen[1].is_closing():
                break
            await asyncio.sleep(0.01)
        assert seen[1].is_closing()


@asynchronous
async def test_an_error_names_the_machine_and_not_what_was_sent():
    async with server(say()) as (port, *_):
        with pytest.raises(DeviceError) as caught:
            await ask(HOST, port, b"secret-token", deadline_s=1)
        assert f"{HOST}:{port}" in str(caught.value)
        assert "secret" not in str(caught.value)


@asynchronous
async def test_one_deadline_may_hold_several_calls():
    with pytest.raises(DeviceError, match="timeout"):
        async with Within(0.02, "x"):
            await asyncio.sleep(0.05)


# ---- a kept connection ----


@asynchronous
async def test_a_line_is_used_again():
    async with server(say(b"ok\0", close=False)) as seen:
        line = Line(HOST, seen[0])
        for _ in range(3):
            assert await line.ask(b"?", to_nul, deadline_s=1) == b"ok\0"
        assert len(seen) == 2  # the port, and one connection
        line.drop()
        assert await line.ask(b"?", to_nul, deadline_s=1) == b"ok\0"
        assert len(seen) == 3
        line.drop()


@asynchronous
async def test_a_line_that_was_closed_meanwhile_is_made_anew():
    async with server(say(b"ok\0")) as seen:
        line = Line(HOST, seen[0])
        for count in range(2, 5):
            assert await line.ask(b"?", to_nul, deadline_s=1) == b"ok\0"
            assert len(seen) == count
            await asyncio.sleep(0.01)
        line.drop()


@asynchronous
async def test_a_request_on_a_line_that_dies_is_sent_once_more_but_only_once():
    asked = []

    def on(transport, data):
        asked.append(data)
        if len(asked) == 1:
            transport.write(b"ok\0")
        else:
            transport.close()

    async with server(on) as (port, *_):
        line = Line(HOST, port)
        assert await line.ask(b"1", to_nul, deadline_s=1) == b"ok\0"
        assert await reason_of(line.ask(b"2", to_nul, deadline_s=1)) is Reason.RESET
        assert asked == [b"1", b"2", b"2"]


@asynchronous
async def test_a_late_answer_is_never_taken_for_that_of_the_next_request():
    def on(transport, data):
        after_s = 0.03 if data == b"slow" else 0.06
        asyncio.get_running_loop().call_later(after_s, send, transport, data + b"\0")

    def send(transport, answer):
        if not transport.is_closing():
            transport.write(answer)

    async with server(on) as (port, *_):
        line = Line(HOST, port)
        assert await reason_of(line.ask(b"slow", to_nul, deadline_s=0.01)) is Reason.TIMEOUT
        assert await line.ask(b"next", to_nul, deadline_s=1) == b"next\0"
        line.drop()


@asynchronous
async def test_words_that_nobody_asked_for_end_the_connection():
    def on(transport, data):
        transport.write(b"yes\0")
        asyncio.get_running_loop().call_later(0.005, lambda: transport.write(b"and more\0"))

    async with server(on) as seen:
        line = Line(HOST, seen[0])
        assert await line.ask(b"?", to_nul, deadline_s=1) == b"yes\0"
        await asyncio.sleep(0.03)
        assert await line.ask(b"?", to_nul, deadline_s=1) == b"yes\0"
        assert len(seen) == 3
        line.drop()


# ---- lengths ----


@given(st.binary(max_size=300), st.binary(max_size=20))
def test_a_framed_payload_is_whole_with_its_last_byte(payload, rest):
    whole = bytearray(framed(payload))
    assert all(to_length(whole[:cut_at], False) == 0 for cut_at in range(len(whole)))
    assert to_length(whole + rest, False) == len(whole)


def test_a_length_beyond_all_bounds_does_not_wait_for_it():
    assert to_length(bytearray(b"GET / HTTP/1.1"), False) == 14


# ---- JSON as firmware writes it ----

BROKEN = {
    b'{"a":1}\0': {"a": 1},
    b'{"a":1}\0\0junk': {"a": 1},
    b'{"a":[{"b":1}{"c":2}]}': {"a": [{"b": 1}, {"c": 2}]},
    b'{"a":[{"b":1} \n {"c":2},]}': {"a": [{"b": 1}, {"c": 2}]},
    b'{"a":nan,"b":-inf,"c":Infinity,"d":[NaN,]}': {
        "a": None,
        "b": None,
        "c": None,
        "d": [None],
    },
    b'{"a":"}{ , ] nan inf ,}","b":nan}': {"a": "}{ , ] nan inf ,}", "b": None},
    b'{"a":"with \\" }{ in it",}': {"a": 'with " }{ in it'},
    b'{"a":"two\nlines",}': {"a": "two lines"},
}


@pytest.mark.parametrize("said", sorted(BROKEN))
def test_what_firmware_is_known_to_break_is_mended_outside_of_strings(said):
    assert decode("x", said, dict) == BROKEN[said]


def test_what_is_not_json_is_garbage():
    for said in (
        b"",
        b"Socket connect failed",
        b'{"a":1}{"b":2}',
        b'{"a":',
        b"\xff\xfe",
        b"{]",
    ):
        with pytest.raises(DeviceError, match="garbage"):
            decode("x", said, dict)
    with pytest.raises(DeviceError, match="garbage"):
        decode("x", b"[" * 100_000, list)


def test_a_megabyte_that_cannot_be_mended_is_told_at_once():
    began_s = time.perf_counter()
    for said in (b'{"a":"' + b'\\"' * 500_000, b'{"a":"' + b"\\" * 999_999):
        with pytest.raises(DeviceError, match="garbage"):
            decode("x", said, dict)
    assert time.perf_counter() - began_s < 5.0  # hours, if each quote were looked at anew


def test_json_of_another_form_is_incomplete():
    class Form(msgspec.Struct):
        watts: float

    for said in (b'{"id":1}', b'{"watts":"many"}', b"[]", b'{"watts":[],}'):
        with pytest.raises(DeviceError, match="incomplete"):
            decode("x", said, Form)


values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=5), values, max_size=4))
def test_json_that_is_right_is_never_changed(value):
    text = json.dumps(value).encode()
    assert decode("x", text, dict) == value
    mended = decode("x", text[:-1] + (b",}" if value else b"}"), dict)
    assert mended == value


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(said):
    with suppress(DeviceError):
        assert isinstance(decode("x", said, dict), dict)


def test_words_are_cut():
    assert cut("short") == "short"
    assert len(cut("x" * 500)) == 200
