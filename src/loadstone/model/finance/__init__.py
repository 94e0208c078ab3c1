# SPDX-License-Identifier: Apache-2.0
"""Money over time: cash by month, debt, deals and hedges, and what comes out of them."""
