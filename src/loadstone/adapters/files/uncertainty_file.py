# SPDX-License-Identifier: Apache-2.0
"""uncertainty.json: what is said of a plan over futures."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from loadstone.adapters.files.run_folder import read_json, write_json
from loadstone.adapters.tables import checked, schema
from loadstone.model.errors import InputErrors
from loadstone.model.uncertainty import Uncertainty

UNCERTAINTY = "uncertainty.json"


def write_uncertainty(run: Path, uncertainty: Uncertainty) -> Path:
    """Write it into the folder of a run and return the file."""
    return write_json(run / UNCERTAINTY, asdict(uncertainty))


def read_uncertainty(run: Path) -> Uncertainty | None:
    """Return what is said of a plan over futures; None where it was made for one.

    Raises:
        InputErrors: The file is not what this version writes.
    """
    path = run / UNCERTAINTY
    if not path.is_file():
        return None
    try:
        found: Uncertainty = checked(Uncertainty, read_json(path))
    except InputErrors as wrong:
        raise InputErrors(error.in_file(str(path)) for error in wrong.errors) from wrong
    return found


def uncertainty_schema() -> dict[str, Any]:
    """Return the JSON Schema of uncertainty.json."""
    return schema(Uncertainty)
