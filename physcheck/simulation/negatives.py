"""Hard negatives: clips that obey physics and look as if they might not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from physcheck.drawing.cameras import eased
from physcheck.drawing.scene import Picture, Seen
from physcheck.simulation import stories
from physcheck.simulation.cast import Cast, draw_actor, play, play_beside
from physcheck.simulation.engine import run
from physcheck.simulation.pairs import add_extras
from physcheck.simulation.plans import log_uniform
from physcheck.simulation.settings import Setting, draw_setting
from physcheck.simulation.takes import Take

__all__ = ["NEGATIVES", "Negative", "draw_negative"]

MOST_TRIES = 60


@dataclass(frozen=True, slots=True)
class Negative:
    """A clean clip: one take, or several with the frame in which each begins."""

    takes: tuple[tuple[int, Take], ...]
    tags: tuple[str, ...]

    @property
    def setting(self) -> Setting:
        """How the clip is filmed (its first take, where it has a cut)."""
        return self.takes[0][1].setting

    def take_at(self, frame: int) -> Take:
        """The take that a frame shows."""
        return [take for start, take in self.takes if start <= frame][-1]

    def frame(self, index: int) -> Picture:
        """One picture, (H, W, 3) RGB."""
        return self.take_at(index).frame(index)

    def truth(self, index: int) -> list[Seen]:
        """What is to be seen in a frame; things after a cut have names of their own."""
        seen = self.take_at(index).truth(index)
        number = sum(start <= index for start, _ in self.takes)
        if number == 1:
            return seen
        return [replace(row, name=f"{row.name} of take {number}") for row in seen]


Story = Callable[[np.random.Generator], Negative | None]


def draw_negative(story: str, seeds: tuple[int, ...]) -> Negative:
    """Draw scenes until one tells a story as it should.

    Args:
        story: one of `NEGATIVES`. seeds: of the randomness.

    Raises:
        RuntimeError: none did; a fault of this program.
    """
    for attempt in range(MOST_TRIES):
        found = NEGATIVES[story](np.random.default_rng((*seeds, attempt)))
        if found is not None:
            return found
    raise RuntimeError(f"no scene for {story} in {MOST_TRIES} tries, seeds {seeds}")


def filmed(setting: Setting, cast: Cast) -> Take:
    """Let a cast move, and film it."""
    return Take(setting, cast, run(cast.actors, cast.slopes, setting.n_frames, setting.fps))


def alone(take: Take, *tags: str) -> Negative:
    """A clip of one take."""
    return Negative(((0, take),), tags)


def is_mostly_seen(take: Take, thing: int, share: float) -> bool:
    """Whether a thing is in plain view in more than a share of the frames."""
    n_frames = take.setting.n_frames
    if take.outlook(thing).mean() <= share:
        return False
    rows = [take.truth(k) for k in range(n_frames)]
    return bool(take.clear(rows, thing).mean() > share)


def exits(rng: np.random.Generator) -> Negative | None:
    """Things leave the picture; another of the same looks may come in."""
    setting, cast = draw_setting(rng), Cast()
    z_m = setting.draw_depth(rng, 0.1, 0.9)
    actor = draw_actor(rng, setting, z_m, "ball")
    wide, side = setting.half_width_m(z_m), float(rng.choice((-1.0, 1.0)))
    speed = side * (wide * rng.uniform(1.6, 2.4) / setting.duration_s + actor.drag)
    start = -side * wide * rng.uniform(-0.1, 0.6)
    leaving = cast.add(stories.rolling(actor, start, speed, cast.next_lane), rng)
    if rng.random() < 0.7:
        behind = -side * wide * rng.uniform(1.15, 1.9)
        actor = stories.rolling(replace(actor, bounce=0.5), behind, speed, cast.next_lane)
        same = cast.looks[leaving][0] if rng.random() < 0.6 else None
        cast.add(actor, rng, same)
    if cast.is_crowded(setting.far_m):
        return None
    add_extras(rng, setting, cast, int(rng.integers(0, 3)))
    take = filmed(setting, cast)
    inside = take.outlook(leaving)
    gone = inside[:4].any() and not inside[-6:].any()
    seen = gone and is_mostly_seen(take, leaving, 0.2)
    return alone(take, "exit", "entry") if seen else None


def long_occlusion(rng: np.random.Generator) -> Negative | None:
    """A thing is behind something for long and comes out."""
    setting, cast = draw_setting(rng), Cast()
    subject, _ = stories.pass_behind(rng, setting, cast, (3.0, 7.0))
    if cast.is_crowded(setting.far_m):
        return None
    add_extras(rng, setting, cast, int(rng.integers(0, 3)))
    take = filmed(setting, cast)
    visible = take.visible([take.truth(k) for k in range(setting.n_frames)], subject)
    hidden = np.flatnonzero(visible == 0.0)
    good = hidden.size >= 12 and visible[:8].max() > 0.9 and visible[-8:].max() > 0.9
    return alone(take, "long occlusion") if good else None


def stops_behind(rng: np.random.Generator) -> Negative | None:
    """A thing comes to rest behind something, out of sight."""
    setting, cast = draw_setting(rng), Cast()
    subject, _ = stories.stop_behind(rng, setting, cast)
    if cast.is_crowded(setting.far_m):
        return None
    add_extras(rng, setting, cast, int(rng.integers(0, 3)))
    take = filmed(setting, cast)
    visible = take.visible([take.truth(k) for k in range(setting.n_frames)], subject)
    return alone(take) if visible[:8].max() > 0.9 and visible[-8:].max() == 0.0 else None


def lookalikes(rng: np.random.Generator) -> Negative | None:
    """Two that look the same pass each other."""
    setting, cast = draw_setting(rng), Cast()
    one, two = stories.lookalikes(rng, setting, cast)
    if cast.is_crowded(setting.far_m):
        return None
    add_extras(rng, setting, cast, int(rng.integers(0, 2)))
    take = filmed(setting, cast)
    x = take.history.frames(take.history.place)[:, :, 0]
    crossed = (x[0, one] - x[0, two]) * (x[-1, one] - x[-1, two]) < 0
    return alone(take) if crossed else None


def pile_falls(rng: np.random.Generator) -> Negative | None:
    """A pile of boxes is struck and falls."""
    setting, cast = draw_setting(rng), Cast()
    stories.pile(rng, setting, cast)
    boxes = [i for i, actor in enumerate(cast.actors) if actor.form == "box"]
    take = filmed(setting, cast)
    fell = take.history.place[0, boxes, 1] - take.history.place[-1, boxes, 1]
    return alone(take) if fell.max() > cast.actors[boxes[0]].half[1] else None


def in_role(role: str) -> Story:
    """One thing in a role that is hard, among others."""

    def story(rng: np.random.Generator) -> Negative | None:
        setting, cast = draw_setting(rng), Cast()
        subject = play(rng, setting, cast, (role,), setting.draw_depth(rng, 0.1, 0.9))
        if cast.is_crowded(setting.far_m):
            return None
        add_extras(rng, setting, cast, int(rng.integers(0, 4)))
        take = filmed(setting, cast)
        return alone(take) if is_mostly_seen(take, subject, 0.5) else None

    return story


def rolls_to_rest(rng: np.random.Generator) -> Negative | None:
    """A thing becomes slower and slower, and lies still."""
    setting, cast = draw_setting(rng), Cast()
    z_m = setting.draw_depth(rng, 0.1, 0.9)
    actor = draw_actor(rng, setting, z_m, "ball")
    wide, side = setting.half_width_m(z_m), float(rng.choice((-1.0, 1.0)))
    time_s = setting.duration_s * float(rng.uniform(0.45, 0.75))
    drag = 2 * wide * float(rng.uniform(0.5, 1.1)) / time_s**2
    start = side * wide * float(rng.uniform(0.5, 0.85))
    actor = stories.rolling(replace(actor, drag=drag), start, -side * drag * time_s, cast.next_lane)
    subject = cast.add(actor, rng)
    if cast.is_crowded(setting.far_m):
        return None
    add_extras(rng, setting, cast, int(rng.integers(0, 3)))
    take = filmed(setting, cast)
    still = take.history.speed[-8:, subject].max() < 0.01
    seen = still and is_mostly_seen(take, subject, 0.8)
    return alone(take, "rolls to rest") if seen else None


def by_camera(camera: str) -> Story:
    """Ordinary things, and a camera that moves a lot."""

    def story(rng: np.random.Generator) -> Negative | None:
        setting, cast = draw_setting(rng, camera=camera), Cast()
        for _ in range(int(rng.integers(2, 5))):
            play_beside(rng, setting, cast)
        return alone(filmed(setting, cast), camera) if cast.actors else None

    return story


def cut(rng: np.random.Generator) -> Negative | None:
    """Two takes, one after the other, with things in both."""
    before = draw_setting(rng)
    after = draw_setting(rng, size=before.size_px, fps=before.fps)
    after = replace(
        after, n_frames=before.n_frames, grain=before.grain, soft_px=before.soft_px, crf=before.crf
    )
    takes = []
    for setting in (before, after):
        cast = Cast()
        for _ in range(int(rng.integers(1, 4))):
            play_beside(rng, setting, cast)
        if not cast.actors:
            return None
        takes.append(filmed(setting, cast))
    change = int(rng.integers(before.n_frames // 3, before.n_frames * 2 // 3))
    return Negative(((0, takes[0]), (change, takes[1])), ("cut",))


def fade(rng: np.random.Generator) -> Negative | None:
    """The picture comes up from black, or goes down to it."""
    setting, cast = draw_setting(rng), Cast()
    last_s, long_s = setting.duration_s, setting.duration_s * float(rng.uniform(0.2, 0.4))
    if rng.random() < 0.5:
        gain = eased(0.0, 1.0, 0.0, long_s)
    else:
        gain = eased(1.0, 0.0, last_s - long_s, last_s)
    setting = replace(setting, gain=gain)
    for _ in range(int(rng.integers(1, 4))):
        play_beside(rng, setting, cast)
    return alone(filmed(setting, cast), "fade") if cast.actors else None


def light_changes(rng: np.random.Generator) -> Negative | None:
    """The light becomes brighter or darker within a moment, as under a cloud."""
    setting, cast = draw_setting(rng), Cast()
    change = float(np.exp(rng.choice((-1.0, 1.0)) * log_uniform(rng, 0.1, 0.3)))
    start_s = setting.duration_s * float(rng.uniform(0.3, 0.6))
    setting = replace(setting, gain=eased(1.0, change, start_s, start_s + 0.5))
    for _ in range(int(rng.integers(1, 4))):
        play_beside(rng, setting, cast)
    return alone(filmed(setting, cast), "light changes") if cast.actors else None


NEGATIVES: dict[str, Story] = {
    "exit-entry": exits,
    "long-occlusion": long_occlusion,
    "approach-retreat": in_role("depth"),
    "pile-falls": pile_falls,
    "zoom": by_camera("zoom"),
    "pan": by_camera("pan"),
    "cut": cut,
    "look-alikes": lookalikes,
    "stops-behind": stops_behind,
    "rolls-to-rest": rolls_to_rest,
    "falls-off": in_role("roll-off"),
    "handheld": by_camera("handheld"),
    "travel": by_camera("travel"),
    "fade": fade,
    "light-changes": light_changes,
}
"""What may look wrong and is not."""
