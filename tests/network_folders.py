# SPDX-License-Identifier: Apache-2.0
"""Network folders for tests: copies of a small network, changed by a few words."""

import shutil
from pathlib import Path

from loadstone.adapters.files import read_network
from loadstone.adapters.sources.folder import read_series_folder
from loadstone.model.errors import InputErrors
from loadstone.model.network import Network


def campus(folder: Path) -> Path:
    """Return a copy of a campus of three phases, without what the starter of that name adds."""
    return _copy("campus", folder)


def everything(folder: Path) -> Path:
    """Return a copy of one site with all pieces of the planner at once."""
    return _copy("everything", folder)


def _copy(name: str, folder: Path) -> Path:
    target = folder / name
    shutil.copytree(Path(__file__).parent / "networks" / name, target)
    return target


def edit(path: Path, before: str, after: str) -> None:
    """Replace words that stand in a file once."""
    text = path.read_text(encoding="utf-8")
    assert text.count(before) == 1, f"{before!r} stands {text.count(before)} times in {path}"
    path.write_text(text.replace(before, after), encoding="utf-8")


def read(folder: Path) -> Network:
    """Return the network of a folder with its series."""
    return read_network(folder, read_series_folder)


def wrong(folder: Path) -> list[tuple[str, str, str]]:
    """Return file, field and rule of all that is wrong with a folder."""
    try:
        read(folder)
    except InputErrors as found:
        return [
            (str(Path(error.file).relative_to(folder)), error.field, error.rule)
            for error in found.errors
        ]
    return []
