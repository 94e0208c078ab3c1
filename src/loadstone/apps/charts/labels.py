# SPDX-License-Identifier: Apache-2.0
"""Place labels beside circles so that none covers another."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

CHARACTER_PX, LINE_PX, GAP_PX = 6.3, 15.0, 3.0
_DIRECTIONS = (
    (1, 0),
    (-1, 0),
    (0, 1),
    (0, -1),
    (0.7, 0.7),
    (-0.7, 0.7),
    (0.7, -0.7),
    (-0.7, -0.7),
)
_DISTANCES = (0.0, 12.0, 26.0, 44.0, 66.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A text that belongs to a circle.

    Attributes:
        text: What it says.
        x, y: Middle of the circle, px from the left and the bottom.
        radius: Radius of the circle, px.
        shift_x, shift_y: From the middle of the circle to the middle of the text, px.
        leader: Whether the text is so far off that a line should lead to it.
    """

    text: str
    x: float
    y: float
    radius: float
    shift_x: float = 0.0
    shift_y: float = 0.0
    leader: bool = False

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, right, bottom and top of the text, px."""
        half = len(self.text) * CHARACTER_PX / 2 + 2
        x, y = self.x + self.shift_x, self.y + self.shift_y
        return x - half, x + half, y - LINE_PX / 2, y + LINE_PX / 2


def placed(
    labels: Sequence[Label], *, obstacles: Sequence[Label], width: float, height: float
) -> list[Label]:
    """Return the labels that find room, in their order; earlier ones choose first.

    Args:
        labels: To place.
        obstacles: Circles that no text may cover.
        width, height: Size of the picture, px.
    """
    done: list[Label] = []
    for label in labels:
        for tried in _places(label):
            if _fits(tried, done, obstacles, width, height):
                done.append(tried)
                break
    return done


def _places(label: Label) -> Iterator[Label]:
    half = len(label.text) * CHARACTER_PX / 2 + 2
    for distance, (right, up) in product(_DISTANCES, _DIRECTIONS):
        reach = label.radius + GAP_PX + distance
        side = (right > 0) - (right < 0)
        yield replace(
            label,
            shift_x=right * reach + side * half,
            shift_y=up * reach + (LINE_PX / 2 if abs(up) == 1 else 0) * up,
            leader=distance > 0,
        )


def _fits(
    label: Label, done: list[Label], obstacles: Sequence[Label], width: float, height: float
) -> bool:
    left, right, bottom, top = label.box
    if left < 0 or right > width or bottom < 0 or top > height:
        return False
    for circle in obstacles:
        near_x = min(max(circle.x, left), right) - circle.x
        near_y = min(max(circle.y, bottom), top) - circle.y
        if near_x**2 + near_y**2 < circle.radius**2:
            return False
    for other in done:
        a, b, c, d = other.box
        if left < b and a < right and bottom < d and c < top:
            return False
    return True
