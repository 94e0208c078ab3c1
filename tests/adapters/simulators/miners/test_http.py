# SPDX-License-Identifier: Apache-2.0
"""Pages are served as HTTP has it, as far as machines speak it."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from loadstone.adapters.simulators.miners.http import HttpConversation, Response

GET = b"GET /a?b=c HTTP/1.1\r\nHost: m\r\n\r\n"
POST = b"POST /b HTTP/1.1\r\nHost: m\r\nContent-Length: 3\r\n\r\nxyz"


def echo():
    return HttpConversation(
        lambda asked: Response(200, f"{asked.method} {asked.path} ".encode() + asked.body)
    )


@given(st.sets(st.integers(1, len(GET + POST) - 1), max_size=4))
def test_requests_in_pieces_are_answered_in_order_on_one_connection(cuts):
    there, sent = echo(), GET + POST
    edges = [0, *sorted(cuts), len(sent)]
    said = b"".join(there.feed(sent[a:b]) for a, b in pairwise(edges))
    assert said.count(b"HTTP/1.1 200 OK") == 2
    assert said.index(b"GET /a ") < said.index(b"POST /b xyz")
    assert not there.closes


def test_a_client_that_wants_the_line_closed_gets_its_wish():
    there = echo()
    said = there.feed(b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n")
    assert b"Connection: close" in said
    assert there.closes


def test_a_request_without_end_is_refused():
    there = echo()
    assert b"400 Bad Request" in there.feed(b"x" * 70_000)
    assert there.closes
