"""The detector `yolo`: as ultralytics sees it, in every runtime, and nothing run by a file."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from physcheck import boxes as geometry
from physcheck.camera import Camera
from physcheck.detectors.colours import rgb_of
from physcheck.detectors.devices import DeviceOutOfMemoryError
from physcheck.detectors.early import EarlyLook
from physcheck.detectors.sparse import some_frames
from physcheck.detectors.suppression import suppress
from physcheck.detectors.yolo import YoloDetector, build
from physcheck.detectors.yolo.candidates import candidates, finished
from physcheck.detectors.yolo.letterbox import GREY, fit
from physcheck.detectors.yolo.network import Output
from physcheck.detectors.yolo.outlines import label_picture, outline
from physcheck.detectors.yolo.pictures import lay_planes, lay_planes_on_device
from physcheck.errors import ConfigurationError, MissingExtraError, ShapeError
from physcheck.types import Bytes, Detections, Piece
from physcheck.video import VideoReader

SIZES = [(1280, 720), (640, 360), (333, 517), (100, 1000), (640, 640), (37, 41)]
N_FRAMES = 6
YOLO, SEG = "yolo11n.pt", "yolov8n-seg.pt"


@pytest.fixture(autouse=True, scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Exported networks go to a folder of this run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PHYSCHECK_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def torch() -> Any:
    pytest.importorskip("ultralytics", reason="the extra 'yolo' is not installed")
    return pytest.importorskip("torch", reason="the extra 'yolo' is not installed")


@pytest.fixture(scope="module")
def weights(shared: Path, torch: Any) -> Path:
    folder = shared / "weights"
    if not (folder / YOLO).is_file():
        pytest.skip(f"no weights in {folder}")
    return folder


@pytest.fixture(scope="module")
def plaza(shared: Path) -> Path:
    return shared / "clips" / "real" / "clips" / "crowd_plaza_bw.mp4"


@pytest.fixture(scope="module")
def street(plaza: Path) -> list[Bytes]:
    """Real frames at 1280 x 720, RGB."""
    capture, frames = cv2.VideoCapture(str(plaza)), []
    for _ in range(N_FRAMES):
        picture = cv2.resize(capture.read()[1], (1280, 720), interpolation=cv2.INTER_CUBIC)
        frames.append(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB))
    return frames


@pytest.fixture(scope="module")
def piece(plaza: Path) -> Piece:
    whole = next(VideoReader(plaza).pieces())
    rows = slice(0, N_FRAMES)
    return Piece(
        whole.frames[rows],
        whole.times_s[rows],
        whole.luma[rows],
        whole.chroma[rows],
        whole.transition[rows],
        np.array([2.0, 2.0]),
    )


@pytest.fixture(scope="module")
def nano(weights: Path) -> YoloDetector:
    return build(weights / YOLO, imgsz=320, device="cpu", precision="fp32", confidence=0.25)


def furthest(ours: Sequence[Detections], theirs: Sequence[Detections]) -> float:
    """Largest difference of a side of all boxes, px; they must be as many and of one kind."""
    for mine, other in zip(ours, theirs, strict=True):
        assert mine.labels.tolist() == other.labels.tolist()
    pairs = zip(ours, theirs, strict=True)
    return max(np.abs(a.boxes - b.boxes).max(initial=0.0) for a, b in pairs)


def noisy_output(seed: int = 0, n_classes: int = 5, extra: int = 3) -> Any:
    """(2, 4 + classes + extra, 900) as a network gives it, with many overlaps."""
    rng = np.random.default_rng(seed)
    middle = np.repeat(rng.uniform(50, 590, (2, 2, 60)), 15, axis=2)
    boxes = np.concatenate([middle, rng.uniform(30, 90, (2, 2, 900))], axis=1)
    boxes[:, :2] += rng.normal(0, 6, (2, 2, 900))
    scores = rng.uniform(0, 1, (2, n_classes, 900)) ** 3
    rest = rng.normal(0, 1, (2, extra, 900))
    return np.concatenate([boxes, scores, rest], axis=1).astype(np.float32)


# What needs neither torch nor weights.


@pytest.mark.parametrize("size", SIZES)
def test_boxes_brought_to_the_network_and_back_are_the_same(size: tuple[int, int]) -> None:
    letterbox = fit(*size, 320)
    assert max(letterbox.outer) == 320
    assert letterbox.outer[0] % 32 == letterbox.outer[1] % 32 == 0
    box = np.array([[0.1 * size[0], 0.2 * size[1], 0.7 * size[0], 0.9 * size[1]]])
    there = box * np.tile(letterbox.gain, 2) + [letterbox.left, letterbox.top] * 2
    assert letterbox.to_source(there) == pytest.approx(box)
    assert letterbox.to_source(np.array([[-99.0, -99, 999, 999]])).tolist() == [[0, 0, *size]]


def test_bars_are_grey_and_all_else_is_the_picture() -> None:
    letterbox = fit(64, 32, 64, 32)
    canvas = np.zeros((letterbox.outer[1], letterbox.outer[0], 3), dtype=np.uint8)
    letterbox.lay(np.full((32, 64, 3), 7, dtype=np.uint8), canvas)
    assert (canvas == 7).all()
    tall = fit(30, 60, 64, 32)
    canvas = np.zeros((tall.outer[1], tall.outer[0], 3), dtype=np.uint8)
    tall.lay(np.full((60, 30, 3), 7, dtype=np.uint8), canvas)
    inside = canvas[tall.top : tall.top + tall.inner[1], tall.left : tall.left + tall.inner[0]]
    assert (inside == 7).all()
    assert (canvas == GREY).sum() == canvas.size - inside.size


def test_the_best_of_overlapping_boxes_of_a_class_stays() -> None:
    rows = np.array(
        [
            [0, 0, 10, 10, 0.5, 1],
            [1, 0, 11, 10, 0.9, 1],
            [1, 0, 11, 10, 0.8, 2],
            [50, 0, 60, 10, 0.3, 1],
        ],
        dtype=np.float32,
    )
    assert suppress(rows, 0.5, 10)[:, 4].tolist() == pytest.approx([0.9, 0.8, 0.3])
    assert suppress(rows, 0.9, 10)[:, 4].tolist() == pytest.approx([0.9, 0.8, 0.5, 0.3])
    assert len(suppress(rows, 0.5, 2)) == 2
    assert suppress(rows, 0.5, 10, np.array([2]))[:, 5].tolist() == [2]
    assert suppress(rows[:0], 0.5, 10).shape == (0, 6)


def test_a_picture_without_candidates_gives_none() -> None:
    empty = candidates(np.zeros((2, 4 + 5 + 3, 10), dtype=np.float32), 5, 0.1)
    assert [rows.shape for rows in empty] == [(0, 9), (0, 9)]
    assert [len(rows) for rows in finished(np.zeros((2, 7, 6), dtype=np.float32), 0.1)] == [0, 0]


def test_a_mask_lies_where_its_logits_are_positive_and_within_its_box() -> None:
    letterbox = fit(640, 360, 320)
    logits = np.full((48, 80), -1.0, dtype=np.float32)
    logits[20:28, 30:50] = 1.0
    box = np.array([200.0, 100.0, 440.0, 260.0])
    x, y, mask = outline(logits, box, letterbox)
    assert (x, y) == (200, 100) and mask.shape == (160, 240)
    rows, columns = np.nonzero(mask)
    # One logit covers 8 px; 6 px of the input's 192 rows on each side are bars.
    assert (columns.min() + x, columns.max() + x + 1) == pytest.approx((240, 400), abs=3)
    assert (rows.min() + y, rows.max() + y + 1) == pytest.approx((148, 212), abs=3)
    picture = label_picture(logits[None], box[None], letterbox, [0])
    assert picture.shape == (360, 640) and (picture == 1).sum() == mask.sum()
    assert outline(logits, np.array([700.0, 0, 710, 9]), letterbox)[2].size == 0


def test_planes_become_the_rgb_that_they_came_from() -> None:
    picture = cv2.GaussianBlur(
        np.random.default_rng(0).integers(0, 256, (96, 128, 3), dtype=np.uint8), (0, 0), 9
    )
    ycc = cv2.cvtColor(picture, cv2.COLOR_RGB2YCrCb)
    chroma = cv2.resize(np.ascontiguousarray(ycc[..., 2:0:-1]), (64, 48))
    back = rgb_of(np.ascontiguousarray(ycc[..., 0]), chroma, (128, 96))
    assert np.abs(back.astype(int) - picture).max() <= 4


def test_without_the_extra_the_message_says_what_to_install_and_its_license(
    tmp_path: Path,
) -> None:
    (tmp_path / "w.pt").write_bytes(b"x")
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "from physcheck.detectors.yolo import build\n"
        f"build({str(tmp_path / 'w.pt')!r})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert MissingExtraError.__name__ in done.stderr
    assert "pip install 'physcheck[yolo]'" in done.stderr and "AGPL-3.0" in done.stderr


# Against ultralytics.


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("imgsz", [320, 640])
def test_the_letterbox_is_that_of_ultralytics(
    torch: Any, size: tuple[int, int], imgsz: int
) -> None:
    from physcheck.detectors.yolo.vendor import import_ultralytics

    augment = import_ultralytics("ultralytics.data.augment")
    picture = np.random.default_rng(1).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    theirs = augment.LetterBox((imgsz, imgsz), auto=True, stride=32)(image=picture)
    letterbox = fit(*size, imgsz)
    ours = np.empty((letterbox.outer[1], letterbox.outer[0], 3), dtype=np.uint8)
    letterbox.lay(picture, ours)
    assert np.array_equal(ours, theirs)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("classes", [None, [0, 3]])
def test_the_suppression_is_that_of_ultralytics(
    torch: Any, seed: int, classes: list[int] | None
) -> None:
    from physcheck.detectors.yolo.vendor import import_ultralytics

    nms = import_ultralytics("ultralytics.utils.nms")
    output = noisy_output(seed)
    theirs = nms.non_max_suppression(
        torch.from_numpy(output.copy()), 0.2, 0.6, classes=classes, nc=5, max_det=50
    )
    ids = None if classes is None else np.array(classes)
    for rows, other in zip(candidates(output, 5, 0.2), theirs, strict=True):
        ours = suppress(rows, 0.6, 50, ids)
        assert ours.shape == tuple(other.shape) and len(ours) > 20
        assert ours == pytest.approx(other.numpy(), abs=1e-3)


@pytest.mark.parametrize("imgsz", [320, 640])
@pytest.mark.parametrize("name", [YOLO, SEG])
def test_fp32_boxes_are_those_of_ultralytics(
    weights: Path, street: list[Bytes], torch: Any, name: str, imgsz: int
) -> None:
    from physcheck.detectors.yolo.vendor import import_ultralytics

    augment = import_ultralytics("ultralytics.data.augment")
    nms, ops = (import_ultralytics(f"ultralytics.utils.{one}") for one in ("nms", "ops"))
    module = torch.load(weights / name, weights_only=False)["model"].float().eval()
    ours = build(weights / name, imgsz=imgsz, device="cpu", confidence=0.1).predict(street[:3])
    for picture, mine in zip(street, ours, strict=False):
        laid = augment.LetterBox((imgsz, imgsz), auto=True, stride=32)(image=picture)
        batch = torch.from_numpy(laid.transpose(2, 0, 1)[None].copy()).float() / 255
        with torch.inference_mode():
            output = module(batch)[0]
        output = output[0] if isinstance(output, tuple) else output
        rows = nms.non_max_suppression(output, 0.1, 0.7, nc=80)[0]
        theirs = ops.scale_boxes(batch.shape[2:], rows[:, :4].clone(), picture.shape).numpy()
        assert len(theirs) == len(mine.boxes) > 5
        assert np.abs(mine.boxes - theirs).max() < 0.5
        assert mine.labels.tolist() == [module.names[int(kind)] for kind in rows[:, 5]]


def test_masks_are_those_of_ultralytics(weights: Path, street: list[Bytes], torch: Any) -> None:
    from physcheck.detectors.yolo.vendor import import_ultralytics

    nms, ops = (import_ultralytics(f"ultralytics.utils.{one}") for one in ("nms", "ops"))
    picture = street[0]
    module = torch.load(weights / SEG, weights_only=False)["model"].float().eval()
    letterbox = fit(1280, 720, 640)
    laid = np.empty((letterbox.outer[1], letterbox.outer[0], 3), dtype=np.uint8)
    letterbox.lay(picture, laid)
    batch = torch.from_numpy(laid.transpose(2, 0, 1)[None].copy()).float() / 255
    with torch.inference_mode():
        output, prototypes = module(batch)[0]
    rows = nms.non_max_suppression(output, 0.4, 0.7, nc=80)[0]
    boxes = ops.scale_boxes(batch.shape[2:], rows[:, :4].clone(), picture.shape)
    theirs = ops.process_mask_native(prototypes[0], rows[:, 6:], boxes, picture.shape[:2]).numpy()
    mine = build(weights / SEG, device="cpu", confidence=0.4).predict([picture])[0]
    assert mine.masks is not None and len(theirs) == len(mine.boxes) > 3
    free = np.ones(picture.shape[:2], dtype=bool)
    for row, mask in enumerate(theirs):
        # Better things are drawn over worse ones, so only what is free can be compared.
        wanted, seen = (mask > 0) & free, mine.masks == row + 1
        assert (wanted & seen).sum() >= 0.93 * (wanted | seen).sum()
        free &= mask == 0


# In batches, pieces and other runtimes.


def test_the_size_of_a_batch_changes_nothing(
    nano: YoloDetector, weights: Path, street: list[Bytes]
) -> None:
    one_by_one = build(weights / YOLO, imgsz=320, device="cpu", batch=1, confidence=0.25)
    assert furthest(nano.predict(street), one_by_one.predict(street)) < 0.05


def test_a_piece_is_seen_in_px_of_the_clip(
    nano: YoloDetector, piece: Piece, street: list[Bytes]
) -> None:
    seen, plain = nano.detect(piece), nano.predict(street)
    assert len(seen) == N_FRAMES
    for ours, other in zip(seen, plain, strict=True):
        sure = other.boxes[other.scores > 0.4]
        assert len(sure) and geometry.iou(sure, ours.boxes).max(axis=1).min() > 0.8
        assert ours.features.shape == (len(ours.boxes), 4)
        assert (ours.noise_px > 0).all() and ours.noise_px.shape == ours.boxes.shape


def test_boxes_seen_while_others_are_decoded_are_the_same(nano: YoloDetector, piece: Piece) -> None:
    unmoved = Camera("still", np.tile(np.eye(3), (N_FRAMES, 1, 1)), np.zeros(N_FRAMES, dtype=bool))
    with ThreadPoolExecutor(1) as worker:
        early = EarlyLook(nano, worker, at_once=2)
        for start in (0, 2):
            early.watch(some_frames(piece, unmoved, np.arange(start, start + 2))[0], start)
        found = early.detect(piece, unmoved)
    assert furthest(found, nano.detect(piece)) < 1e-3


def test_pieces_of_several_clips_share_batches_and_keep_their_order(
    nano: YoloDetector, piece: Piece
) -> None:
    other = Piece(
        piece.frames[:3],
        piece.times_s[:3],
        piece.luma[:3, ::-1],
        piece.chroma[:3, ::-1],
        piece.transition[:3],
        np.array([1.0, 1.0]),
    )
    small = Piece(
        piece.frames[:2],
        piece.times_s[:2],
        piece.luma[:2, :, :320],
        piece.chroma[:2, :, :160],
        piece.transition[:2],
        np.array([1.0, 1.0]),
    )
    together = nano.detect_many([piece, other, small])
    for one, seen in zip([piece, other, small], together, strict=True):
        assert furthest(nano.detect(one), seen) < 0.05


def test_pictures_of_near_sizes_are_each_laid_in_their_own_shape(
    nano: YoloDetector, street: list[Bytes]
) -> None:
    # Both need an input of 320 x 192 px, which the flatter one fills less.
    flatter = [cv2.resize(frame, (1280, 660)) for frame in street[:2]]
    together = nano.predict([street[0], *flatter, street[1]])
    apart = [nano.predict(street[:1])[0], *nano.predict(flatter), nano.predict(street[1:2])[0]]
    assert furthest(together, apart) < 0.05


def test_masks_of_a_piece_are_at_working_size(weights: Path, piece: Piece) -> None:
    seen = build(weights / SEG, imgsz=320, device="cpu", confidence=0.3).detect(piece)[0]
    assert seen.masks is not None and seen.masks.shape == piece.luma.shape[1:]
    assert seen.masks.dtype == np.min_scalar_type(len(seen.boxes))
    for row in set(np.unique(seen.masks).tolist()) - {0}:
        ys, xs = np.nonzero(seen.masks == row)
        x1, y1, x2, y2 = seen.boxes[row - 1] / 2
        assert x1 - 1 <= xs.min() and xs.max() <= x2 and y1 - 1 <= ys.min() and ys.max() <= y2


@pytest.mark.parametrize("backend", ["onnx", "openvino"])
@pytest.mark.parametrize("name", [YOLO, SEG])
def test_other_runtimes_see_the_same(
    weights: Path, street: list[Bytes], backend: str, name: str
) -> None:
    pytest.importorskip("onnx")
    pytest.importorskip({"onnx": "onnxruntime"}.get(backend, backend))
    settings = {"imgsz": 320, "device": "cpu", "confidence": 0.25}
    theirs = build(weights / name, **settings).predict(street)
    other = build(weights / name, backend=backend, **settings)
    assert furthest(other.predict(street), theirs) < 0.5
    assert other.settings["backend"] == backend and other.settings["precision"] == "fp32"


@pytest.mark.parametrize("backend", ["torch", "openvino"])
def test_bf16_stays_near_fp32_and_is_never_the_default(
    nano: YoloDetector, weights: Path, street: list[Bytes], backend: str
) -> None:
    if backend == "openvino":
        pytest.importorskip("openvino")
        pytest.importorskip("onnx")
    assert nano.settings["precision"] == "fp32"
    try:
        half = build(weights / YOLO, imgsz=320, backend=backend, precision="bf16", confidence=0.25)
    except ConfigurationError as error:
        pytest.skip(str(error))
    apart = []
    for exact, rough in zip(nano.predict(street), half.predict(street), strict=True):
        if len(rough.boxes):
            partner = geometry.iou(exact.boxes, rough.boxes).argmax(axis=1)
            apart += np.abs(exact.boxes - rough.boxes[partner]).max(axis=1).tolist()
    assert np.median(apart) < 1.0


def test_an_onnx_file_needs_neither_torch_nor_ultralytics(
    weights: Path, street: list[Bytes], tmp_path: Path
) -> None:
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    from physcheck.detectors.yolo.export import exported
    from physcheck.weights import sha256_of

    file = exported(weights / YOLO, sha256_of(weights / YOLO), "this test")
    cv2.imwrite(str(tmp_path / "a.png"), street[0][..., ::-1])
    code = (
        "import sys, cv2; sys.modules['torch'] = sys.modules['ultralytics'] = None\n"
        "from physcheck.detectors.yolo import build\n"
        f"picture = cv2.imread({str(tmp_path / 'a.png')!r})[..., ::-1]\n"
        f"seen = build({str(file)!r}, imgsz=320).predict([picture.copy()])[0]\n"
        "print(len(seen.boxes), seen.labels[0])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    count, label = done.stdout.split()
    assert int(count) > 3 and label == "person", done.stderr


@pytest.mark.parametrize("name", ["yolov10n.yaml", "yolo26n.yaml", "yolo26n-seg.yaml"])
def test_networks_that_suppress_by_themselves_are_taken_as_they_are(
    torch: Any, tmp_path: Path, street: list[Bytes], name: str
) -> None:
    from physcheck.detectors.yolo.vendor import import_ultralytics

    tasks = import_ultralytics("ultralytics.nn.tasks")
    kind = tasks.SegmentationModel if "seg" in name else tasks.DetectionModel
    try:
        model = kind(name, verbose=False)
    except FileNotFoundError:
        pytest.skip(f"this ultralytics has no {name}")
    torch.save({"model": model}, tmp_path / "w.pt")
    seen = build(tmp_path / "w.pt", imgsz=320, device="cpu", confidence=1e-6).predict(street[:2])
    for one in seen:
        assert 0 < len(one.boxes) <= 300
        assert (np.diff(one.scores) <= 0).all()


def test_the_way_of_gpus_lays_the_same_batch(torch: Any, piece: Piece) -> None:
    frames = [(piece.luma[k], piece.chroma[k]) for k in range(2)]
    for imgsz in (320, 640, 960):
        letterbox = fit(piece.luma.shape[2], piece.luma.shape[1], imgsz)
        here = lay_planes(frames, letterbox).transpose(0, 3, 1, 2)
        there = lay_planes_on_device(frames, letterbox, "cpu").numpy() * 255
        assert here.shape == there.shape
        assert np.abs(here - there).mean() < 1.0


# What goes wrong.


class Tight:
    """A network on a device with memory for so many pictures at once."""

    def __init__(self, network: Any, room: int) -> None:
        self._network, self._room, self.batches = network, room, []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._network, name)

    def run(self, pictures: Bytes, confidence: float) -> Output:
        if len(pictures) > self._room:
            raise DeviceOutOfMemoryError
        self.batches.append(len(pictures))
        return self._network.run(pictures, confidence)


def test_a_batch_without_room_is_halved_and_nothing_is_lost(
    nano: YoloDetector, street: list[Bytes]
) -> None:
    network = Tight(nano._network, 2)
    detector = YoloDetector(network, imgsz=320, batch=6, confidence=0.25)
    assert furthest(detector.predict(street), nano.predict(street)) < 0.05
    assert network.batches == [2, 1, 2, 1]
    assert "no memory for 6 frames at once: 3 from then on" in detector.notes[0]
    network.batches.clear()
    detector.predict(street)
    assert network.batches == [2, 2, 2] and len(detector.notes) == 2


def test_no_room_for_frames_that_are_laid_ahead_is_no_loss_either(
    nano: YoloDetector, piece: Piece, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The way of GPUs on the CPU: a device of another name, planes laid by a thread."""

    def lay(frames: Sequence[Any], letterbox: Any, device: str) -> Any:
        if len(frames) > 2:
            raise DeviceOutOfMemoryError
        return lay_planes_on_device(frames, letterbox, "cpu")

    monkeypatch.setattr("physcheck.detectors.yolo.frames.lay_planes_on_device", lay)
    network = Tight(nano._network, 9)
    network.device = "device"
    detector = YoloDetector(network, imgsz=320, batch=4, confidence=0.25)
    counts = [len(one.boxes) for one in detector.detect(piece)]
    assert counts == pytest.approx([len(one.boxes) for one in nano.detect(piece)], abs=2)
    assert detector.notes == ["device has no memory for 4 frames at once: 2 from then on"]


