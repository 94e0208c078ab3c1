# SPDX-License-Identifier: Apache-2.0
"""uncertainty.json: what is said of a plan over futures."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from loadstone.adapters.json_files import read_checked, write_json
from loadstone.adapters.tables import schema
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
    return read_checked(path, Uncertainty) if path.is_file() else None


def uncertainty_schema() -> dict[str, Any]:
    """Return the JSON Schema of uncertainty.json."""
    return schema(Uncertainty)
