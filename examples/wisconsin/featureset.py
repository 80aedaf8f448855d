"""Step 1: extract the measurements and write a training set and a validation set."""

from __future__ import annotations

import argparse
from pathlib import Path

import altair as alt
import data
import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure

import reportgen

mpl.use("Agg")


def main() -> None:
    """Write training.csv and validation.csv into the current directory, and a record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--columns", default="*", help="which measurements the training set keeps, a glob")
    parser.add_argument("--validation", choices=["v1", "v2"], default="v1")
    arguments = parser.parse_args()

    with reportgen.start_run("featureset") as run:
        run.log_params({"columns": arguments.columns, "validation": arguments.validation, "split_seed": data.SPLIT_SEED})
        run.set_tag("kind", "data")
        rows = data.all_rows()
        training, validation = data.split(rows, arguments.validation)
        training = data.keep_columns(training, arguments.columns)
        for name, part in (("training", training), ("validation", validation)):
            path = Path(f"{name}.csv")
            data.write_csv(part, path)
            run.log_dataset(name, path, role=name)
            run.log_metric(f"{name}/rows", len(part), direction="none")
            run.log_metric(f"{name}/measurements", part.shape[1] - 1, direction="none")
            run.log_metric(f"{name}/malignant_share", float(part[data.TARGET].mean()), direction="none")
        run.log_metric("missing_cells", int(training.isna().sum().sum() + validation.isna().sum().sum()), direction="lower")
        run.log_table("measurements", describe(training))
        run.log_chart("separation", separation_chart(training))
        run.log_figure("two-measurements", scatter_figure(training))


def describe(rows: pd.DataFrame) -> pd.DataFrame:
    """Return one row per measurement: mean by class and the distance of the classes in standard deviations."""
    features = rows.drop(columns=data.TARGET)
    means = features.groupby(rows[data.TARGET]).mean().T
    table = pd.DataFrame({"benign mean": means[0], "malignant mean": means[1], "sd": features.std(ddof=1)})
    table["distance"] = (table["malignant mean"] - table["benign mean"]).abs() / table["sd"]
    table = table.sort_values("distance", ascending=False).round(4)
    return table.rename_axis("measurement").reset_index()


def separation_chart(rows: pd.DataFrame) -> alt.Chart:
    """Return a bar chart of how far apart the classes lie in each measurement."""
    table = describe(rows)[["measurement", "distance"]]
    return (
        alt.Chart(table)
        .mark_bar()
        .encode(
            x=alt.X("distance:Q", title="distance of the class means, in standard deviations"),
            y=alt.Y("measurement:N", sort="-x", title=None),
        )
        .properties(width=360)
    )


def scatter_figure(rows: pd.DataFrame) -> Figure:
    """Return a scatter plot of the two measurements that separate the classes best."""
    first, second = describe(rows)["measurement"].head(2)
    figure = Figure(figsize=(4.2, 3.2), dpi=80, layout="constrained")
    axes = figure.add_subplot()
    for value, word, colour, marker in ((0, "benign", "#0072b2", "o"), (1, "malignant", "#b86e00", "^")):
        part = rows[rows[data.TARGET] == value]
        axes.scatter(part[first], part[second], s=9, c=colour, marker=marker, label=word, linewidths=0)
    axes.set_xlabel(first)
    axes.set_ylabel(second)
    axes.legend(frameon=False)
    return figure


if __name__ == "__main__":
    main()
