# SPDX-License-Identifier: Apache-2.0
"""Observed series that are not part of the repository.

Tests that use them are marked `needs_shared` and skip where the folder is absent.
"""

from pathlib import Path

import pytest


def find_shared(root: Path) -> Path | None:
    """Return `shared/data` beside a repository root, or None where there is none."""
    folder = root.resolve().parent / "shared" / "data"
    return folder if folder.is_dir() else None


SHARED: Path | None = find_shared(Path(__file__).parents[1])

needs_shared = pytest.mark.skipif(
    SHARED is None, reason="no folder shared/data with observed series beside the repository"
)
