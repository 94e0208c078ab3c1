# SPDX-License-Identifier: Apache-2.0
"""proof.json: the measured record of an event."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from loadstone.adapters.json_files import read_checked, write_json
from loadstone.adapters.tables import schema
from loadstone.model.operations.proof import Proof

PROOF = "proof.json"


def write_proof(folder: Path, proof: Proof) -> Path:
    """Write it into a folder, which is made, and return the file."""
    folder.mkdir(parents=True, exist_ok=True)
    return write_json(folder / PROOF, asdict(proof))


def read_proof(path: Path) -> Proof:
    """Return the proof in a file.

    Raises:
        InputErrors: The file is not what this version writes.
    """
    return read_checked(path, Proof)


def proof_schema() -> dict[str, Any]:
    """Return the JSON Schema of proof.json."""
    return schema(Proof)
