# SPDX-License-Identifier: Apache-2.0
"""Blocks on a Ray cluster: the extra `ray`.

A problem is put into Ray's object store once; tasks are stateless and say which one they are
of. Where the environment names a cluster, that one is used, else a local one is started and
ended again.
"""

import logging
import os
import pickle
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import ray

from loadstone.adapters.executors.sending import (
    Arguments,
    Function,
    Kept,
    Sent,
    parcels,
    questions_of,
)
from loadstone.model.errors import OutsideError

ADDRESS, USAGE = "RAY_ADDRESS", "RAY_USAGE_STATS_ENABLED"


class OnRay(Executor):
    """Runs a function over blocks on a Ray cluster."""

    def __init__(self, workers: int | None = None) -> None:
        """Join the cluster that the environment names, or start a local one.

        Args:
            workers: Processors of a local cluster, parcels at once on another; None for all.

        Raises:
            OutsideError: Ray does not start.
        """
        self._mine = not ray.is_initialized()
        self._shelf: TemporaryDirectory[str] | None = None
        if self._mine:
            self._begin(workers)
        self._workers = workers or _processors()
        self._sent: Sent[Any] = Sent(_put)

    def _begin(self, workers: int | None) -> None:
        os.environ.setdefault(USAGE, "0")
        try:
            if os.environ.get(ADDRESS):
                ray.init(log_to_driver=False, logging_level=logging.ERROR)
                return
            self._shelf = TemporaryDirectory(prefix="ray-", ignore_cleanup_errors=True)
            ray.init(
                address="local",
                num_cpus=workers or os.cpu_count(),
                include_dashboard=False,
                log_to_driver=False,
                logging_level=logging.ERROR,
                _node_ip_address="127.0.0.1",
                _temp_dir=self._shelf.name,
            )
        except (ConnectionError, OSError, RuntimeError, ValueError) as error:
            self.shutdown()
            raise OutsideError(f"Ray does not start: {error}") from error

    def map(
        self,
        fn: Function,
        *iterables: Iterable[Any],
        timeout: float | None = None,
        chunksize: int = 1,
    ) -> Iterator[Any]:
        """Run a function over arguments and yield its answers in their order.

        Args:
            fn: The function; it is put into the object store once.
            iterables: Its arguments.
            timeout: Seconds for all answers.
            chunksize: Not used: parcels are cut by the number of workers.

        Raises:
            OutsideError: The cluster failed.
        """
        sent = self._sent.get(fn)
        try:
            waiting = [
                _answers.remote([sent], parcel)
                for parcel in parcels(questions_of(iterables), self._workers)
            ]
            return iter([one for each in ray.get(waiting, timeout=timeout) for one in each])
        except ray.exceptions.RaySystemError as error:
            raise OutsideError(f"Ray failed: {error}") from error

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Leave the cluster; a local one that was started here ends."""
        if self._mine:
            ray.shutdown()
        if self._shelf is not None:
            self._shelf.cleanup()


def _processors() -> int:
    nodes = ray.nodes()  # type: ignore[no-untyped-call]  # Ray types a part of itself
    return max(1, int(sum(node["Resources"].get("CPU", 0) for node in nodes if node["Alive"])))


def _put(function: Function) -> Any:
    return ray.put(np.frombuffer(pickle.dumps(function, 5), dtype=np.uint8))


_KEPT = Kept()  # of this process, where it is a worker


@ray.remote
def _answers(sent: list[Any], parcel: Iterable[Arguments]) -> list[Any]:
    """Answer a parcel; the reference is in a list so that Ray fetches it only when asked."""
    (reference,) = sent
    # arrays of the object store are read-only, for which kernels would be compiled again
    function = _KEPT.get(reference.hex(), lambda: pickle.loads(memoryview(ray.get(reference))))
    return [function(*arguments) for arguments in parcel]
