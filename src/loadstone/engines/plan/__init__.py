# SPDX-License-Identifier: Apache-2.0
"""The planning problem, the exact method, its cross-checks and its proof."""
