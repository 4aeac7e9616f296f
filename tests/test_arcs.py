"""Flights seen in perspective, and where they change midway."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from handmade import FPS, ball, boxes_of, shot_of, track_of

from physcheck.arcs import arcs_of, bend_of, downwards
from physcheck.checks import registry
from physcheck.perspective import Kink, Sighting, fit_flight
from physcheck.rules import load_pack
from physcheck.types import Floats, Shot

N = 40


def towards(nearer: float, *, seed: int = 0, n: int = N, drag: float = 0.0) -> Shot:
    """A throw towards the camera: its distance shrinks from 1 to 1 - nearer."""
    t = np.arange(n)
    distance = 1 - nearer * t / n
    x = 320 + (-60 + 1.0 * t) / distance
    y = 180 + (100 - 12.0 * t + 0.32 * t**2 + drag * np.maximum(t - n // 2, 0) ** 2) / distance
    rng = np.random.default_rng(seed)
    wobble = rng.normal(0, 0.3, (2, n))
    size = 20 / distance
    return shot_of(track_of(boxes_of(x + wobble[0], y + wobble[1], size, size)))


def sighting(places: Floats, *, size: float = 20.0) -> Sighting:
    n = len(places)
    return Sighting(
        u=np.linspace(-1, 1, n),
        places=places,
        noise_px=np.array([0.5, 0.5]),
        log_size=np.full(n, np.log(size)),
        bulge_px=np.zeros((n, 2)),
        late=np.zeros(n),
    )


def peak(rule: str, shot: Shot) -> float:
    values = np.concatenate([signal.values for signal in registry()[rule].function(shot)])
    return float(np.nanmax(values)) if np.isfinite(values).any() else float("nan")


def limit(rule: str) -> float:
    return next(one.limit for one in load_pack("default").rules if one.name == rule)


def test_a_parabola_is_fitted_exactly_and_a_kink_is_found():
    u = np.linspace(-1, 1, 21)
    plain = np.stack([10 + 30 * u, 5 - 20 * u + 40 * u**2], axis=1)
    assert fit_flight(sighting(plain)).coefficients[:, 1] == pytest.approx([5, -20, 40], abs=0.01)
    bent = plain + 25 * np.maximum(u, 0)[:, None]
    fit = fit_flight(sighting(bent), (Kink(0.0, 1),))
    assert fit.coefficients[3] == pytest.approx([25, 25], abs=0.5)
    assert fit.cost < 1 < fit_flight(sighting(bent)).cost


def test_one_place_far_off_does_not_bend_a_flight():
    u = np.linspace(-1, 1, 21)
    plain = np.stack([30 * u, 40 * u**2], axis=1)
    plain[7] += 30
    assert fit_flight(sighting(plain)).coefficients[2, 1] == pytest.approx(40, abs=4)


@pytest.mark.parametrize("nearer", [-0.4, 0.0, 0.4])
def test_a_throw_towards_the_camera_is_one_flight(nearer: float):
    for seed in range(4):
        shot = towards(nearer, seed=seed)
        for rule in ("gravity", "trajectory"):
            assert peak(rule, shot) < limit(rule)
        (arc,) = arcs_of(shot.tracks[0], shot)
        assert arc.whole.misfit < 2


@pytest.mark.parametrize("nearer", [-0.4, 0.0, 0.4])
def test_another_gravity_midway_is_found_in_perspective_too(nearer: float):
    shot = towards(nearer, drag=-0.32)
    (arc,) = arcs_of(shot.tracks[0], shot)
    bend = bend_of(arc)
    assert bend is not None and bend.kind == "pull"
    assert bend.row == pytest.approx(N // 2, abs=3)
    assert peak("gravity", shot) > limit("gravity")


def test_a_push_in_flight_is_a_turn_and_no_other_gravity():
    t = np.arange(N)
    x = 100 + 2 * t + 3.0 * np.maximum(t - 18, 0)
    y = 250 - 12 * t + 0.32 * t**2
    rng = np.random.default_rng(1)
    wobble = rng.normal(0, 0.3, (2, N))
    shot = shot_of(track_of(boxes_of(x + wobble[0], y + wobble[1], 20, 20)))
    assert peak("trajectory", shot) > limit("trajectory")
    assert not peak("gravity", shot) > limit("gravity")


def test_what_slows_down_on_its_way_down_may_have_been_caught():
    t = np.arange(N)
    y = 60 + 0.3 * t**2
    late = np.maximum(t - 22, 0)
    y = np.where(t > 22, y[22] + 13.2 * late - 0.39 * late**2, y)
    (signal,) = registry()["gravity"].function(shot_of(ball(y)))
    assert "may have been caught" in signal.reasons


def test_a_hand_that_comes_near_excuses_a_change():
    shot = towards(0.0, drag=-0.32)
    boxes = shot.tracks[0].boxes[10:30] + np.array([20.0, 0.0, 20.0, 0.0])
    hand = track_of(boxes + 1.0 * np.arange(20)[:, None], first=10, id=2)
    both = shot_of(shot.tracks[0], hand)
    (signal,) = (one for one in registry()["gravity"].function(both) if one.track_ids == (1,))
    assert "something is near" in signal.reasons


def test_a_thing_that_never_falls_has_no_arcs():
    shot = shot_of(ball(np.full(N, 200.0), pace=5.0))
    assert arcs_of(shot.tracks[0], shot) == []
    assert downwards(shot) == 1.0


def test_with_a_scale_a_fall_is_judged_by_itself():
    shot = towards(0.0)
    pull = 0.64 * FPS**2
    for factor, wrong in ((1.0, False), (3.0, True)):
        world = replace(shot.world, pull_px_per_s2=pull * factor)
        assert (peak("gravity", replace(shot, world=world)) > limit("gravity")) == wrong
