# SPDX-License-Identifier: Apache-2.0
"""Deals: who pays in, who is paid what, exactly for one plan and fast for many futures."""

from loadstone.engines.finance.waterfall.distributing import distribute
from loadstone.engines.finance.waterfall.many import distribute_many, may_pay
from loadstone.engines.finance.waterfall.posting import Posting, Project
from loadstone.engines.finance.waterfall.running import run
from loadstone.engines.finance.waterfall.sharing import Sharing, sharing

__all__ = [
    "Posting",
    "Project",
    "Sharing",
    "distribute",
    "distribute_many",
    "may_pay",
    "run",
    "sharing",
]
