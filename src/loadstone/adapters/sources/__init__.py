# SPDX-License-Identifier: Apache-2.0
"""Hourly series: importing them, their folder in a network, and the statistics shipped.

What uses a part imports it from its module, so that one costs no time for the others.
"""
