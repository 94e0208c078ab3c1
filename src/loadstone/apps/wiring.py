# SPDX-License-Identifier: Apache-2.0
"""The only place that chooses adapters."""

import platform
from importlib.metadata import PackageNotFoundError, version

from loadstone.adapters.executors import executor_of
from loadstone.adapters.files.certificate import read_certificate
from loadstone.adapters.files.dispatch_table import read_dispatch
from loadstone.adapters.files.run_folder import (
    check_free,
    input_hashes,
    read_plan,
    seeds,
    write_run,
)
from loadstone.adapters.files.uncertainty_file import write_uncertainty
from loadstone.adapters.files.value_file import write_valuation
from loadstone.adapters.json_files import read_json, write_json
from loadstone.adapters.sources.weather_years import read_weather_years
from loadstone.apps.clock import SystemClock
from loadstone.apps.reading import read_network
from loadstone.services.planning import Doors, ReportWriter
from loadstone.services.valuing import Doors as ValuingDoors
from loadstone.services.valuing import ReportAgain

MANIFEST = "manifest.json"
COUNTING_PACKAGES = ("loadstone", "numpy", "numba", "highspy", "linopy", "pyarrow")
"""Packages whose versions may change a plan."""


def planning_doors(write_report: ReportWriter) -> Doors:
    """Return what planning needs of this computer.

    Args:
        write_report: Writes the report of a plan.
    """
    return Doors(
        read_network=read_network,
        read_plan=read_plan,
        read_evidence=read_certificate,
        seeds=seeds,
        check_free=check_free,
        write_run=write_run,
        write_report=write_report,
        write_uncertainty=write_uncertainty,
        executor_of=executor_of,
        clock=SystemClock(),
        versions=versions(),
    )


def valuing_doors(write_report: ReportAgain) -> ValuingDoors:
    """Return what valuing needs of this computer.

    Args:
        write_report: Writes the report of a run again.
    """
    return ValuingDoors(
        read_network=read_network,
        read_plan=read_plan,
        read_dispatch=read_dispatch,
        read_columns=lambda run: read_certificate(run)[0].columns,
        input_hashes=input_hashes,
        weather_years=lambda folder, network, count: [
            year.network for year in read_weather_years(folder, network, count)
        ],
        read_manifest=lambda run: read_json(run / MANIFEST),
        write_manifest=lambda run, made: write_json(run / MANIFEST, made),
        write_valuation=write_valuation,
        write_report=write_report,
        clock=SystemClock(),
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
