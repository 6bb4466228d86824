"""Accuracy, F1, calibration, intervals and tests of significance."""
