"""Labelled texts -> a trained head.

classes.py     labels, and what is odd about them
splitting.py   rows that are learnt from and rows that judge
solver.py      the fit;  search.py  its strength and feature by cross-validation;  calibration.py  its probabilities
scores.py      figures of the held-out rows;  few_shot.py  the learning curve
encoding.py    texts -> features, all of them finite
learning.py    all of that on features;  fitting.py  from a bundle and texts to the bundle with a head;  report.py
"""
