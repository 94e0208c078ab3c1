# SPDX-License-Identifier: Apache-2.0
"""LuxOS: the command port."""
