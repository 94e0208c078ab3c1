# SPDX-License-Identifier: Apache-2.0
"""Pieces of HTML. All text from outside is escaped here."""

import re
from collections.abc import Callable, Mapping
from html import escape

from loadstone.apps.reports.tables import Table

# the space between a currency and its number, or a number and its unit
_AMOUNT = re.compile(r"(?<=\b[A-Z]{3}) (?=\d)|(?<=\d) (?=(?:bn|m|k|MW)\b)")
_LONG = ' class="long"'  # an address may break anywhere
Mark = Callable[[str], str]


def paragraph(text: str, kind: str = "") -> str:
    """Return a paragraph; nothing for no text."""
    if not text:
        return ""
    whole = _AMOUNT.sub("\N{NO-BREAK SPACE}", escape(text))
    return f'<p class="{kind}">{whole}</p>'


def badge(confidence: str) -> str:
    """Return how sure something is, as a coloured word."""
    return f'<span class="badge {escape(confidence)}">{escape(confidence)}</span>'


def details(title: str, inner: str) -> str:
    """Return something folded away until it is asked for; paper always shows it."""
    return f"<details><summary>{escape(title)}</summary>{inner}</details>"


def chart(name: str, label: str, *, per_site: bool = False, paper_px: int = 1000) -> str:
    """Return the place of a figure.

    Args:
        name: Its name.
        label: What it shows, for those who cannot see it.
        per_site: Whether there is one for each site.
        paper_px: Its width on paper, of the 1000 px of a page.
    """
    key = "data-site-figure" if per_site else "data-figure"
    return (
        f'<div class="chart" role="img" aria-label="{escape(label)}" {key}="{escape(name)}" '
        f'data-paper="{paper_px}"></div>'
    )


def choice(names: Mapping[str, str]) -> str:
    """Return a list of sites to choose from; on paper, the one chosen."""
    options = "".join(
        f'<option value="{escape(site)}">{escape(name)}</option>'
        for site, name in names.items()
    )
    return (
        '<p class="choose"><label>Site '
        f"<select data-site>{options}</select></label> <span data-chosen hidden></span></p>"
    )


def _row(cells: tuple[str, ...], table: Table, marked: Mapping[int, Mark]) -> str:
    if len(cells) == 1:
        return (
            f'<tr class="group"><td colspan="{len(table.columns)}">{escape(cells[0])}</td></tr>'
        )
    inner = "".join(
        f'<td class="n">{escape(cell)}</td>'
        if numeric
        else f"<td{_LONG if '://' in cell else ''}>{marked.get(i, escape)(cell)}</td>"
        for i, (cell, numeric) in enumerate(zip(cells, table.numeric, strict=True))
    )
    return f"<tr>{inner}</tr>"


def table(
    content: Table,
    *,
    heads: tuple[tuple[str, int], ...] = (),
    marked: Mapping[int, Mark] | None = None,
    dense: bool = False,
) -> str:
    """Return a table.

    Args:
        content: Its rows.
        heads: Heads above the heads: a word and how many columns it spans.
        marked: How the cells of a column are written, by its index.
        dense: Whether it has many columns.
    """
    above = "".join(
        f'<th class="{"span" if word else ""}" colspan="{count}">{escape(word)}</th>'
        for word, count in heads
    )
    above = f'<tr class="above">{above}</tr>' if above else ""
    names = "".join(
        f'<th class="n">{escape(name)}</th>' if numeric else f"<th>{escape(name)}</th>"
        for name, numeric in zip(content.columns, content.numeric, strict=True)
    )
    rows = "".join(_row(cells, content, marked or {}) for cells in content.rows)
    foot = f"<tfoot>{_row(content.totals, content, {})}</tfoot>" if content.totals else ""
    return (
        f'<div class="wide"><table class="{"dense" if dense else ""}"><thead>'
        f"{above}<tr>{names}</tr></thead>"
        f"<tbody>{rows}</tbody>{foot}</table></div>"
    )
