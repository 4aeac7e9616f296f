"""Which detector looks: how it is chosen, opened, remembered, and what it leaves behind."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from physcheck.analysis import analyze, configuration_sha256
from physcheck.cli import main
from physcheck.config import load_settings
from physcheck.detector_choice import Sight, choose_detector
from physcheck.errors import ConfigurationError, InputError
from physcheck.sight import OpenedSight, open_sight


@pytest.fixture(autouse=True)
def nothing_pulled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No weights of the user's are in the way."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.delenv("PHYSCHECK_WEIGHTS", raising=False)


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """A file that is named like weights; nobody loads it."""
    path = tmp_path / "net.pt"
    path.write_bytes(b"weights")
    return path


def test_without_weights_motion_looks() -> None:
    assert choose_detector("auto", None)[:2] == ("motion", "no weights given or pulled")
    assert choose_detector("motion", None)[:2] == ("motion", "asked for")


def test_with_weights_both_kinds_of_sight_look(weights: Path) -> None:
    choice = choose_detector("auto", weights)
    assert choice == ("hybrid", "weights net.pt were given", weights)
    assert choose_detector("yolo", weights).name == "yolo"


def test_motion_says_that_it_uses_no_weights(weights: Path) -> None:
    assert choose_detector("motion", weights)[:2] == ("motion", "asked for; weights are not used")


def test_given_detections_are_used(tmp_path: Path) -> None:
    assert choose_detector("auto", None, tmp_path).name == "detections"


@pytest.mark.parametrize(
    ("name", "cause"),
    [
        ("hybrid", "needs weights: --weights FILE, or pull some: physcheck models pull"),
        ("yolo", "needs weights"),
        ("transformers", "needs --weights FOLDER"),
        ("detections", "needs --detections FILE or FOLDER"),
        ("x", "unknown detector 'x'; known: auto, motion"),
    ],
)
def test_a_request_that_lacks_something_is_refused(name: str, cause: str) -> None:
    with pytest.raises(ConfigurationError, match=cause):
        choose_detector(name, None)


def test_a_folder_of_weights_is_no_file_of_weights(tmp_path: Path) -> None:
    known = {"PHYSCHECK_WEIGHTS": str(tmp_path), "PHYSCHECK_CACHE": str(tmp_path)}
    settings = load_settings({}, environment=known, folder=tmp_path)
    assert settings.weights is None
    assert settings.cache is True


def test_a_variable_may_name_a_file_of_weights(tmp_path: Path, weights: Path) -> None:
    known = {"PHYSCHECK_WEIGHTS": str(weights)}
    assert load_settings({}, environment=known, folder=tmp_path).weights == weights


def test_what_decides_the_boxes_is_in_the_configuration_hash(weights: Path) -> None:
    def sha256(**changes: object) -> str:
        return configuration_sha256(sight=Sight("yolo", weights, **changes))  # type: ignore[arg-type]

    assert sha256() == sha256(batch=4, cache=True)
    assert len({sha256(), sha256(imgsz=320), sha256(classes=("cup",)), sha256(backend="onnx")}) == 4
    before = sha256()
    weights.write_bytes(b"others")
    assert sha256() != before


def test_how_often_the_network_is_asked_is_in_the_hash_for_hybrid_only(weights: Path) -> None:
    def sha256(detector: str, every: int | None) -> str:
        return configuration_sha256(sight=Sight(detector, weights, every=every))

    assert len({sha256("hybrid", every) for every in (None, 1, 3)}) == 3
    assert sha256("yolo", 3) == sha256("yolo", None)


@dataclass
class Named:
    """Stands for a network on a device; nobody asks it for boxes."""

    device: str
    settings: dict[str, int]
    name: str = "yolo"


@pytest.mark.parametrize(
    ("device", "asked", "every"),
    [("cpu", None, "auto"), ("cpu", 2, 2), ("cuda:0", None, 1), ("cuda:0", 4, 4)],
)
def test_hybrid_asks_the_network_as_often_as_the_device_affords(
    weights: Path, device: str, asked: int | None, every: int | str
) -> None:
    sight = Sight("hybrid", weights, every=asked)
    clip = OpenedSight(sight, sight.choose(), Named(device, {"imgsz": 640})).look_at("clip.mp4")
    assert clip.info.settings == {"imgsz": 640, "every": every}


def test_saved_detections_give_the_same_violations(
    samples: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = str(samples / "teleport.mp4")
    assert main(["analyze", clip, "--save-detections", str(tmp_path), "-f", "json", "-q"]) == 0
    seen = json.loads(capsys.readouterr().out)
    saved = str(tmp_path / "teleport.json")
    assert main(["analyze", clip, "--detections", saved, "-f", "json"]) == 0
    said = capsys.readouterr()
    given = json.loads(said.out)
    assert f"detector detections (boxes from {saved})" in said.err
    assert given["detector"]["name"] == "detections"
    assert given["detector"]["settings"]["file"] == saved
    assert [one["rule"] for one in given["violations"]] == [
        one["rule"] for one in seen["violations"]
    ]


def test_detections_of_a_folder_are_found_by_the_name_of_the_clip(
    samples: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=r"no teleport\.txt or teleport\.csv or"):
        open_sight(Sight(detections=tmp_path)).look_at(samples / "teleport.mp4")


def test_what_was_seen_before_is_not_looked_at_again(
    samples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PHYSCHECK_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("PHYSCHECK_CACHE_MB")
    clip = tmp_path / "clip.mp4"
    shutil.copyfile(samples / "teleport.mp4", clip)
    first, second = (analyze(clip, sight=Sight(cache=True)) for _ in range(2))
    assert first.model_dump(exclude={"seconds"}) == second.model_dump(exclude={"seconds"})
    assert second.seconds["detect"] < 0.5 * first.seconds["detect"]
    assert list((tmp_path / "cache").rglob("*"))


def test_python_leaves_nothing_in_the_users_folders(
    samples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PHYSCHECK_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("PHYSCHECK_CACHE_MB")
    analyze(samples / "vanish.mp4")
    assert not (tmp_path / "cache").exists()


def test_a_model_and_motion_together_make_a_report(samples: Path, shared: Path) -> None:
    pytest.importorskip("ultralytics", reason="the extra yolo is not installed")
    file = shared / "weights" / "yolo11n.pt"
    if not file.is_file():
        pytest.skip(f"no weights in {file}")
    opened = open_sight(Sight(weights=file, imgsz=320))
    report = analyze(samples / "vanish.mp4", sight=opened)
    assert report.detector.name == "hybrid"
    assert report.detector.weights_sha256 is not None
    assert report.notes[0] == "detector hybrid (weights yolo11n.pt were given)"
    assert [one.rule for one in report.violations] == ["vanish"]
    clean = analyze(samples / "vanish_clean.mp4", sight=opened)
    assert not clean.violations
