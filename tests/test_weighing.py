"""The model that weighs the tests of an end."""

from __future__ import annotations

import numpy as np
import pytest

from physcheck.explain.weighing import FIRST, SECOND, Weights, inputs, likelihood_ratio, weights

TABLE = {
    "start": -2.0,
    "tests": {
        "returns": {
            "low": 0.0,
            "high": 1.0,
            "centre": 0.5,
            "scale": 0.5,
            "slope": 3.0,
            "unknown": -0.5,
        },
        "near": {
            "low": -2.2,
            "high": 2.8,
            "centre": 0.0,
            "scale": 1.0,
            "slope": 1.0,
            "unknown": 0.0,
        },
    },
}


def test_inputs_are_centred_scaled_and_summed():
    model = Weights.read(TABLE)
    assert model.log_odds({"returns": 1.0, "near": 0.7}) == pytest.approx(-2 + 3 + 2.0)
    assert model.log_odds({"returns": 0.5, "near": 0.9}) == pytest.approx(-2 - 2.2)


def test_an_input_beyond_what_was_seen_counts_as_the_farthest_seen():
    model = Weights.read(TABLE)
    far, farther = ({"returns": value, "near": 0.5} for value in (1.0, 40.0))
    assert model.log_odds(far) == model.log_odds(farther)


def test_what_could_not_be_measured_has_its_own_weight():
    model = Weights.read(TABLE)
    assert model.log_odds({}) == pytest.approx(-2.5)
    assert model.log_odds({"returns": float("nan"), "near": float("nan")}) == pytest.approx(-2.5)


def test_a_test_with_known_likelihood_ratios_enters_by_these():
    assert inputs({"near": 0.5, "returns": 0.25}, ("near", "returns")).tolist() == [2.8, 0.25]
    assert np.isnan(inputs({}, ("near",))).all()


def test_a_test_that_was_not_made_speaks_for_nobody():
    assert likelihood_ratio("drop", float("nan")) == 0.0


@pytest.mark.parametrize("look", [FIRST, SECOND])
def test_the_shipped_weights_are_finite_and_cut_where_inputs_can_be(look: str):
    model = weights(look)
    numbers = [model.low, model.high, model.centre, model.scale, model.slope, model.unknown]
    assert np.isfinite(numbers).all()
    assert (model.low <= model.high).all()
    assert (model.scale > 0).all()


@pytest.mark.parametrize("test", ["drop", "cells", "ring", "size", "clear"])
def test_what_goes_at_once_and_is_large_and_clear_speaks_for_a_vanish(test: str):
    model = weights(SECOND)
    assert model.slope[model.names.index(test)] > 0


@pytest.mark.parametrize("kind", ["size", "look", "shape", "place"])
def test_there_are_weights_for_each_kind_of_change(kind: str):
    model = weights(kind)
    assert not model.shaped
    assert (model.low <= model.high).all()
    if kind != "look":  # What is small may change its colours just as well.
        assert model.slope[model.names.index("size")] > 0


@pytest.mark.parametrize("kind", ["size", "look", "place"])
def test_a_change_that_no_innocent_explanation_suits_and_that_is_large_is_told(kind: str):
    model = weights(kind)
    asked = ("certain amount",) if kind == "look" else ("best alternative", "certain amount")
    for test in asked:
        assert model.slope[model.names.index(test)] > 0
