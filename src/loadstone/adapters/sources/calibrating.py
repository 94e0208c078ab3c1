# SPDX-License-Identifier: Apache-2.0
"""Statistics of a user's file, for a typical year."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from loadstone.adapters.sources.importing import Request, read_observed
from loadstone.adapters.sources.units import UNITS
from loadstone.engines.series import Calibration, Subject, calibrate
from loadstone.model.errors import InputError, InputErrors

UNKNOWN_CURRENCY = "XXX"


def calibrate_file(
    file: Path, request: Request, *, time_zone: str | None = None, date: str = ""
) -> tuple[Calibration, tuple[str, ...]]:
    """Return the statistics of an observed series, and what was guessed.

    Missing hours are left out; whole months must not be. Prices without a currency keep none.

    Args:
        file: CSV or Parquet, as for an import.
        request: What the file holds; of weather, the air temperature is taken.
        time_zone: Local clock of the statistics; None takes that of the request, else UTC.
        date: Day of the calculation, ISO 8601.

    Raises:
        InputErrors: All that is wrong, each with its place.
        OutsideError: The file cannot be read.
    """
    try:
        found = read_observed(file, _with_currency(request))
        problems = [*found.errors, *found.hours.errors]
        if problems:
            raise InputErrors(problems)
        variable = next(iter(found.hours.values))
        values = found.hours.values[variable]
        there = np.isfinite(values)
        subject = Subject(
            zone=request.zone,
            variable=variable,
            unit=UNITS[request.kind],
            currency=found.currency.replace(UNKNOWN_CURRENCY, ""),
            time_zone=time_zone or request.tz or "UTC",
            normalise=request.kind in {"prices", "carbon"},
            source=file.name,
            date=date,
        )
        made = calibrate(values[there], found.hours.utc[there], subject)
    except InputError as error:
        raise InputErrors([error if error.file else error.in_file(file.name)]) from error
    return made, (*found.said, *found.hours.said)


def _with_currency(request: Request) -> Request:
    """Let prices of no stated currency through: statistics are over the level anyway."""
    if request.kind != "prices" or request.currency or "/" in request.unit:
        return request
    return replace(request, currency=UNKNOWN_CURRENCY)
