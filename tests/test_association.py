"""Who continues whom: costs, assignment, and the bank of filters that foretells."""

from __future__ import annotations

import numpy as np
import pytest

from physcheck import boxes as geometry
from physcheck.kalman import Bank
from physcheck.tracking.association import (
    REFUSED,
    assign,
    assign_sparse,
    overlap_cost,
    reach_cost,
)
from physcheck.tracking.forward import run_forward
from physcheck.tracking.merging import Overlaps, swallowed, tells_apart
from physcheck.types import Detections, Floats


def seen(boxes: Floats, scores: Floats | None = None) -> Detections:
    return Detections(
        boxes=boxes,
        scores=np.ones(len(boxes)) if scores is None else scores,
        labels=np.full(len(boxes), ""),
        noise_px=np.full((len(boxes), 4), 0.5),
    )


def measured(detections: list[Detections]) -> list[Floats]:
    return [
        np.concatenate([geometry.centre(d.boxes), np.log(geometry.size(d.boxes))], axis=1)
        for d in detections
    ]


@pytest.mark.parametrize("density", [0.02, 0.1, 0.5])
def test_the_sparse_assignment_costs_what_the_full_one_costs(density: float) -> None:
    rng = np.random.default_rng(3)
    for _ in range(30):
        shape = rng.integers(1, 20, 2)
        cost = np.where(rng.random(shape) < density, rng.random(shape), REFUSED)
        costs = [
            (cost[pairs] - 2.0).sum() for pairs in (assign(cost, 2.0), assign_sparse(cost, 2.0))
        ]
        assert costs[0] == pytest.approx(costs[1])


def test_the_bank_is_the_textbook_filter_of_each_axis() -> None:
    rng = np.random.default_rng(1)
    bank = Bank()
    z = rng.normal(0, 1, (5, 4))
    bank.begin(z, np.full((5, 4), 0.3), np.full((5, 4), 2.0))
    x, P = np.array([z[2, 1], 0.0]), np.diag([0.3, 2.0])
    F, q = np.array([[1.0, 1.5], [0, 1]]), 0.1
    Q = q * np.array([[1.5**3 / 3, 1.5**2 / 2], [1.5**2 / 2, 1.5]])
    for _ in range(6):
        bank.predict(1.5, np.full((5, 4), q))
        x, P = F @ x, F @ P @ F.T + Q
        z = bank.values + rng.normal(0, 0.1, (5, 4))
        gain = P[:, 0] / (P[0, 0] + 0.3)
        x, P = x + gain * (z[2, 1] - x[0]), P - np.outer(gain, P[0])
        bank.update(np.arange(5), z, np.full((5, 4), 0.3))
        np.testing.assert_allclose([bank.values[2, 1], bank.rates[2, 1]], x)


def test_a_thing_that_bounces_is_foretold_by_its_new_pace_at_once() -> None:
    bank = Bank()
    size = np.log(20.0)
    bank.begin(np.array([[0, 0, size, size]]), np.full((1, 4), 0.01), np.full((1, 4), 10.0))
    for y in (15.0, 30, 45, 60, 45):
        bank.predict(1.0, np.full((1, 4), 0.1))
        z = np.array([[0, y, size, size]])
        bank.update(np.array([0]), z, np.full((1, 4), 0.01))
    assert bank.rates[0, 1] == pytest.approx(-15, abs=2)


def test_of_two_boxes_that_overlap_alike_the_surer_one_is_taken() -> None:
    iou = np.array([[0.6, 0.6, 0.2]])
    cost = overlap_cost(iou, np.zeros((1, 3), bool), np.zeros((1, 3)), np.array([0.6, 0.9, 1.0]))
    assert cost.argmin() == 1
    assert cost[0, 2] == REFUSED


def far(distance: list[list[float]], lag: list[int] | None = None) -> Floats:
    apart = np.array(distance)
    same = np.zeros_like(apart)
    lags = np.array(lag or [1] * len(apart))
    return reach_cost(apart, np.full(len(apart), 50.0), lags, same, same)


def test_a_far_pair_is_believed_only_where_it_is_clear() -> None:
    assert far([[30.0]])[0, 0] < REFUSED
    assert far([[60.0]])[0, 0] == REFUSED
    assert far([[30.0, 90.0]])[0, 0] < REFUSED
    assert far([[30.0, 40.0]])[0, 0] == REFUSED, "which of the two it is cannot be told"
    assert far([[30.0], [40.0]])[0, 0] == REFUSED, "nor which thing it was"


def test_a_thing_lost_for_a_while_gives_way_to_one_seen_just_now() -> None:
    cost = far([[30.0], [30.0]], lag=[1, 3])
    assert cost[0, 0] < REFUSED
    assert cost[1, 0] == REFUSED


def test_faint_boxes_go_on_with_a_tracklet_but_begin_none() -> None:
    box = np.array([[100.0, 100, 140, 140]])
    scores = [1.0] * 4 + [0.2] * 3 + [1.0] * 3
    detections = [seen(box + k, np.array([s])) for k, s in enumerate(scores)]
    (one,) = run_forward(np.arange(10) / 25, measured(detections), detections)
    assert one.rows == list(range(10))
    faint = [seen(box, np.array([0.2])) for _ in range(10)]
    assert run_forward(np.arange(10) / 25, measured(faint), faint) == []


def test_a_ball_that_comes_back_from_the_floor_is_the_same_ball() -> None:
    y = np.concatenate([np.arange(60, 300, 48.0), np.arange(252, 60, -48.0)])
    detections = [seen(np.array([[100.0, v - 14, 128, v + 14]])) for v in y]
    tracklets = run_forward(np.arange(len(y)) / 30, measured(detections), detections)
    assert [t.rows for t in tracklets] == [list(range(len(y)))]


def test_a_region_that_takes_the_place_of_two_things_swallows_both() -> None:
    two = np.array([[100.0, 100, 130, 140], [130, 100, 160, 140]])
    region = np.array([[100.0, 100, 160, 140]])
    overlaps = Overlaps.of(two, region)
    assert swallowed(overlaps, overlaps.iou(), np.array([True, True])) == {0: [0, 1]}
    overlaps = Overlaps.of(two, np.concatenate([region, two]))
    assert swallowed(overlaps, overlaps.iou(), np.array([True, True])) == {}


def test_a_detector_that_gives_boxes_over_boxes_tells_things_apart() -> None:
    over = np.array([[100.0, 100, 130, 140], [110, 100, 140, 140]])
    beside = over + np.array([[0.0, 0, 0, 0], [40, 0, 40, 0]])
    assert tells_apart([seen(over)] * 5)
    assert not tells_apart([seen(beside)] * 5)
    assert not tells_apart([seen(over[:0])])
