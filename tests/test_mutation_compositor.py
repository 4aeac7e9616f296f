"""A thing is cut out of footage and put back: removed, as it was, elsewhere, changed."""

from __future__ import annotations

import functools
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from physcheck.errors import InputError
from physcheck.mutation.channels import in_order
from physcheck.mutation.compositor import Compositor, Placement
from physcheck.mutation.fitting import fitted
from physcheck.mutation.footage import Footage, Thing, read_footage
from physcheck.mutation.occluder import make_occluder
from physcheck.mutation.writing import matching_crf, write_clip
from physcheck.types import Bytes, Floats
from physcheck.video import VideoReader, write_video

N, HEIGHT, WIDTH = 40, 180, 320
GRAIN = 3.0
RADIUS = 14


def wall(width: int = WIDTH) -> Floats:
    """A wall with coarse and fine texture, (HEIGHT, width, 3)."""
    chance = np.random.default_rng(1)
    coarse = cv2.GaussianBlur(chance.normal(0, 1, (HEIGHT, width, 3)), (0, 0), 6)
    fine = cv2.GaussianBlur(chance.normal(0, 1, (HEIGHT, width, 3)), (0, 0), 1.2)
    return 120 + 25 * coarse / coarse.std() + 8 * fine / fine.std()


def grain(k: int) -> Floats:
    noise = np.random.default_rng(100 + k).normal(0, 1, (HEIGHT, WIDTH, 3))
    noise = cv2.GaussianBlur(noise, (0, 0), 0.6)
    return GRAIN * noise / noise.std()


def draw_ball(picture: Floats, x: float, y: float) -> Floats:
    v, u = np.mgrid[:HEIGHT, :WIDTH]
    cover = np.clip(RADIUS + 0.5 - np.hypot(u + 0.5 - x, v + 0.5 - y), 0, 1)[..., None]
    return picture * (1 - cover) + cover * (210, 60, 40)


def place(k: int, step: float) -> tuple[float, float]:
    return 60.5 + step * k, 90.5 + 25 * np.sin(k / 8)


def film(step: float = 5.0, pan: int = 0, light: float = 0.0) -> tuple[Footage, Thing, Bytes]:
    """Footage of a ball, the ball, and the frames as they would be without it.

    step: px that it moves a frame. pan: px by which the camera moves. light: share by
    which the picture becomes brighter to the end.
    """
    background = wall(WIDTH + pan * N)
    clean, full = [], []
    for k in range(N):
        bare = background[:, pan * k : pan * k + WIDTH] * (1 + light * k / N)
        clean.append(bare + grain(k))
        full.append(draw_ball(bare, *place(k, step)) + grain(k))
    to_reference = np.tile(np.eye(3), (N, 1, 1))
    to_reference[:, 0, 2] = pan * np.arange(N)
    centres = np.array([place(k, step) for k in range(N)])
    footage = Footage(as_bytes(full), np.arange(N) / 25, 25.0, to_reference, moving=pan > 0)
    boxes = np.hstack([centres - RADIUS, centres + RADIUS])
    return footage, Thing(0, "ball", np.arange(N), boxes), as_bytes(clean)


def as_bytes(pictures: list[Floats]) -> Bytes:
    return np.clip(np.rint(np.stack(pictures)), 0, 255).astype(np.uint8)


@functools.cache
def filmed(pan: int = 0, light: float = 0.0) -> tuple[Footage, Thing, Bytes, Compositor]:
    footage, thing, clean = film(pan=pan, light=light)
    return footage, thing, clean, Compositor(footage, [thing], thing)


def around(thing: Thing, k: int, margin: int = 0) -> tuple[slice, slice]:
    x1, y1, x2, y2 = np.rint(thing.box(k)).astype(int) + margin * np.array([-1, -1, 1, 1])
    return slice(max(y1, 0), y2), slice(max(x1, 0), x2)


def smooth(picture: Floats) -> Floats:
    return np.asarray(cv2.GaussianBlur(picture.astype(np.float64), (0, 0), 4))


@pytest.mark.parametrize(("pan", "light"), [(0, 0.0), (3, 0.0), (0, 0.15)])
def test_what_is_removed_leaves_the_wall_behind(pan: int, light: float) -> None:
    footage, thing, clean, compositor = filmed(pan, light)
    assert compositor.refusal == ""
    for k in (5, 15, 30):
        part = around(thing, k)
        difference = compositor.render(k, [])[part].astype(float) - clean[k][part]
        # Two patterns of grain differ by sqrt(2) of its strength.
        assert difference.std() < 1.6 * GRAIN
        assert np.abs(smooth(difference)).mean() < 1.5
    assert footage.n == N


@pytest.mark.parametrize("pan", [0, 3])
def test_put_back_as_it_was_it_looks_as_it_was(pan: int) -> None:
    footage, thing, _, compositor = filmed(pan)
    for k in (5, 15, 30):
        difference = compositor.render(k, [Placement(source=k)]).astype(float) - footage.frames[k]
        assert np.abs(difference[around(thing, k)]).mean() < 1
        assert np.abs(difference).mean() < 0.1


