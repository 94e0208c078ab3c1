# SPDX-License-Identifier: Apache-2.0
"""Machines as they are spoken to: one file per protocol, and the table of drivers."""
