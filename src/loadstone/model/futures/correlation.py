# SPDX-License-Identifier: Apache-2.0
"""Which shocks come together."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from loadstone.model.errors import InputError

Floats = NDArray[np.float64]

GROUPS = ("btc", "hashrate", "fees", "hashprice", "ai", "lease", "power", "fx")
"""What has shocks; within ai, power and fx, `together` says how alike their members are."""
SAME = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Correlation:
    """Correlation between the shocks of a month.

    Attributes:
        names: Of the rows: btc, hashrate, fees, hashprice, ai, lease, power, fx. What is not
            named is independent of all others.
        matrix: Correlation of each with each.
        source: What it was computed from, or who states it.
    """

    names: tuple[str, ...] = ()
    matrix: tuple[tuple[float, ...], ...] = ()
    source: str = ""

    def __post_init__(self) -> None:
        for i, name in enumerate(self.names):
            if name not in GROUPS:
                raise InputError(f"names[{i}]", name, f"must be one of {', '.join(GROUPS)}")
            if name in self.names[:i]:
                raise InputError(f"names[{i}]", name, "must be given once")
        if [len(row) for row in self.matrix] != [len(self.names)] * len(self.names):
            rule = f"must have {len(self.names)} rows of as many numbers, as names has"
            raise InputError("matrix", [len(row) for row in self.matrix], rule)
        if self.names and not self.source.strip():
            raise InputError("source", self.source, "must say where the matrix comes from")
        self._check_matrix()

    def _check_matrix(self) -> None:
        for i, row in enumerate(self.matrix):
            if abs(row[i] - 1) > SAME:
                raise InputError(f"matrix[{i}][{i}]", row[i], "must be 1, on the diagonal")
            for j, value in enumerate(row):
                if not -1 <= value <= 1:
                    raise InputError(f"matrix[{i}][{j}]", value, "must be from -1 to 1")
                if abs(value - self.matrix[j][i]) > SAME:
                    rule = f"must be as matrix[{j}][{i}]: correlation is symmetric"
                    raise InputError(f"matrix[{i}][{j}]", value, rule)
        if self.matrix:
            least = float(np.linalg.eigvalsh(np.asarray(self.matrix)).min())
            if least < -SAME:
                rule = (
                    "is no correlation matrix: its least eigenvalue must be at least 0; some "
                    "pairs contradict each other"
                )
                raise InputError("matrix", round(least, 6), rule)

    def between(self, groups: tuple[str, ...]) -> Floats:
        """Return the correlation of some groups. Shape (G, G)."""
        found = np.eye(len(groups))
        for i, one in enumerate(groups):
            for j, other in enumerate(groups):
                if i != j and one in self.names and other in self.names:
                    row = self.matrix[self.names.index(one)]
                    found[i, j] = row[self.names.index(other)]
        return found