def test_grain_in_the_patch_is_as_strong_as_beside_it() -> None:
    _, thing, _, compositor = filmed()
    steps = []
    for k in range(6, 30, 4):
        gone = [compositor.render(j, []).astype(float) for j in (k, k + 1)]
        both = gone[1] - gone[0]
        here, there = around(thing, k), (slice(5, 35), slice(5, 300))
        steps.append((both[here].std(), both[there].std()))
    patch, beside = np.mean(steps, axis=0)
    assert patch == pytest.approx(beside, rel=0.15)


def test_a_moved_thing_is_at_its_new_place_and_gone_from_the_old_one() -> None:
    footage, thing, clean, compositor = filmed()
    k = 15
    placement = Placement(source=k, dx=70.0, dy=-20.0)
    picture = compositor.render(k, [placement]).astype(float)
    rows, columns = around(thing, k)
    there = picture[rows.start - 20 : rows.stop - 20, columns.start + 70 : columns.stop + 70]
    middle = slice(RADIUS - 6, RADIUS + 6)
    before = footage.frames[k][rows, columns][middle, middle]
    assert np.abs(smooth(there[middle, middle] - before)).max() < 2
    assert np.abs(there[RADIUS, RADIUS] - (210, 60, 40)).max() < 4 * GRAIN
    assert np.abs(smooth(picture[rows, columns] - clean[k][rows, columns])).mean() < 2
    expected = thing.box(k) + np.array([70, -20, 70, -20])
    assert compositor.placed_box(placement) == pytest.approx(expected, abs=2)
    assert compositor.box(k) == pytest.approx(thing.box(k), abs=2)


def test_scaling_keeps_the_foot_and_turning_keeps_the_anchor() -> None:
    _, _, _, compositor = filmed()
    x1, y1, x2, y2 = compositor.box(15)
    larger = compositor.placed_box(Placement(source=15, scale_x=1.5, scale_y=1.5))
    assert larger[3] == pytest.approx(y2, abs=1.5)
    assert larger[3] - larger[1] == pytest.approx(1.5 * (y2 - y1), abs=2.5)
    turned = Placement(source=15, angle_deg=90.0, anchor=(x2, y2))
    assert compositor.placed_box(turned)[[0, 1]] == pytest.approx([x2, y2 - (x2 - x1)], abs=2)


def test_below_a_line_nothing_shows() -> None:
    _, thing, clean, compositor = filmed()
    line = float(thing.box(15)[1] + RADIUS)
    placement = Placement(source=15, hidden_below_y=line)
    assert compositor.placed_box(placement)[3] == pytest.approx(line, abs=1)
    picture = compositor.render(15, [placement]).astype(float)
    rows, columns = around(thing, 15)
    lower = slice(int(line) + 3, rows.stop)
    assert np.abs(smooth((picture - clean[15])[lower, columns])).mean() < 2


def test_colour_and_opacity_change_the_thing_only() -> None:
    _, thing, clean, compositor = filmed()
    x, y = np.rint((thing.box(15)[:2] + thing.box(15)[2:]) / 2).astype(int)
    middle = (slice(y - 5, y + 5), slice(x - 5, x + 5))

    def colour(placement: Placement) -> Floats:
        picture = compositor.render(15, [placement])
        assert np.abs(picture[:30].astype(float) - clean[15][:30]).max() == 0
        return np.asarray(picture[middle].mean(axis=(0, 1)))

    red, green, _ = colour(Placement(source=15, hue_shift=120.0))
    assert green > red + 40
    halved = colour(Placement(source=15, gain=(0.5, 0.5, 0.5)))
    assert halved == pytest.approx([105, 30, 20], abs=5)
    half = colour(Placement(source=15, opacity=0.5))
    behind = clean[15][middle].mean(axis=(0, 1))
    assert half == pytest.approx((np.array([210, 60, 40]) + behind) / 2, abs=6)


def test_cutouts_of_two_frames_blend() -> None:
    _, _, _, compositor = filmed()
    both = Placement(source=15, other=25, blend=0.5)
    assert compositor.placed_box(both) == pytest.approx(compositor.box(15), abs=2)


def test_a_placement_outside_the_picture_shows_nothing() -> None:
    footage, _, _, compositor = filmed()
    away = Placement(source=15, dx=10_000.0)
    assert np.isnan(compositor.placed_box(away)).all()
    assert (compositor.render(15, [away]) == compositor.render(15, [])).all()
    assert footage.size == (WIDTH, HEIGHT)


def test_it_refuses_when_the_background_is_never_seen() -> None:
    footage, thing, _ = film(step=0.1)
    still = Thing(0, "ball", thing.frames, np.tile(thing.boxes[:1], (N, 1)))
    assert "background" in Compositor(footage, [still], still).refusal


