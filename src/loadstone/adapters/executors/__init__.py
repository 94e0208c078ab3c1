# SPDX-License-Identifier: Apache-2.0
"""Where blocks are valued: threads, processes, or a Ray cluster, all as one `Executor`.

A planner maps a function over blocks. Whatever runs them, answers come back in the order of
the questions, from the same compiled code: the plan is the same to the bit.
"""

import os
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from importlib import import_module

from loadstone.adapters.executors.processes import Processes
from loadstone.model.errors import InputError, OutsideError


def _threads(workers: int | None) -> Executor:
    return ThreadPoolExecutor(workers or os.cpu_count())


def _processes(workers: int | None) -> Executor:
    return Processes(workers or os.cpu_count() or 1)


def _ray(workers: int | None) -> Executor:
    try:
        on_ray = import_module("loadstone.adapters.executors.on_ray")
    except ModuleNotFoundError as error:
        raise OutsideError("Ray is not installed: pip install 'loadstone[ray]'") from error
    found: Executor = on_ray.OnRay(workers)
    return found


EXECUTORS: dict[str, Callable[[int | None], Executor]] = {
    "threads": _threads,
    "processes": _processes,
    "ray": _ray,
}


def executor_of(on: str, workers: int | None = None) -> Executor:
    """Return what runs blocks side by side; leave it as a context to end its workers.

    Args:
        on: "threads", "processes" or "ray".
        workers: How many; None for one per processor, or all of a cluster.

    Raises:
        InputError: There is no such kind.
        OutsideError: Ray is not installed, or does not start.
    """
    if on not in EXECUTORS:
        raise InputError("--on", on, f"must be one of {', '.join(EXECUTORS)}")
    return EXECUTORS[on](workers)
