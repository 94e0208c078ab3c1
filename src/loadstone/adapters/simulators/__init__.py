# SPDX-License-Identifier: Apache-2.0
"""Simulated machines, meters and switches that speak the real wire protocols."""
