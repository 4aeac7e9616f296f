"""The detector `transformers`, on tiny networks of random weights."""

from __future__ import annotations

import importlib.util
import json
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from drawn_pieces import Thing, draw, piece_of, slide
from scipy.optimize import linear_sum_assignment
from tiny_networks import KINDS, NAMES, SIDE_PX, save

from physcheck.detectors.colours import rgb_of
from physcheck.detectors.detr import build
from physcheck.detectors.detr.decoding import best_pairs, best_with_nothing, one_class_each
from physcheck.detectors.detr.loading import load_checkpoint
from physcheck.detectors.detr.preparation import Preparation, read_preparation
from physcheck.detectors.detr.vendor import import_transformers
from physcheck.detectors.devices import DeviceOutOfMemoryError
from physcheck.errors import ConfigurationError, MissingExtraError
from physcheck.types import Detections, Piece
from physcheck.weights import FOLDER, sha256_of

MISSING = [name for name in ("torch", "transformers") if importlib.util.find_spec(name) is None]

pytestmark = pytest.mark.skipif(
    bool(MISSING), reason=f"not installed (extra 'transformers'): {', '.join(MISSING)}"
)


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Any:
    """Tiny networks gain nothing by threads, and other tests may run beside these."""
    torch = pytest.importorskip("torch")
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(n_threads)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Folder of the network of a kind."""
    library, root = import_transformers(), tmp_path_factory.mktemp("networks")

    def of(kind: str) -> Path:
        if kind not in library.models.auto.configuration_auto.CONFIG_MAPPING_NAMES:
            pytest.skip(f"transformers {library.__version__} has no {kind}")
        if not (root / kind).is_dir():
            save(root / kind, kind)
        return root / kind

    return of


@pytest.fixture(scope="module")
def piece() -> Piece:
    """Two balls pass each other; px of the clip are 2 and 3 of the working picture's."""
    things = [
        Thing(slide((60, 120), (6, 0), 50)),
        Thing(slide((250, 90), (-4, 2), 36), 2, (40, 90, 200)),
    ]
    return replace(piece_of(draw(6, things)), px=np.array([2.0, 3.0]))


