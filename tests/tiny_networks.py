"""Networks of random weights, small enough for a test, saved as their library saves them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from physcheck.detectors.detr.vendor import import_transformers, quiet_and_offline

KINDS = ("rt_detr", "d_fine", "rf_detr", "detr")
NAMES = {0: "ball", 1: "person", 2: "N/A", 3: "car"}
SIDE_PX = 64
_SIZES = {"d_model": 32, "num_queries": 12, "decoder_layers": 2, "id2label": NAMES}
_HYBRID = {
    **_SIZES,
    "encoder_hidden_dim": 32,
    "encoder_ffn_dim": 32,
    "encoder_attention_heads": 2,
    "encoder_in_channels": [16, 32, 64],
    "decoder_in_channels": [32, 32, 32],
    "decoder_ffn_dim": 32,
    "decoder_attention_heads": 2,
    "decoder_n_points": 2,
    "num_denoising": 0,
}


def save(folder: Path, kind: str, **told: Any) -> Any:
    """Save a network of a kind, and say which pictures it wants; `told` changes that.

    Returns:
        The network.
    """
    import torch

    library = import_transformers()
    torch.manual_seed(3)
    network = _MAKERS[kind](library).eval()
    for name, weights in network.named_parameters():
        # Scores from 0 to 1, not all alike, as if the network had learnt something.
        if weights.dim() == 2 and ("class" in name or "score" in name):
            torch.nn.init.normal_(weights, std=0.4)
    with quiet_and_offline():
        network.save_pretrained(folder)
    usual = {"size": {"height": SIDE_PX, "width": SIDE_PX}, "do_normalize": False}
    (folder / "preprocessor_config.json").write_text(json.dumps({**usual, **told}))
    return network


def _rt_detr(library: Any) -> Any:
    backbone = library.RTDetrResNetConfig(
        embedding_size=8,
        hidden_sizes=[8, 16, 32, 64],
        depths=[1, 1, 1, 1],
        layer_type="basic",
        out_indices=[2, 3, 4],
    )
    config = library.RTDetrConfig(backbone_config=backbone, **_HYBRID)
    return library.RTDetrForObjectDetection(config)


def _d_fine(library: Any) -> Any:
    backbone = library.HGNetV2Config(
        stem_channels=[3, 8, 8],
        stage_in_channels=[8, 16, 16, 32],
        stage_mid_channels=[8, 8, 8, 8],
        stage_out_channels=[16, 16, 32, 64],
        stage_num_blocks=[1, 1, 1, 1],
        stage_numb_of_layers=[1, 1, 1, 1],
        depths=[1, 1, 1, 1],
        hidden_sizes=[16, 16, 32, 64],
        embedding_size=8,
        out_indices=[2, 3, 4],
    )
    config = library.DFineConfig(
        backbone_config=backbone, lqe_hidden_dim=8, max_num_bins=8, **_HYBRID
    )
    return library.DFineForObjectDetection(config)


def _rf_detr(library: Any) -> Any:
    backbone = library.RfDetrDinov2Config(
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        mlp_ratio=2,
        image_size=SIDE_PX,
        patch_size=16,
        num_windows=2,
        out_features=["stage1", "stage2"],
    )
    config = library.RfDetrConfig(
        backbone_config=backbone,
        decoder_ffn_dim=32,
        decoder_n_points=2,
        decoder_self_attention_heads=2,
        decoder_cross_attention_heads=2,
        group_detr=1,
        **_SIZES,
    )
    return library.RfDetrForObjectDetection(config)


def _detr(library: Any) -> Any:
    backbone = library.ResNetConfig(
        embedding_size=8,
        hidden_sizes=[8, 16],
        depths=[1, 1],
        layer_type="basic",
        out_features=["stage2"],
    )
    config = library.DetrConfig(
        backbone_config=backbone,
        use_timm_backbone=False,
        use_pretrained_backbone=False,
        encoder_layers=1,
        encoder_ffn_dim=32,
        encoder_attention_heads=2,
        decoder_ffn_dim=32,
        decoder_attention_heads=2,
        **_SIZES,
    )
    return library.DetrForObjectDetection(config)


_MAKERS = {"rt_detr": _rt_detr, "d_fine": _d_fine, "rf_detr": _rf_detr, "detr": _detr}
