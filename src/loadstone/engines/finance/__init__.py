# SPDX-License-Identifier: Apache-2.0
"""Money over time: taxes, debt, returns, waterfalls and hedges, as functions of cash."""
