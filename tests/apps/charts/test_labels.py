# SPDX-License-Identifier: Apache-2.0

from hypothesis import given
from hypothesis import strategies as st

from loadstone.apps.charts.labels import Label, placed

WIDTH, HEIGHT = 400.0, 300.0
labels = st.lists(
    st.builds(
        Label,
        text=st.text("abc", min_size=1, max_size=12),
        x=st.floats(0, WIDTH),
        y=st.floats(0, HEIGHT),
        radius=st.floats(3, 25),
    ),
    max_size=15,
)


def apart(one: Label, two: Label) -> bool:
    a, b, c, d = one.box
    e, f, g, h = two.box
    return b <= e or f <= a or d <= g or h <= c


@given(labels)
def test_no_label_covers_another_or_a_circle_or_leaves_the_picture(wanted):
    done = placed(wanted, obstacles=wanted, width=WIDTH, height=HEIGHT)
    for i, label in enumerate(done):
        left, right, bottom, top = label.box
        assert left >= 0
        assert right <= WIDTH
        assert bottom >= 0
        assert top <= HEIGHT
        assert all(apart(label, other) for other in done[i + 1 :])
        for circle in wanted:
            dx = min(max(circle.x, left), right) - circle.x
            dy = min(max(circle.y, bottom), top) - circle.y
            assert dx**2 + dy**2 >= circle.radius**2


@given(labels)
def test_labels_keep_their_order_and_are_those_wanted(wanted):
    done = placed(wanted, obstacles=wanted, width=WIDTH, height=HEIGHT)
    places = [(label.text, label.x, label.y, label.radius) for label in wanted]
    found = [(label.text, label.x, label.y, label.radius) for label in done]
    rest = iter(places)
    assert all(place in rest for place in found)


def test_a_label_alone_stands_right_beside_its_circle():
    wanted = [Label(text="Bratsk", x=100, y=100, radius=10)]
    (label,) = placed(wanted, obstacles=wanted, width=WIDTH, height=HEIGHT)
    assert label.box[0] == 113  # radius 10 and 3 of gap
    assert not label.leader
