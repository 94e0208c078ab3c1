# SPDX-License-Identifier: Apache-2.0
"""Loans that a network takes: what they finance, how they are sized and paid."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Debt:
    """One loan: a row of `[[debts]]` in deals.toml.

    Attributes:
        id: Id of the loan.
    """

    id: str
