# SPDX-License-Identifier: Apache-2.0
"""Futures: how they are drawn, the paths drawn, and what a plan is worth in them."""
