# SPDX-License-Identifier: Apache-2.0
"""The committee page: what a plan is worth beside other plans and in futures that go wrong."""

from loadstone.apps.reports.decision.page import (
    committee_page,
    decision_figures,
    month_section,
)
from loadstone.apps.reports.decision.sheet import write_decision
from loadstone.apps.reports.decision.text import decision_text

__all__ = [
    "committee_page",
    "decision_figures",
    "decision_text",
    "month_section",
    "write_decision",
]
