# SPDX-License-Identifier: Apache-2.0
"""Futures: how each factor moves, and the drawing of all of them together.

    prepare(futures, network, *, months, first, seed, own_eh=None) -> Drawing
        factors, events: names as in `Paths`; only what futures.toml states is drawn, all else
            stays as the outlook says. With one level for all zones (or generations) there is
            one factor "power" (or "ai") instead of one a zone
        nominal: the middle path of each factor, (K, M): value over nominal is what a future
            changes
        years: calendar years of `weather`, Y of them; weather_years: how many there are to
            resample, W
        vacant_months: by which a lease stands empty after a default
        into(values, happens, weather, start): fill (K, n, M), (J, n) and (n, Y) with the
            futures start, start + 1, ...; compiled, without Python's lock, nothing else written
    draw(futures, network, *, months, first, count, seed, start=0, own_eh=None) -> Paths
    draw_plainly(drawing, count, start=0) -> Paths: the definition, in numpy
    stated(futures, network, *, months, first) -> Paths: the named futures with their weights
    outlook_in(paths, future, network) -> Outlook: one future as the planner reads it, with
        the mean of each phase, by generation and zone
"""
