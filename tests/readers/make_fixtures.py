"""Write tests/readers/fixtures/ with the real libraries. Run by hand; the files are checked in.

    python -m venv /tmp/fixtures && /tmp/fixtures/bin/pip install dvclive mlflow safetensors onnx xgboost-cpu lightgbm \\
        scikit-learn matplotlib altair nbformat pillow skops
    cd "$(mktemp -d)" && /tmp/fixtures/bin/python .../tests/readers/make_fixtures.py
"""

from __future__ import annotations

import importlib.metadata
import io
import json
import os
import pickle
import re
import shutil
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).resolve().parent / "fixtures"
os.environ |= {"DVC_NO_ANALYTICS": "1", "MLFLOW_ALLOW_FILE_STORE": "true", "OMP_NUM_THREADS": "1", "LOGNAME": "user-1"}


def dvclive(place: Path) -> None:
    from dvclive import Live

    with Live(str(place / "dvclive"), save_dvc_exp=False, dvcyaml=None, report=None) as live:
        live.log_params({"lr": 0.1, "model": {"depth": 3, "name": "tree"}})
        for step in range(4):
            live.log_metric("train/loss", 1 / (step + 1))
            live.log_metric("accuracy", 0.5 + step / 10)
            live.next_step()
        live.log_sklearn_plot("confusion_matrix", [0, 1, 1], [0, 1, 0], name="confusion")
        live.log_metric("best", 0.8, plot=False)


def mlflow(place: Path) -> None:
    import mlflow
    import pandas as pd

    mlflow.set_tracking_uri(str(place / "mlruns"))
    mlflow.set_experiment("churn")
    with mlflow.start_run(run_name="svm"):
        mlflow.log_params({"C": 1.5, "kernel": "rbf", "shrinking": True, "degree": 3})
        for step in range(3):
            mlflow.log_metric("val/loss", 1 / (step + 1), step=step)
        mlflow.log_metrics({"f1": 0.7, "broken": float("nan")})
        mlflow.set_tags({"kind": "candidate", "mlflow.note.content": "Trained on *all* rows."})
        mlflow.log_text("fold,f1\n1,0.7\n", "folds.csv")
        data = mlflow.data.from_pandas(pd.DataFrame({"a": [1.0, 2.0]}), name="validation")
        mlflow.log_input(data, context="validation")
    try:
        with mlflow.start_run(run_name="broken"):
            mlflow.log_param("C", 2)
            raise KeyError("a failure for the fixture")
    except KeyError:
        pass
    _anonymous(place)


def mlflow_models(place: Path) -> None:
    """One run with a logged model, which MLflow keeps beside the run since version 3."""
    import mlflow
    from sklearn.linear_model import LogisticRegression

    mlflow.set_tracking_uri(str(place / "mlruns"))
    mlflow.set_experiment("churn")
    with mlflow.start_run(run_name="linear"):
        mlflow.log_metric("f1", 0.75)
        mlflow.sklearn.log_model(LogisticRegression().fit([[0.0], [1.0]], [0, 1]), name="model", serialization_format="pickle")
    _anonymous(place)


def _anonymous(place: Path) -> None:
    """Take out where and by whom tracked runs were made: that is nobody's business."""
    for path in place.rglob("meta.yaml"):
        text = re.sub(
            r"(?m)^(artifact_uri|artifact_location): .*$", r"\1: mlflow-artifacts:/0", path.read_text(encoding="utf-8")
        )
        text = re.sub(r'"mlflow.user":\s+"\w+"', '"mlflow.user": "user-1"', text)
        text = re.sub(r'"mlflow.source.name":\s+"[^"]+"', '"mlflow.source.name": "make_fixtures.py"', text)
        path.write_text(re.sub(r"(?m)^user_id: .*$", "user_id: user-1", text), encoding="utf-8")
    for path in place.rglob("mlflow.source.git.commit"):
        path.write_text("0123456789abcdef" * 2 + "01234567", encoding="utf-8")
    for path in place.rglob("mlflow.source.git.branch"):
        path.write_text("main", encoding="utf-8")
    for path in place.rglob("mlflow.source.name"):
        path.write_text("train.py", encoding="utf-8")
    for path in place.rglob("mlflow.user"):
        path.write_text("user-1", encoding="utf-8")
    for path in (
        *place.rglob("MLmodel"),
        *place.rglob("conda.yaml"),
        *place.rglob("*requirements.txt"),
        *place.rglob("python_env.yaml"),
    ):
        path.unlink()
    shutil.rmtree(place / "mlruns" / ".trash", ignore_errors=True)


