# SPDX-License-Identifier: Apache-2.0
"""Results for people: the page, the workbook, the terminal."""

from loadstone.apps.reports.html import report_html
from loadstone.apps.reports.text import summary_text
from loadstone.apps.reports.uncertainty_text import uncertainty_text
from loadstone.apps.reports.workbook import write_workbook
from loadstone.apps.reports.writing import write_report

__all__ = ["report_html", "summary_text", "uncertainty_text", "write_report", "write_workbook"]
