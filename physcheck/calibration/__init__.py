"""Limits and probabilities learned from labelled footage.

A check measures, a rule decides from which number on that is a violation. Where the
number lies is learned here: from what clips that obey reach, and from what labelled
violations reach.
"""

from __future__ import annotations

from physcheck.calibration.fitting import Calibration, RuleFit, calibrate
from physcheck.calibration.peaks import Peaks, gather_peaks
from physcheck.calibration.writing import pack_yaml

__all__ = ["Calibration", "Peaks", "RuleFit", "calibrate", "gather_peaks", "pack_yaml"]
