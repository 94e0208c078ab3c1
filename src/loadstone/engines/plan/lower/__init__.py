# SPDX-License-Identifier: Apache-2.0
"""Lowering: a network becomes a problem, once.

What the planner takes to be linear is stated where it is done:

- A year's payments fall at its end; an asset is paid as an annuity over its life, in the phases
  in which it stands: those whose middle its life reaches.
- Tax is `rate x (revenue - deductible share x costs)` with no losses carried forward; machines
  are written off in equal parts (`economy`).
- Machines draw their plug power times the PUE of a full hall in that hour (`power`).
"""

from loadstone.engines.plan.lower.network import Lowered, lower

__all__ = ["Lowered", "lower"]