def same(one: list[Detections], other: list[Detections], px: float = 0.01) -> None:
    """The detections of a piece agree."""
    assert len(one) == len(other)
    for a, b in zip(one, other, strict=True):
        assert a.labels.tolist() == b.labels.tolist()
        np.testing.assert_allclose(a.boxes, b.boxes, atol=px)
        np.testing.assert_allclose(a.scores, b.scores, atol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_things_lie_inside_the_picture_and_have_names(kind: str, folder: Any, piece: Piece) -> None:
    found = build(folder(kind), device="cpu", min_score=0.0).detect(piece)
    assert len(found) == len(piece.frames)
    for frame in found:
        n = len(frame.boxes)
        assert 0 < n <= 12
        assert np.all(frame.boxes[:, :2] < frame.boxes[:, 2:])
        assert np.all((frame.boxes >= 0) & (frame.boxes <= [640, 720, 640, 720]))
        assert np.all((frame.scores > 0) & (frame.scores <= 1))
        assert set(frame.labels) <= {"ball", "person", "", "car"}
        assert frame.noise_px.shape == (n, 4)
        assert np.all(frame.noise_px > 0)
        assert frame.features.shape == (n, 4)


@pytest.mark.parametrize("kind", KINDS)
def test_batches_of_one_and_four_and_a_second_look_agree(
    kind: str, folder: Any, piece: Piece
) -> None:
    one, four = (build(folder(kind), device="cpu", min_score=0.0, batch=batch) for batch in (1, 4))
    same(one.detect(piece), four.detect(piece))
    same(four.detect(piece), four.detect(piece), px=0.0)
    assert one.settings == four.settings


def same_set(rows: Any, raw: dict[str, Any], size_px: tuple[int, int]) -> None:
    """Our rows are those of the library, in any order where scores are alike."""
    boxes = rows[:, :4] * np.tile(size_px, 2)
    ours = np.column_stack([boxes, 1e4 * rows[:, 4], 1e4 * rows[:, 5]])
    theirs = np.column_stack([raw["boxes"], 1e4 * raw["scores"], 1e4 * raw["labels"]])
    apart = np.abs(ours[:, None] - theirs[None]).max(axis=2)
    assert len(ours) == len(theirs)
    assert apart[linear_sum_assignment(apart)].max(initial=0.0) < 0.05


@pytest.mark.parametrize("kind", ["rt_detr", "d_fine", "rf_detr"])
def test_pictures_and_boxes_are_those_of_the_library(
    kind: str, folder: Any, piece: Piece, tmp_path: Path
) -> None:
    torch, library = pytest.importorskip("torch"), import_transformers()
    told = {"do_normalize": True, "image_mean": [0.4, 0.5, 0.6], "image_std": [0.3, 0.2, 0.1]}
    folder(kind)  # skips where the library is too old for it
    network = save(tmp_path, kind, **told)
    pictures = [
        rgb_of(luma, chroma, (SIDE_PX, SIDE_PX))
        for luma, chroma in zip(piece.luma, piece.chroma, strict=True)
    ]
    processor = _processor(library, "RTDetr")(size={"height": SIDE_PX, "width": SIDE_PX}, **told)
    with torch.inference_mode():
        answer = network(**processor(pictures, return_tensors="pt"))
    theirs = processor.post_process_object_detection(
        answer, threshold=0.0, target_sizes=[(720, 640)] * len(pictures)
    )
    seen = build(tmp_path, device="cpu", min_score=0.0).detect(piece)
    for k, (frame, raw) in enumerate(zip(seen, theirs, strict=True)):
        rows, _ = best_pairs(answer.logits[k].numpy(), answer.pred_boxes[k].numpy())
        same_set(rows, raw, (640, 720))
        # What the detector adds: one class a query, no repeats, nothing outside.
        clipped = np.clip(raw["boxes"].numpy(), 0, [640, 720] * 2)
        away = np.abs(frame.boxes[:, None] - clipped[None]).max(axis=2).min(axis=1)
        assert np.all(away < 0.05)
        assert frame.scores.max() == pytest.approx(float(raw["scores"].max()), abs=1e-4)


def test_a_class_for_nothing_is_handled_as_by_the_library() -> None:
    torch, library = pytest.importorskip("torch"), import_transformers()
    chance = np.random.default_rng(5)
    logits = chance.normal(0, 3, (2, 30, 5)).astype(np.float32)
    boxes = chance.random((2, 30, 4), dtype=np.float32)
    answer = _Answer(torch.from_numpy(logits), torch.from_numpy(boxes))
    theirs = _processor(library, "Detr")().post_process_object_detection(
        answer, threshold=0.2, target_sizes=[(90, 160)] * 2
    )
    for k, raw in enumerate(theirs):
        rows, _ = best_with_nothing(logits[k], boxes[k])
        same_set(rows[rows[:, 4] > 0.2], raw, (160, 90))


class _Answer:
    """What a network of the library returns."""

    def __init__(self, logits: Any, pred_boxes: Any) -> None:
        self.logits, self.pred_boxes = logits, pred_boxes


def _processor(library: Any, kind: str) -> Any:
    """The processor that needs no torchvision; its name has changed."""
    for name in (f"{kind}ImageProcessorPil", f"{kind}ImageProcessor"):
        try:
            return getattr(library, name)
        except (AttributeError, ImportError):
            continue
    pytest.skip(f"transformers {library.__version__} has no processor without torchvision")


def test_a_query_gives_one_thing() -> None:
    logits = np.array([[3.0, 2.5], [-9.0, 1.0]], dtype=np.float32)
    boxes = np.array([[0.5, 0.5, 0.2, 0.2], [0.2, 0.2, 0.1, 0.1]], dtype=np.float32)
    rows, query = best_pairs(logits, boxes)
    assert query.tolist() == [0, 0]
    assert one_class_each(rows, query)[:, 5].tolist() == [0.0]


@pytest.mark.parametrize("size", [(640, 360), (360, 640), (333, 333), (640, 120), (97, 641)])
@pytest.mark.parametrize("limits", [(800, 1333), (200, 256)])
def test_a_kept_shape_gives_the_librarys_size(
    size: tuple[int, int], limits: tuple[int, int]
) -> None:
    import_transformers()
    from transformers.image_transforms import get_size_with_aspect_ratio

    height, width = get_size_with_aspect_ratio(size[::-1], *limits)
    assert Preparation(limits, keeps_shape=True).size_for(*size) == (width, height)


def test_the_folder_says_how_pictures_are_prepared(tmp_path: Path) -> None:
    path = tmp_path / "preprocessor_config.json"
    assert read_preparation(tmp_path, "d_fine") == Preparation((640, 640))
    with pytest.raises(ConfigurationError, match=r"has no preprocessor_config\.json"):
        read_preparation(tmp_path, "rf_detr")
    path.write_text(json.dumps({"size": {"height": 384, "width": 512}, "do_rescale": False}))
    told = read_preparation(tmp_path, "rf_detr")
    assert (told.size, told.scale, told.mean[0]) == ((512, 384), 1.0, 0.485)
    path.write_text(json.dumps({"size": 800, "max_size": 1000}))
    assert read_preparation(tmp_path, "detr").size_for(640, 360) == (1000, 562)
    path.write_text(json.dumps({"size": {"side": 3}}))
    with pytest.raises(ConfigurationError, match="cannot be understood"):
        read_preparation(tmp_path, "detr")


def test_only_the_classes_that_were_asked_for_are_found(folder: Any, piece: Piece) -> None:
    seen = build(folder("rf_detr"), device="cpu", min_score=0.0).detect(piece)
    only = build(folder("rf_detr"), device="cpu", min_score=0.0, classes=["person"])
    assert {"person"} < {label for frame in seen for label in frame.labels}
    assert {label for frame in only.detect(piece) for label in frame.labels} == {"person"}
    with pytest.raises(ConfigurationError, match="did you mean 'person'"):
        build(folder("rf_detr"), device="cpu", classes=["persom"])


def test_a_batch_too_large_for_the_device_is_halved(
    folder: Any, piece: Piece, monkeypatch: pytest.MonkeyPatch
) -> None:
    detector = build(folder("rt_detr"), device="cpu", min_score=0.0, batch=6)
    usual = detector.detect(piece)
    run, sizes = detector._network.run, []

    def cramped(pictures: Any) -> Any:
        sizes.append(len(pictures))
        if len(pictures) > limit:
            raise DeviceOutOfMemoryError
        return run(pictures)

    limit = 2
    monkeypatch.setattr(detector._network, "run", cramped)
    same(detector.detect(piece), usual)
    assert sizes == [6, 3, 1, 1, 1, 1, 1, 1]
    assert detector.notes == [
        "cpu has no memory for 6 frames at once: 3 from then on",
        "cpu has no memory for 3 frames at once: 1 from then on",
    ]
    limit = 0
    with pytest.raises(ConfigurationError, match="no memory for a single frame"):
        detector.detect(piece)


def test_frames_on_the_device_are_looked_at_there(
    folder: Any, piece: Piece, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch = pytest.importorskip("torch")
    detector = build(folder("rt_detr"), device="cpu", min_score=0.0)
    rgb = [rgb_of(*planes, (640, 720)) for planes in zip(piece.luma, piece.chroma, strict=True)]
    there = tuple(torch.from_numpy(one).permute(2, 0, 1) for one in rgb)
    usual = detector.detect(piece)
    # Frames on a device of another name than the CPU's are not brought to it from here.
    detector.device = "cpu:0"
    monkeypatch.setattr("physcheck.detectors.detr.detector.rgb_of", None)
    for one, other in zip(detector.detect(replace(piece, pictures=there)), usual, strict=True):
        assert np.abs(np.sort(one.scores) - np.sort(other.scores)).max() < 0.02


def test_nothing_is_asked_of_the_network_outside(
    folder: Any, piece: Piece, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("a connection was tried")

    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    for kind in KINDS:
        build(folder(kind), device="cpu").detect(piece)


def test_the_report_can_name_weights_and_settings(folder: Any) -> None:
    detector = build(folder("d_fine"), device="cpu", classes=["ball"], min_score=0.4)
    assert detector.weights_sha256 == sha256_of(folder("d_fine") / "model.safetensors")
    assert detector.device == "cpu"
    assert detector.settings["kind"] == "d_fine"
    assert detector.settings["classes"] == ["ball"]
    assert detector.settings["min_score"] == 0.4
    json.dumps(detector.settings)


def test_a_folder_is_found_by_name_or_by_a_file_in_it(
    folder: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder("rt_detr")
    assert load_checkpoint(path / "model.safetensors").names == {**NAMES, 2: ""}
    monkeypatch.setenv(FOLDER, str(path.parent))
    assert load_checkpoint("rt_detr").kind == "rt_detr"


def test_loading_says_nothing_on_either_stream(folder: Any, capfd: pytest.CaptureFixture) -> None:
    load_checkpoint(folder("rt_detr"))
    assert capfd.readouterr() == ("", "")


def test_a_folder_that_is_wrong_is_refused_with_a_reason(folder: Any, tmp_path: Path) -> None:
    def refused(what: Path, reason: str) -> None:
        with pytest.raises(ConfigurationError, match=reason):
            load_checkpoint(what)

    refused(tmp_path / "absent", "there is no such folder")
    refused(tmp_path, r"has no config\.json")
    weights = tmp_path / "yolo11n.pt"
    weights.write_bytes(b"x")
    refused(weights, "use --detector yolo")
    config = tmp_path / "config.json"
    config.write_text('{"model_type": "bert"}')
    refused(tmp_path, r"has no model\.safetensors")
    (tmp_path / "pytorch_model.bin").write_bytes(b"x")
    refused(tmp_path, "--trust")
    (tmp_path / "model.safetensors").write_bytes(b"x")
    refused(tmp_path, "'bert' is no object detection model")
    config.write_text('{"model_type": "from_the_future"}')
    refused(tmp_path, "knows no kind 'from_the_future'")
    config.write_text("{")
    refused(tmp_path, "is not the configuration of a network")
    config.write_bytes((folder("rt_detr") / "config.json").read_bytes())
    refused(tmp_path, r"model\.safetensors: cannot be loaded")
    (tmp_path / "model.safetensors").write_bytes(
        (folder("detr") / "model.safetensors").read_bytes()
    )
    refused(tmp_path, r"does not belong to config\.json")


def test_a_pickle_is_loaded_only_when_it_is_trusted(folder: Any, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    from safetensors.torch import load_file

    for name in ("config.json", "preprocessor_config.json"):
        (tmp_path / name).write_bytes((folder("rt_detr") / name).read_bytes())
    torch.save(load_file(folder("rt_detr") / "model.safetensors"), tmp_path / "pytorch_model.bin")
    with pytest.raises(ConfigurationError, match="can run any program"):
        load_checkpoint(tmp_path)
    trusted = load_checkpoint(tmp_path, trust=True)
    assert trusted.weights_sha256 == sha256_of(tmp_path / "pytorch_model.bin")


def test_a_device_that_is_not_there_is_refused(folder: Any) -> None:
    with pytest.raises(ConfigurationError, match="cuda:99"):
        build(folder("rt_detr"), device="cuda:99")
    with pytest.raises(ConfigurationError, match="--batch 0"):
        build(folder("rt_detr"), device="cpu", batch=0)


def test_without_the_extra_the_message_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtraError, match=r"physcheck\[transformers\]"):
        build(tmp_path)


def test_importing_the_detector_imports_no_library() -> None:
    code = (
        "import sys, physcheck.detectors.detr; "
        "print({'torch', 'transformers'} & sys.modules.keys() or 'none')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "none"
