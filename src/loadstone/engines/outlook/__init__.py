# SPDX-License-Identifier: Apache-2.0
"""Futures: how each factor moves, and the drawing of all of them together.

Only what futures.toml states is drawn, all else stays as the outlook says. Where all zones (or
generations) share one level there is one factor "power" (or "ai") instead of one a zone.
"""

from loadstone.engines.outlook.drawing import Drawing, draw, draw_plainly, prepare
from loadstone.engines.outlook.stating import outlook_in, stated

__all__ = ["Drawing", "draw", "draw_plainly", "outlook_in", "prepare", "stated"]
