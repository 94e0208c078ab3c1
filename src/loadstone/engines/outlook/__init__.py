# SPDX-License-Identifier: Apache-2.0
"""Futures: how each factor moves, and the drawing of all of them together.

Only what futures.toml states is drawn, all else stays as the outlook says. Where all zones (or
generations) share one level there is one factor "power" (or "ai") instead of one a zone.
"""

from loadstone.engines.outlook.drawing import Drawing, draw, draw_plainly, prepare

__all__ = ["Drawing", "draw", "draw_plainly", "prepare"]
