# SPDX-License-Identifier: Apache-2.0
"""Deals between investors: who pays in, and who gets what comes back."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Deal:
    """One deal: a row of `[[deals]]` in deals.toml.

    Attributes:
        id: Id of the deal.
    """

    id: str
