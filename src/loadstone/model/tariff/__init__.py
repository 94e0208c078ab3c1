# SPDX-License-Identifier: Apache-2.0
"""What power costs: kinds of tariffs and levies, each lowered once to a rate card."""
