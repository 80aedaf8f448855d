"""The rows every step works on: read from scikit-learn, split once and for all, written and read as CSV."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.datasets import load_breast_cancer

TARGET = "malignant"
SPLIT_SEED = 20260901
TRAINING_ROWS = 341
FIRST_VALIDATION_ROWS = 171


def all_rows() -> pd.DataFrame:
    """Return the 569 rows: 30 measurements, and ``malignant`` (1 or 0). The index is the row's place in the published file."""
    data = load_breast_cancer(as_frame=True)
    rows: pd.DataFrame = data.data.copy()
    rows[TARGET] = (data.target == list(data.target_names).index("malignant")).astype(int)
    rows.index.name = "row"
    return rows


def split(rows: pd.DataFrame, validation: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return training and validation rows; no row is ever in both.

    The training rows are the same for both validation sets. "v1" has 171 rows; "v2" has these and the 57 rows that were kept
    back until then.
    """
    order = np.random.default_rng(SPLIT_SEED).permutation(len(rows))
    last = TRAINING_ROWS + FIRST_VALIDATION_ROWS if validation == "v1" else len(rows)
    return rows.iloc[np.sort(order[:TRAINING_ROWS])], rows.iloc[np.sort(order[TRAINING_ROWS:last])]


def keep_columns(rows: pd.DataFrame, pattern: str) -> pd.DataFrame:
    """Return the rows with the measurements whose name matches the glob, and the target."""
    return rows[[name for name in rows.columns if name == TARGET or fnmatchcase(name, pattern)]]


def write_csv(rows: pd.DataFrame, path: Path) -> None:
    """Write rows so that equal rows give equal bytes."""
    rows.to_csv(path, lineterminator="\n")


def read_csv(path: Path) -> tuple[pd.DataFrame, pd.Series]:
    """Return the measurements and the target of a file that `write_csv` wrote."""
    rows = pd.read_csv(path, index_col="row")
    return rows.drop(columns=TARGET), rows[TARGET]
