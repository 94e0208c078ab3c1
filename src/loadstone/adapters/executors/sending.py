# SPDX-License-Identifier: Apache-2.0
"""What workers in other processes are sent: a function once, then only its arguments.

The function of a planner is a method of its problem, which is tens of megabytes of hours; its
arguments are a few numbers. A worker keeps the last functions that it was sent, as a memory
and nothing else: it gets one again where it has forgotten it.
"""

from collections.abc import Callable, Iterable, Sequence
from math import ceil
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary

Function = Callable[..., Any]
Arguments = tuple[Any, ...]
T = TypeVar("T")

MOST_KEPT = 2  # functions that a worker keeps: a search and the one that it alternates with
PARCELS = 4  # per worker: few enough to cost little, many enough to end together


class Kept:
    """The last functions that a worker was sent, by key."""

    def __init__(self) -> None:
        self._found: dict[str, Function] = {}

    def get(self, key: str, read: Callable[[], Function]) -> Function:
        """Return a function, read again where it is not kept."""
        function = self._found.pop(key, None) or read()
        self._found[key] = function
        while len(self._found) > MOST_KEPT:
            del self._found[next(iter(self._found))]
        return function


class Sent(Generic[T]):
    """What was sent for each function, for as long as the owner of its method lives."""

    def __init__(self, send: Callable[[Function], T]) -> None:
        self._send = send
        self._by_owner: WeakKeyDictionary[Any, dict[str, T]] = WeakKeyDictionary()

    def get(self, function: Function) -> T:
        """Return what was sent for a function; it is sent where it was not yet."""
        owner = getattr(function, "__self__", function)
        mine = self._by_owner.setdefault(owner, {})
        name = getattr(function, "__qualname__", repr(function))
        if name not in mine:
            mine[name] = self._send(function)
        return mine[name]


def parcels(questions: Sequence[Arguments], workers: int) -> list[Sequence[Arguments]]:
    """Return questions in parcels, in their order."""
    size = max(1, ceil(len(questions) / (PARCELS * workers)))
    return [questions[i : i + size] for i in range(0, len(questions), size)]


def questions_of(iterables: Iterable[Iterable[Any]]) -> list[Arguments]:
    """Return the arguments of each call, as `map` pairs them."""
    return list(zip(*iterables, strict=False))
