"""What a word says of how a thing may move: by itself, in parts, in a hand, never.

The words are those that detectors give to things, most of them the classes of COCO.
A word that is not known, and "" for a nameless thing, say nothing: then the thing is
judged as any other.

Source: the classes of COCO, Lin et al. (2014).
"""

from __future__ import annotations

__all__ = ["is_articulated", "is_hand_held", "is_scenery", "is_self_propelled"]

_PEOPLE = ("person", "pedestrian", "man", "woman", "child", "boy", "girl", "cyclist", "rider")
_ANIMALS = (
    *("animal", "bird", "cat", "dog", "horse", "sheep", "cow", "elephant", "bear", "zebra"),
    *("giraffe", "fish", "duck", "monkey", "insect"),
)
_VEHICLES = (
    *("vehicle", "bicycle", "car", "motorcycle", "motorbike", "airplane", "aeroplane", "bus"),
    *("train", "truck", "van", "boat", "ship", "helicopter", "drone"),
)
_PARTS = ("face", "head", "hand", "arm", "leg", "foot")
_SELF_PROPELLED = frozenset((*_PEOPLE, *_ANIMALS, *_VEHICLES, *_PARTS))

_SOFT = (
    *("backpack", "umbrella", "handbag", "tie", "kite", "banana", "teddy bear", "scissors"),
    *("book", "laptop", "potted plant", "bed", "cloth", "towel", "bag", "balloon", "flag"),
)
_ARTICULATED = frozenset((*_PEOPLE, *_ANIMALS, *_PARTS, "bicycle", "motorcycle", *_SOFT))

_HAND_HELD = frozenset(
    (
        *("backpack", "umbrella", "handbag", "tie", "suitcase", "bottle", "wine glass", "cup"),
        *("fork", "knife", "spoon", "bowl", "laptop", "mouse", "remote", "keyboard"),
        *("cell phone", "book", "scissors", "teddy bear", "hair drier", "toothbrush"),
        *("baseball bat", "baseball glove", "tennis racket"),
    )
)

_SCENERY = frozenset(
    (
        *("traffic light", "fire hydrant", "stop sign", "parking meter", "bench", "couch"),
        *("sofa", "potted plant", "pottedplant", "bed", "dining table", "diningtable"),
        *("toilet", "tv", "tvmonitor", "microwave", "oven", "toaster", "sink"),
        *("refrigerator", "clock", "chair", "table", "tree", "building", "wall"),
    )
)


def is_self_propelled(label: str) -> bool:
    """People, animals, vehicles and parts of bodies: their motion needs no outer cause."""
    return label in _SELF_PROPELLED


def is_articulated(label: str) -> bool:
    """Soft things and those with limbs: their outline changes while they stay the same."""
    return label in _ARTICULATED


def lives(label: str) -> bool:
    """It moves by itself or bends: a part of it may move while it stays."""
    return is_articulated(label) or is_self_propelled(label)


def is_hand_held(label: str) -> bool:
    """Things that mostly move because a hand moves them, seen or not."""
    return label in _HAND_HELD


def is_scenery(label: str) -> bool:
    """Furniture and fixtures: other things stand on them and pass before them."""
    return label in _SCENERY