def test_it_refuses_a_box_around_nothing_and_a_box_around_a_part() -> None:
    footage, thing, _ = film()
    empty = Thing(1, "", thing.frames, thing.boxes + np.array([0, 45, 0, 45]))
    assert "hardly differs" in Compositor(footage, [thing, empty], empty).refusal
    part = Thing(2, "", thing.frames, thing.boxes + np.array([0, RADIUS + 2, 0, 0]))
    assert Compositor(footage, [part], part).refusal != ""


def test_a_frame_without_the_thing_is_left_alone() -> None:
    footage, thing, _ = film()
    later = Thing(0, "ball", thing.frames[20:], thing.boxes[20:])
    compositor = Compositor(footage, [thing, later], later)
    assert (compositor.render(3, []) == footage.frames[3]).all()


def test_a_board_hides_what_is_behind_it_and_stands_in_the_scene() -> None:
    footage, thing, _, _ = filmed(3)
    box = np.array([150.0, 60.0, 200.0, 130.0])
    board = make_occluder(footage, box, [thing], np.random.default_rng(0))
    assert board is not None
    for k in (0, 10):
        picture = board.draw(footage.frames[k], footage, k)
        inner = (slice(66, 124), slice(156 - 3 * k, 194 - 3 * k))
        assert np.abs(picture[inner].astype(float) - footage.frames[k][inner]).mean() > 8
        assert (picture[:, :90] == footage.frames[k][:, :90]).all()
    assert (
        board.draw(footage.frames[3], footage, 3) == board.draw(footage.frames[3], footage, 3)
    ).all()


def test_what_is_read_fits_its_file_and_a_cut_is_refused(tmp_path: Path) -> None:
    footage, _, _ = film()
    path = tmp_path / "clip.mp4"
    write_video(path, np.concatenate([footage.frames, 255 - footage.frames[::-1]]), 25.0)
    read = read_footage(path, start=4, stop=34, max_side_px=160)
    assert read.frames.shape == (30, 90, 160, 3)
    assert (read.camera, read.start, read.fps) == ("still", 4, pytest.approx(25.0))
    assert read.scale == (0.5, 0.5)
    with pytest.raises(InputError, match="cut"):
        read_footage(path, start=30, stop=50)
    assert 16 <= matching_crf(read, path) <= 28


def test_twins_are_coded_alike_up_to_where_they_differ(tmp_path: Path) -> None:
    footage, _, clean = film()
    twin = np.concatenate([footage.frames[:20], clean[20:]])
    decoded = []
    for name, frames in (("a", footage.frames), ("b", twin), ("c", twin)):
        write_clip(tmp_path / f"{name}.mp4", frames, 25.0)
        decoded.append(
            np.concatenate([p.luma for p in VideoReader(tmp_path / f"{name}.mp4").pieces()])
        )
    assert (decoded[0][:20] == decoded[1][:20]).all()
    assert (tmp_path / "b.mp4").read_bytes() == (tmp_path / "c.mp4").read_bytes()


@pytest.mark.parametrize("n", [1, 2, 5, 8, 13])
def test_the_sorting_network_sorts(n: int) -> None:
    stack = np.random.default_rng(n).integers(0, 255, (n, 200)).astype(np.uint8)
    assert (in_order(stack) == np.sort(stack, axis=0)).all()


def test_a_box_around_a_part_is_fitted_to_the_whole() -> None:
    footage, thing, _ = film()
    upper = thing.boxes.copy()
    upper[:, 3] -= RADIUS
    part = Thing(0, "ball", thing.frames, upper, origin="tracks")
    (whole,) = fitted(footage, [part])
    assert np.abs(whole.boxes - thing.boxes).max() < 4
    given = Thing(0, "ball", thing.frames, upper, origin="boxes")
    assert fitted(footage, [given])[0] is given


def test_a_shadow_goes_with_the_thing() -> None:
    footage, thing, clean = film()
    frames = footage.frames.copy()
    v, u = np.mgrid[:HEIGHT, :WIDTH]
    for k in range(N):
        x, y = place(k, 5.0)
        oval = np.hypot((u - x) / 16, (v - y - RADIUS - 1) / 5)
        depth = 0.4 * np.clip(1.4 - oval, 0, 1)[..., None]
        dark = np.clip(np.rint(frames[k] * (1 - depth)), 0, 255).astype(np.uint8)
        ball = np.hypot(u + 0.5 - x, v + 0.5 - y)[..., None] < RADIUS
        frames[k] = np.where(ball, frames[k], dark)
    shaded = replace(footage, frames=frames)
    compositor = Compositor(shaded, [thing], thing)
    rows, columns = around(thing, 15)
    below = (slice(rows.stop + 1, rows.stop + 5), columns)
    gone = compositor.render(15, [])[below].mean()
    same = compositor.render(15, [Placement(source=15)])[below].mean()
    assert frames[15][below].mean() < 0.85 * clean[15][below].mean()
    assert gone == pytest.approx(clean[15][below].mean(), rel=0.05)
    assert same == pytest.approx(frames[15][below].mean(), rel=0.05)
