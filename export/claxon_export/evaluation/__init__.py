"""Labelled texts -> how good a bundle's heads are, in figures, pictures and one page.

evaluation.py    what was found: frozen dataclasses that become JSON
scores.py        accuracy, F1, log loss;  calibration.py  expected calibration error;  intervals.py  the bootstrap
baselines.py     heads that look at no text;  significance.py  McNemar's test
targets.py       labels of the data -> labels of a head
judge.py         all of that for the heads of a bundle
pictures/        matplotlib;  page.py, report.py  the page and the folder it stands in
"""