def reports(place: Path) -> None:
    from sklearn.metrics import classification_report

    truth, predicted = [0, 0, 0, 1, 1, 2, 2, 2], [0, 0, 1, 1, 1, 2, 2, 0]
    names = ["benign", "unsure", "malignant"]
    for name, options in (("report.json", {}), ("named.json", {"target_names": names})):
        report = classification_report(truth, predicted, output_dict=True, **options)
        (place / name).write_text(json.dumps(report), encoding="utf-8")


def boosters(place: Path) -> None:
    import lightgbm
    import numpy as np
    import xgboost

    random = np.random.default_rng(1)
    rows, target = random.normal(size=(40, 3)), random.integers(0, 3, size=40)
    matrix = xgboost.DMatrix(rows, target, feature_names=["age", "size", "weight"])
    booster = xgboost.train({"objective": "multi:softprob", "num_class": 3, "max_depth": 2, "nthread": 1}, matrix, 2)
    booster.save_model(place / "xgboost.json")
    booster.save_model(place / "xgboost.ubj")
    data = lightgbm.Dataset(rows, target > 0, feature_name=["age", "size", "weight"])
    options = {"objective": "binary", "verbose": -1, "num_leaves": 3, "num_threads": 1, "min_data_in_leaf": 5}
    lightgbm.train(options, data, 3).save_model(place / "lightgbm_model.txt")
    with (place / "lgbm.pkl").open("wb") as file:
        pickle.dump(lightgbm.LGBMClassifier(n_estimators=1), file)


def estimators(place: Path) -> None:
    import joblib
    import numpy as np
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    random = np.random.default_rng(1)
    rows, target = random.normal(size=(30, 2)), np.array(["no", "yes"] * 15)
    pipeline = make_pipeline(StandardScaler(), LogisticRegression()).fit(rows, target)
    forest = RandomForestClassifier(2, max_depth=2, random_state=1).fit(rows, target)
    joblib.dump(pipeline, place / "pipeline.joblib")
    joblib.dump(forest, place / "forest.joblib.gz", compress=("gzip", 3))
    joblib.dump(pipeline, place / "zlib.joblib", compress=3)
    for protocol in (0, 2, 5):
        (place / f"protocol-{protocol}.pkl").write_bytes(pickle.dumps(pipeline, protocol=protocol))
    np.save(place / "array.npy", np.zeros((2, 3), dtype="float32"))
    np.save(place / "objects.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    np.savez(place / "arrays.npz", first=np.zeros(2), second=np.ones((2, 2)))


def tensors(place: Path) -> None:
    import numpy as np
    import onnx
    from onnx import TensorProto, helper, numpy_helper
    from safetensors.numpy import save_file

    weights = {"layer.weight": np.zeros((2, 3), dtype="float32"), "layer.bias": np.zeros(3, dtype="float16")}
    save_file(weights, place / "model.safetensors", metadata={"format": "np", "note": "fixture"})
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, 2])]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, 3])]
    weight = numpy_helper.from_array(np.zeros((2, 3), dtype="float32"), "w")
    graph = helper.make_graph([helper.make_node("MatMul", ["x", "w"], ["y"])], "g", inputs, outputs, [weight])
    model = helper.make_model(
        graph, producer_name="fixture", producer_version="1.0", opset_imports=[helper.make_opsetid("", 17)]
    )
    (place / "model.onnx").write_bytes(model.SerializeToString())
    outside = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[2, 3], data_location=TensorProto.EXTERNAL)
    outside.external_data.add(key="location", value="../../etc/passwd")
    graph = helper.make_graph([helper.make_node("MatMul", ["x", "w"], ["y"])], "g", inputs, outputs, [outside])
    (place / "external.onnx").write_bytes(helper.make_model(graph).SerializeToString())
    assert onnx.__version__


def pictures(place: Path) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib.figure import Figure
    from PIL import Image

    figure = Figure(figsize=(1, 1), dpi=40)
    figure.add_subplot().plot([1, 2, 3])
    figure.savefig(place / "plot.png")
    figure.savefig(place / "plot.svg")
    image = Image.new("RGB", (7, 5), "#0072b2")
    options = {"jpg": {}, "progressive.jpg": {"progressive": True}, "webp": {"lossless": True}, "lossy.webp": {}, "gif": {}}
    for ending, how in options.items():
        image.save(place / f"picture.{ending}", **how)
    Image.new("RGBA", (7, 5)).save(place / "alpha.webp")
    image.save(place / "animated.gif", save_all=True, append_images=[Image.new("RGB", (7, 5), c) for c in ("red", "green")])