def test_no_room_for_a_single_frame_is_an_error(nano: YoloDetector, street: list[Bytes]) -> None:
    detector = YoloDetector(Tight(nano._network, 0), imgsz=320)
    with pytest.raises(ConfigurationError, match="smaller --imgsz"):
        detector.predict(street)


def test_a_gpu_that_is_not_there_is_an_error(weights: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"torch sees .* CUDA device"):
        build(weights / YOLO, device="cuda:77")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"imgsz": 300}, "multiple of 32"),
        ({"batch": 0}, "at least 1"),
        ({"classes": ["persn"]}, "did you mean 'person'"),
        ({"backend": "abacus"}, "unknown backend"),
        ({"precision": "fp8"}, "unknown precision"),
        ({"precision": "fp16", "device": "cpu"}, "for GPUs"),
    ],
)
def test_wrong_settings_are_said(weights: Path, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        build(weights / YOLO, **settings)


def test_only_the_classes_asked_for_are_reported(weights: Path, street: list[Bytes]) -> None:
    detector = build(weights / YOLO, imgsz=320, device="cpu", classes=["bicycle", "person"])
    labels = {label for one in detector.predict(street[:2]) for label in one.labels}
    assert labels and labels <= {"bicycle", "person"}
    assert detector.settings["classes"] == ["bicycle", "person"]


def test_a_picture_of_another_form_is_an_error(nano: YoloDetector) -> None:
    with pytest.raises(ShapeError, match="uint8"):
        nano.predict([np.zeros((10, 10), dtype=np.uint8)])


class Call:
    """Pickled, it is a call of a function."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self._call = function, arguments

    def __reduce__(self) -> Any:
        return self._call


def test_a_file_that_would_run_something_is_refused_and_runs_nothing(
    torch: Any, tmp_path: Path
) -> None:
    trace, file = tmp_path / "trace", tmp_path / "w.pt"
    torch.save({"model": Call(os.mkdir, str(trace))}, file)
    with pytest.raises(ConfigurationError, match=r"mkdir.*--trust"):
        build(file)
    assert not trace.exists()
    with pytest.raises(ConfigurationError, match="holds no network"):
        build(file, trust=True)
    assert trace.exists()


def test_not_even_constructors_of_allowed_classes_are_run(torch: Any, tmp_path: Path) -> None:
    from physcheck.detectors.yolo.vendor import import_ultralytics

    trace, file = tmp_path / "trace", tmp_path / "w.pt"
    # ultralytics evaluates the text that stands for the activation.
    table = {
        "activation": f"__import__('os').mkdir({str(trace)!r})",
        "nc": 1,
        "backbone": [[-1, 1, "Conv", [8, 3, 2]]],
        "head": [[[0], 1, "Detect", ["nc"]]],
        "scales": {"n": [1, 1, 64]},
    }
    model = import_ultralytics("ultralytics.nn.tasks").DetectionModel
    torch.save({"model": Call(model, table)}, file)
    with pytest.raises(ConfigurationError, match=r"refused.*--trust"):
        build(file)
    assert not trace.exists()


@pytest.mark.parametrize("content", [b"", b"no such thing", pickle.dumps({"model": 1})])
def test_a_damaged_file_is_said_to_be(torch: Any, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "w.pt"
    file.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"w\.pt"):
        build(file)


def test_half_a_file_is_said_to_be_damaged(weights: Path, tmp_path: Path) -> None:
    file = tmp_path / "w.pt"
    file.write_bytes((weights / YOLO).read_bytes()[:2_000_000])
    with pytest.raises(ConfigurationError, match="damaged"):
        build(file)


def test_weights_for_something_else_than_boxes_are_refused(torch: Any, tmp_path: Path) -> None:
    torch.save({"model": torch.nn.Sequential(torch.nn.Conv2d(3, 4, 1))}, tmp_path / "w.pt")
    with pytest.raises(ConfigurationError, match=r"w\.pt"):
        build(tmp_path / "w.pt")


def test_nothing_around_is_changed(weights: Path, tmp_path: Path) -> None:
    code = f"""
import os, sys
import cv2, numpy as np, torch
cv2.setNumThreads(2)
def state():
    return (dict(os.environ), cv2.getNumThreads(), torch.get_num_threads(), torch.save,
            torch.is_grad_enabled(), vars(torch._tensor_str.PRINT_OPTS).copy(),
            np.get_printoptions(), torch.backends.mkldnn.enabled)
before = state()
from physcheck.detectors.yolo import build
detector = build({str(weights / YOLO)!r}, imgsz=320, device="cpu")
detector.predict([np.zeros((90, 160, 3), np.uint8)])
assert state() == before
assert not any(name.split(".")[0] == "torchvision" for name in sys.modules)
"""
    environment = os.environ | {"HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert list(tmp_path.rglob("*")) == []
