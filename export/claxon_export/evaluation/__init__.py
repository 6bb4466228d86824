"""Labeled texts -> how good a bundle's heads are, in figures, pictures and one page.

evaluate.py         evaluates the heads of a bundle;  options.py  its options
head_evaluation.py  one head and the baselines
results.py          the result: frozen dataclasses that become JSON
targets.py          labels of the data -> labels of a head;  head_choice.py  which heads know them
notable.py          texts worth reading;  notes.py  warnings for the reader
wording.py          figures in words;  terminal.py  the terminal;  thresholds.py  --fail-under
report/             the HTML page;  plots/  its pictures, by matplotlib
"""
