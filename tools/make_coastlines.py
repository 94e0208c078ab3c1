# SPDX-License-Identifier: Apache-2.0
"""Make src/loadstone/data/map/coastlines.json from the world-atlas package of Natural Earth.

    npm pack world-atlas@2.0.2 && tar xzf world-atlas-2.0.2.tgz
    python tools/make_coastlines.py package/countries-50m.json iso_3166-1.json

The second file, from the package iso-codes, has the two-letter codes of countries.

Borders are simplified arc by arc, so that neighbours keep one common line. Islands too small
to see and Antarctica are left out. The map is cut at 169 W, in the Bering Strait, so that
Chukotka stays with the rest of Asia: land west of the cut is moved 360 degrees to the east.
"""

import json
import sys
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

TOLERANCE_DEGREES = 0.09
SMALLEST_AREA = 0.12  # square degrees
CUT_LONGITUDE = -169.0
OUT = Path(__file__).parents[1] / "src/loadstone/data/map/coastlines.json"

Points = NDArray[np.float64]


def decode_arcs(topology: dict[str, Any]) -> list[Points]:
    """Return the arcs of a TopoJSON topology in degrees."""
    scale = np.array(topology["transform"]["scale"])
    shift = np.array(topology["transform"]["translate"])
    return [np.cumsum(np.array(arc), axis=0) * scale + shift for arc in topology["arcs"]]


def unwrapped(points: Points) -> Points:
    """Return a line without jumps of 360 degrees where it crosses the antimeridian."""
    return np.column_stack([np.unwrap(points[:, 0], period=360), points[:, 1]])


def simplify(points: Points) -> Points:
    """Return a line without the points that lie within the tolerance (Douglas-Peucker)."""
    keep = np.zeros(len(points), dtype=bool)
    keep[[0, -1]] = True
    closed = np.array_equal(points[0], points[-1])
    spans = [(0, len(points) - 1)]
    if closed and len(points) > 3:
        far = int(np.argmax(np.hypot(*(points - points[0]).T)))
        keep[far] = True
        spans = [(0, far), (far, len(points) - 1)]
    while spans:
        first, last = spans.pop()
        if last - first < 2:
            continue
        start, along = points[first], points[last] - points[first]
        inner = points[first + 1 : last] - start
        length = np.hypot(*along)
        cross = np.abs(along[0] * inner[:, 1] - along[1] * inner[:, 0])
        distance = cross / length if length else np.hypot(*inner.T)
        far = first + 1 + int(np.argmax(distance))
        if distance[far - first - 1] > TOLERANCE_DEGREES:
            keep[far] = True
            spans += [(first, far), (far, last)]
    return points[keep]


def ring_of(indices: list[int], arcs: list[Points]) -> Points:
    """Return the ring that some arcs form; a negative index runs an arc backwards."""
    parts = [arcs[i] if i >= 0 else arcs[~i][::-1] for i in indices]
    return unwrapped(np.concatenate([part[:-1] for part in parts] + [parts[-1][-1:]]))


def area_of(ring: Points) -> float:
    """Return the area of a ring, square degrees."""
    x, y = ring.T
    return abs(float(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1)))) / 2


def outer_rings(geometry: dict[str, Any], arcs: list[Points]) -> list[list[float]]:
    """Return the outlines of a country that can be seen, as flat lists of degrees."""
    polygons = geometry["arcs"] if geometry["type"] == "MultiPolygon" else [geometry["arcs"]]
    rings = []
    for polygon in polygons:
        ring = ring_of(polygon[0], arcs)
        if len(ring) < 4 or area_of(ring) < SMALLEST_AREA:
            continue
        turns = np.floor((ring[:, 0].mean() - CUT_LONGITUDE) / 360)
        ring = ring - np.array([360.0 * turns, 0.0])
        rings.append([round(float(value), 2) for value in ring.ravel()])
    return rings


def main(atlas: Path, codes: Path) -> None:
    """Read the atlas and the country codes, write the outlines."""
    topology = json.loads(atlas.read_text(encoding="utf-8"))
    names = json.loads(codes.read_text(encoding="utf-8"))["3166-1"]
    alpha_2 = {country["numeric"]: country["alpha_2"] for country in names}
    arcs = [simplify(unwrapped(arc)) for arc in decode_arcs(topology)]
    outlines: dict[str, list[list[float]]] = {}
    for geometry in topology["objects"]["countries"]["geometries"]:
        code = alpha_2.get(geometry.get("id", ""), "")
        rings = outer_rings(geometry, arcs) if "arcs" in geometry and code != "AQ" else []
        outlines.setdefault(code, []).extend(rings)
    document = {
        "title": "Coastlines and borders, 1:50 million, simplified",
        "source": "Natural Earth, public domain (naturalearthdata.com), through the npm "
        "package world-atlas 2.0.2, ISC licence, Michael Bostock",
        "date": date(2026, 11, 21).isoformat(),
        "note": "For orientation only: borders are those of the source and say nothing of "
        "whose land it is. Rings of longitude and latitude, degrees, by ISO 3166-1 code; "
        'disputed or code-less land is under "". Land west of 169 W is moved 360 degrees east.',
        "outlines": {code: rings for code, rings in sorted(outlines.items()) if rings},
    }
    text = json.dumps(document, separators=(",", ":"), ensure_ascii=False)
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(
        text.replace('"outlines"', '\n"outlines"').replace('],"', '],\n"') + "\n",
        encoding="utf-8",
    )
    print(f"{OUT}: {len(text):,} characters")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
