# SPDX-License-Identifier: Apache-2.0
"""Value for people: sections of the report, the lender's page, the terminal, the workbook."""

from loadstone.apps.reports.value.lender import lender_body, lender_figures
from loadstone.apps.reports.value.page import value_figures, value_sections
from loadstone.apps.reports.value.text import value_text
from loadstone.apps.reports.value.uncertain import TITLE, uncertain_figures, uncertain_section

__all__ = [
    "TITLE",
    "lender_body",
    "lender_figures",
    "uncertain_figures",
    "uncertain_section",
    "value_figures",
    "value_sections",
    "value_text",
]
