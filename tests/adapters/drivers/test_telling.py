# SPDX-License-Identifier: Apache-2.0
import pytest

from loadstone.adapters.drivers.miners.telling import (
    dig,
    look_back,
    number_at,
    same_pools,
    text,
    write_pools,
)
from loadstone.model.errors import DeviceError
from loadstone.model.operations.reading import Pool, Reason

pytestmark = pytest.mark.anyio

ONE, TWO = Pool(url="a", user="1"), Pool(url="b", user="2", password="x")


def looking(*seen):
    """Return a look that sees one thing after the other; None is a failure."""
    left = list(seen)

    async def look():
        found = left.pop(0) if len(left) > 1 else left[0]
        if found is None:
            raise DeviceError("m", Reason.REFUSED)
        return found

    return look


async def test_a_nested_answer_is_dug_through_whatever_stands_in_the_way():
    told = {"a": [{"b": "3.5"}], "c": None}
    assert number_at(told, "a", 0, "b") == 3.5
    for keys in (("a", 1), ("a", "b"), ("c", "d"), ("x",), (0,), ("a", 0, "b", "e")):
        assert dig(told, *keys) is None
        assert number_at(told, *keys) is None
    assert number_at({"a": 10**400}, "a") is None
    assert text(" x ") == "x"
    assert text(7) == ""


async def test_looking_back_ends_with_what_is_good():
    assert await look_back(looking(1, None, 3), lambda seen: seen == 3, within_s=1.0) == 3


async def test_looking_back_ends_with_its_time_and_tells_what_was_seen_last():
    assert await look_back(looking(1), lambda seen: False, within_s=0.1) == 1
    assert await look_back(looking(None), lambda seen: True, within_s=0.1) is None


async def test_pools_are_compared_in_order_and_without_their_passwords():
    assert same_pools([ONE, TWO], [ONE, Pool(url="b", user="2")])
    assert not same_pools([ONE, TWO], [TWO, ONE])


async def test_pools_that_are_so_already_are_not_written_again():
    async def write():
        raise AssertionError("written")

    read = looking((ONE,))
    told = await write_pools("m", [ONE], most=3, read=read, write=write, within_s=0.1)
    assert (told.message, told.reason) == ("already so", Reason.NONE)


async def test_pools_that_did_not_last_are_unverified():
    async def write():
        return "ok"

    read = looking((ONE,), ())
    told = await write_pools("m", [TWO], most=3, read=read, write=write, within_s=0.1)
    assert told.reason is Reason.UNVERIFIED
