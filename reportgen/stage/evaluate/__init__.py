"""Predictions turned into what a run page shows: metrics with intervals, charts, and rows that let two models be told apart.

The methods and their sources stand with the arithmetic in `reportgen.estimate`; definitions in
`reportgen.stage.classification` and `reportgen.stage.regression`. Rows are taken as independent: with several rows per
customer every interval is too short.
"""

from __future__ import annotations

from reportgen.stage.evaluate.classify import log_classification
from reportgen.stage.evaluate.folds import log_folds
from reportgen.stage.evaluate.measured import Evaluation
from reportgen.stage.evaluate.regress import log_regression

__all__ = ["Evaluation", "log_classification", "log_folds", "log_regression"]
