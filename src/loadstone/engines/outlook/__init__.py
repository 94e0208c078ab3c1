# SPDX-License-Identifier: Apache-2.0
"""Futures: how each factor moves, and the drawing of all of them together."""
