# SPDX-License-Identifier: Apache-2.0
"""Ways in: parse, call one service, show."""
