# SPDX-License-Identifier: Apache-2.0
"""Measurement and verification: interval power, baselines and the proof of an event."""
