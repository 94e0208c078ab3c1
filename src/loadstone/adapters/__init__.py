# SPDX-License-Identifier: Apache-2.0
"""The outside world, one file per foreign thing."""
