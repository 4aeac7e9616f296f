"""Geometry of boxes, against areas counted by hand and laws that hold for any box."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from physcheck import boxes
from physcheck.types import Floats

coordinates = st.floats(-1000, 1000, allow_nan=False, width=32)


@st.composite
def some_boxes(draw: st.DrawFn, n: int = 3) -> Floats:
    corners = draw(arrays(np.float64, (n, 2, 2), elements=coordinates))
    return np.concatenate([corners.min(axis=1), corners.max(axis=1)], axis=1)


@given(some_boxes(), some_boxes())
def test_overlap_is_symmetric_and_within_zero_and_one(a: Floats, b: Floats) -> None:
    overlap = boxes.iou(a, b)
    assert overlap.shape == (3, 3)
    assert ((overlap >= 0) & (overlap <= 1)).all()
    np.testing.assert_allclose(overlap, boxes.iou(b, a).T)


@given(some_boxes())
def test_a_box_that_has_an_area_overlaps_itself_fully(a: Floats) -> None:
    expected = np.where(boxes.area(a) > 0, 1.0, 0.0)
    np.testing.assert_allclose(np.diagonal(boxes.iou(a, a)), expected)
    np.testing.assert_allclose(np.diagonal(boxes.containment(a, a)), expected)


@given(some_boxes(), some_boxes())
def test_the_intersection_is_no_larger_than_either_box(a: Floats, b: Floats) -> None:
    shared = boxes.intersection(a, b)
    assert (shared <= boxes.area(a)[:, None]).all()
    assert (shared <= boxes.area(b)[None, :]).all()


@given(some_boxes(), some_boxes())
def test_boxes_overlap_only_where_there_is_no_gap(a: Floats, b: Floats) -> None:
    distance = boxes.gap(a, b)
    assert (distance >= 0).all()
    assert not ((distance > 0) & (boxes.intersection(a, b) > 0)).any()
    np.testing.assert_allclose(distance, boxes.gap(b, a).T)


@given(some_boxes(), st.floats(-50, 50), st.floats(-50, 50))
def test_moving_everything_changes_no_overlap_and_no_gap(a: Floats, dx: float, dy: float) -> None:
    a = np.round(a)
    moved = a + np.round([dx, dy, dx, dy])
    np.testing.assert_allclose(boxes.iou(moved, moved), boxes.iou(a, a))
    np.testing.assert_allclose(boxes.gap(moved, moved), boxes.gap(a, a))


@given(some_boxes())
def test_middle_and_size_give_the_box_back(a: Floats) -> None:
    back = boxes.from_centre(boxes.centre(a), boxes.size(a))
    np.testing.assert_allclose(back, a, atol=1e-9)
    np.testing.assert_allclose(boxes.expand(a, 1.0), a, atol=1e-9)


@given(some_boxes(), st.floats(1.0, 4.0))
def test_expanding_scales_the_area_and_keeps_the_middle(a: Floats, factor: float) -> None:
    wide = boxes.expand(a, factor)
    np.testing.assert_allclose(boxes.area(wide), factor**2 * boxes.area(a), rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(boxes.centre(wide), boxes.centre(a), atol=1e-9)


@given(some_boxes())
def test_the_union_contains_every_box(a: Floats) -> None:
    around = boxes.union(a)[None]
    inside = boxes.containment(a, around)[:, 0]
    np.testing.assert_allclose(inside, np.where(boxes.area(a) > 0, 1.0, 0.0))


@given(some_boxes())
def test_clipping_twice_is_clipping_once_and_stays_in_the_picture(a: Floats) -> None:
    inside = boxes.clip(a, 320, 240)
    np.testing.assert_array_equal(boxes.clip(inside, 320, 240), inside)
    assert (inside >= 0).all()
    assert (inside <= [320, 240, 320, 240]).all()


def test_known_boxes_have_the_areas_counted_by_hand() -> None:
    a = np.array([[0.0, 0, 10, 10]])
    b = np.array([[5.0, 0, 15, 10], [13, 14, 20, 20], [2, 2, 4, 4]])
    np.testing.assert_allclose(boxes.iou(a, b), [[50 / 150, 0, 4 / 100]])
    np.testing.assert_allclose(boxes.gap(a, b), [[0, 5, 0]])
    np.testing.assert_allclose(boxes.containment(b, a)[:, 0], [0.5, 0, 1])


def test_a_reversed_box_is_empty() -> None:
    a = np.array([[10.0, 10, 0, 0]])
    assert boxes.area(a)[0] == 0
    assert boxes.iou(a, np.array([[0.0, 0, 20, 20]]))[0, 0] == 0


def test_no_boxes_give_empty_tables() -> None:
    none, one = np.zeros((0, 4)), np.array([[0.0, 0, 1, 1]])
    assert boxes.iou(none, one).shape == (0, 1)
    assert boxes.gap(one, none).shape == (1, 0)
    assert boxes.containment(none, none).shape == (0, 0)
    assert np.isnan(boxes.union(none)).all()


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        ((5, 5, 20, 20), False),
        ((0.5, 5, 20, 20), True),
        ((5, 0, 20, 20), True),
        ((5, 5, 99.5, 20), True),
        ((5, 5, 20, 80), True),
        ((-30, 5, -10, 20), True),
        ((np.nan, np.nan, np.nan, np.nan), False),
    ],
)
def test_the_border_is_touched_within_a_margin(box: tuple[float, ...], expected: bool) -> None:
    assert boxes.touches_border(np.array([box]), 100, 80, margin_px=1.0)[0] == expected
