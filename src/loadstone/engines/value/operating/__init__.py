# SPDX-License-Identifier: Apache-2.0
"""Cash before debt and tax on income: a plan's books and hours, month by month.

A year of a site sums to its books in the plan; hours say which months. Money of a month is paid
at its beginning, as many twelfths of a year after the first month as months lie between.
"""

from loadstone.engines.value.operating.notes import cash_notes
from loadstone.engines.value.operating.table import operating_cash

__all__ = ["cash_notes", "operating_cash"]
