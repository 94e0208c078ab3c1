# SPDX-License-Identifier: Apache-2.0
"""The only place that chooses adapters."""

import platform
import time
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from loadstone.adapters import files
from loadstone.adapters.sources import read_series_folder
from loadstone.model.network import Network
from loadstone.services.planning import Doors, ReportWriter

COUNTING_PACKAGES = ("loadstone", "numpy", "numba", "highspy", "linopy", "pyarrow")
"""Packages whose versions may change a plan."""


class SystemClock:
    """The clock of this computer."""

    def now(self) -> datetime:
        """Return the time, UTC."""
        return datetime.now(UTC)  # noqa: TID251 - the clock that all others take is made here

    def wall_s(self) -> float:
        """Return seconds since some moment."""
        return time.perf_counter()

    def cpu_s(self) -> float:
        """Return seconds of processor that this program has used."""
        return time.process_time()


def read_network(folder: Path) -> Network:
    """Return the network of a folder with its series.

    Raises:
        InputErrors: All that is wrong, each with its file, field, value and rule.
    """
    return files.read_network(folder, read_series_folder)


def planning_doors(write_report: ReportWriter) -> Doors:
    """Return what planning needs of this computer.

    Args:
        write_report: Writes the report of a plan.
    """
    return Doors(
        read_network=read_network,
        read_plan=files.read_plan,
        read_evidence=files.read_certificate,
        seeds=files.seeds,
        write_run=files.write_run,
        write_report=write_report,
        clock=SystemClock(),
        versions=versions(),
    )


def versions() -> dict[str, str]:
    """Return the versions that a plan depends on."""
    found = {"python": platform.python_version(), "system": platform.platform()}
    for name in COUNTING_PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "unknown"
    return found
