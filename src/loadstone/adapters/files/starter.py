# SPDX-License-Identifier: Apache-2.0
"""The starter networks that are shipped."""

import tempfile
from importlib.resources import as_file, files
from pathlib import Path
from shutil import copytree

from loadstone.model.errors import InputError, OutsideError

STARTERS = ("brics", "campus")


def copy_starter(name: str, target: Path) -> tuple[Path, ...]:
    """Copy a starter network to a folder that does not exist yet, and return its files.

    Raises:
        InputError: No such starter, or the folder holds something.
        OutsideError: The files cannot be written.
    """
    if name not in STARTERS:
        raise InputError("--from", name, f"must be one of {', '.join(STARTERS)}")
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise InputError("DIR", str(target), "must not exist yet, or be empty")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with (
            as_file(files("loadstone") / "data" / "networks" / name) as source,
            tempfile.TemporaryDirectory(dir=target.parent, prefix=".new-") as made,
        ):
            copytree(source, Path(made) / name)
            if target.exists():
                target.rmdir()
            (Path(made) / name).rename(target)
    except OSError as error:
        raise OutsideError(f"{target}: {error}; check that it can be written") from error
    return tuple(path for path in sorted(target.rglob("*")) if path.is_file())
