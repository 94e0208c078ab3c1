# SPDX-License-Identifier: Apache-2.0
"""The value of a plan: its cash by month, and what it is worth over futures."""
