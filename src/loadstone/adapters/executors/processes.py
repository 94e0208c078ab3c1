# SPDX-License-Identifier: Apache-2.0
"""Blocks in processes of this computer, which share a problem's hours through a file.

A function is written once into a temporary folder, its arrays as they lie in memory. Workers
map that file, so that they all read the same pages; a page that one would write to is copied.
"""

import mmap
import pickle
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from weakref import finalize

from loadstone.adapters.executors.sending import (
    Arguments,
    Function,
    Kept,
    Sent,
    parcels,
    questions_of,
)
from loadstone.model.errors import OutsideError

ALIGNED = 64  # bytes: arrays start where a processor likes them to
PROTOCOL = 5  # the first that leaves arrays out of the pickle
BROKEN = (
    "a worker process ended before its work. A script that plans with processes does so under "
    '`if __name__ == "__main__":`; else there may have been too little memory'
)


class Processes(Executor):
    """Runs a function over blocks in processes of this computer."""

    def __init__(self, workers: int) -> None:
        """Prepare processes; they start with the first work.

        Args:
            workers: How many.
        """
        self._workers = workers
        self._pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"))
        self._shelf = TemporaryDirectory(prefix="loadstone-")
        self._sent: Sent[Path] = Sent(self._write)
        self._written = 0

    def _write(self, function: Function) -> Path:
        path = Path(self._shelf.name) / str(self._written)
        self._written += 1
        write_function(path, function)
        # workers that still map the file keep its pages
        finalize(getattr(function, "__self__", function), path.unlink, missing_ok=True)
        return path

    def submit(self, fn: Function, /, *args: Any, **kwargs: Any) -> "Future[Any]":
        """Run a function once, without sending it ahead."""
        return self._pool.submit(fn, *args, **kwargs)

    def map(
        self,
        fn: Function,
        *iterables: Iterable[Any],
        timeout: float | None = None,
        chunksize: int = 1,
    ) -> Iterator[Any]:
        """Run a function over arguments and yield its answers in their order.

        Args:
            fn: The function; it is sent to each worker once.
            iterables: Its arguments.
            timeout: Seconds for each parcel of answers.
            chunksize: Not used: parcels are cut by the number of workers.

        Raises:
            OutsideError: A worker ended before its work.
        """
        path = str(self._sent.get(fn))
        try:
            waiting = [
                self._pool.submit(_answers, path, parcel)
                for parcel in parcels(questions_of(iterables), self._workers)
            ]
            return iter([one for each in waiting for one in each.result(timeout)])
        except BrokenProcessPool as error:
            raise OutsideError(BROKEN) from error

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the workers and remove what was written for them."""
        self._pool.shutdown(wait, cancel_futures=cancel_futures)
        self._shelf.cleanup()


def write_function(path: Path, function: Function) -> None:
    """Write a function with its arrays beside it, each where it can be mapped."""
    arrays: list[pickle.PickleBuffer] = []
    head = pickle.dumps(function, PROTOCOL, buffer_callback=arrays.append)
    sizes = [array.raw().nbytes for array in arrays]
    table = pickle.dumps((head, sizes), PROTOCOL)
    with path.open("wb") as file:
        file.write(len(table).to_bytes(8, "little"))
        file.write(table)
        for array in arrays:
            file.seek(_aligned(file.tell()))
            file.write(array.raw())
        file.truncate(_aligned(file.tell()))


def read_function(path: Path) -> Function:
    """Return a function whose arrays are pages of the file that it was written to."""
    with path.open("rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
    at = 8 + int.from_bytes(mapped[:8], "little")
    head, sizes = pickle.loads(mapped[8:at])
    pages, arrays = memoryview(mapped), []
    for size in sizes:
        start = _aligned(at)
        at = start + size
        arrays.append(pages[start:at])
    function: Function = pickle.loads(head, buffers=arrays)
    return function


def _aligned(at: int) -> int:
    return -(-at // ALIGNED) * ALIGNED


_KEPT = Kept()  # of this process, where it is a worker


def _answers(path: str, parcel: Iterable[Arguments]) -> list[Any]:
    function = _KEPT.get(path, lambda: read_function(Path(path)))
    return [function(*arguments) for arguments in parcel]
