# SPDX-License-Identifier: Apache-2.0
"""How cash is counted: inflation, payment terms and what moves money in time."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class CashTerms:
    """What `[cash]` of deals.toml says."""
