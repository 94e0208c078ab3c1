# SPDX-License-Identifier: Apache-2.0
"""Debt: what cash can carry, how it is drawn and repaid, and how well it is covered."""
