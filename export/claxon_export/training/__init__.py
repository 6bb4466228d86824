"""Labeled texts -> a trained head.

classes.py     the labels and notices about them
splits.py      training rows and held-out rows
solver.py      the fit;  search.py  its strength and feature by cross-validation;  calibration.py  its probabilities
few_shot.py    the learning curve
features.py    texts -> features, all of them finite
learning.py    all of that on features;  fitting.py  from a bundle and texts to the bundle with a head;  report.py
"""
