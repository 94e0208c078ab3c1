# SPDX-License-Identifier: Apache-2.0
"""Hedges: volumes of hashprice or power sold or bought ahead."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Hedge:
    """One hedge: a row of `[[hedges]]` in deals.toml.

    Attributes:
        id: Id of the hedge.
    """

    id: str