def notebook(place: Path) -> None:
    import nbformat
    from nbformat import v4
    from PIL import Image

    buffer = io.BytesIO()
    Image.new("RGB", (3, 2)).save(buffer, "PNG")
    import base64

    picture = base64.b64encode(buffer.getvalue()).decode()
    plotted = {"image/png": picture, "text/plain": "<Figure>"}
    cells = [
        v4.new_markdown_cell("# A title that is not an output"),
        v4.new_code_cell("secret_code()", outputs=[v4.new_output("stream", name="stdout", text="F1 0.7\n")]),
        v4.new_code_cell("frame", outputs=[v4.new_output("execute_result", data={
            "text/plain": "   a\n0  1", "text/html": "<table><script>alert(1)</script></table>"})]),
        v4.new_code_cell("plot()", outputs=[v4.new_output("display_data", data=plotted)]),
        v4.new_code_cell("1/0", outputs=[v4.new_output("error", ename="ZeroDivisionError", evalue="division by zero",
                                                       traceback=["\x1b[31mZeroDivisionError\x1b[0m: division by zero"])]),
    ]  # fmt: skip
    book = v4.new_notebook(cells=cells, metadata={"papermill": {"parameters": {"alpha": 0.5, "name": "x", "list": [1]}}})
    for number, cell in enumerate(book.cells):
        cell["id"] = f"cell-{number}"
    nbformat.write(book, place / "analysis.ipynb")


def chart(place: Path) -> None:
    import altair as alt

    data = alt.Data(values=[{"a": 1, "b": 2}, {"a": 2, "b": 3}])
    alt.Chart(data).mark_line().encode(x="a:Q", y="b:Q").save(place / "line.json")


def archives(place: Path) -> None:
    """Keras and PyTorch are too large to install for two files: these have the member names that they write."""
    config = {"class_name": "Sequential", "config": {"layers": [{"class_name": "Dense"}, {"class_name": "Lambda"}]}}
    metadata = {"keras_version": "3.8.0", "date_saved": "2026-01-01@00:00:00"}
    members = {"metadata.json": json.dumps(metadata), "config.json": json.dumps(config), "model.weights.h5": "weights"}
    _zip(place / "lambda.keras", members)
    _zip(place / "network.pt", {"archive/data.pkl": "\x80\x02.", "archive/version": "3\n", "archive/data/0": "0000"})


def _zip(path: Path, members: dict[str, str]) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in members.items():
            archive.writestr(zipfile.ZipInfo(name), text)


def skops_model(place: Path) -> None:
    import skops.io
    from sklearn.linear_model import LogisticRegression

    skops.io.dump(LogisticRegression(), place / "model.skops")


KINDS: dict[str, tuple[Callable[[Path], None], tuple[str, ...]]] = {
    "dvclive": (dvclive, ("dvclive",)),
    "mlflow": (mlflow, ("mlflow-skinny",)),
    "mlflow-models": (mlflow_models, ("mlflow", "scikit-learn")),
    "reports": (reports, ("scikit-learn",)),
    "boosters": (boosters, ("xgboost-cpu", "lightgbm")),
    "estimators": (estimators, ("scikit-learn", "joblib", "numpy")),
    "tensors": (tensors, ("safetensors", "onnx")),
    "pictures": (pictures, ("matplotlib", "pillow")),
    "notebook": (notebook, ("nbformat",)),
    "chart": (chart, ("altair",)),
    "archives": (archives, ()),
    "skops": (skops_model, ("skops",)),
}


def main() -> None:
    """Write the kinds named on the command line, by default all."""
    for name in sys.argv[1:] or KINDS:
        make, distributions = KINDS[name]
        place = HERE / name
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        make(place)
        versions = {distribution: importlib.metadata.version(distribution) for distribution in distributions}
        if versions:
            lines = "".join(f"{key} {value}\n" for key, value in sorted(versions.items()))
            (place / "MADE_WITH").write_text(lines, encoding="utf-8")


if __name__ == "__main__":
    main()
