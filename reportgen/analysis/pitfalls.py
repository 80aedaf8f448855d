"""What may mislead in these very numbers: computed paragraphs, each only where it applies."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from reportgen.analysis.comparable import digests, order
from reportgen.analysis.directions import plain_name
from reportgen.analysis.lineage import Graph, dataset_node
from reportgen.analysis.luck import count_models
from reportgen.analysis.paired import can_pair
from reportgen.analysis.ranks import is_finite
from reportgen.analysis.values import Board
from reportgen.analysis.wording import count, number, spec_for
from reportgen.model import RunRow

Severity = Literal["error", "warning", "note"]

_MOST_TESTS = 3
_IMBALANCED = 0.8
_SAME_DIGITS = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Pitfall:
    """One paragraph: `kind` names it, `runs` are those it is about."""

    kind: str
    severity: Severity
    text: str
    runs: tuple[RunRow, ...] = ()


def run_pitfalls(run: RunRow, graph: Graph | None = None, *, makers: Iterable[RunRow] = ()) -> tuple[Pitfall, ...]:
    """Return what may mislead in one run: leaked data, suspiciously equal numbers, imbalance.

    What its models were trained on is told by `graph`, or by the runs among `makers` that made them.
    """
    leaked = _leakage(run, graph, makers)
    return (*leaked, *_later_features(run, graph), *_equal_to_training(run), *_imbalance(run))


def _leakage(run: RunRow, graph: Graph | None, makers: Iterable[RunRow]) -> Iterable[Pitfall]:
    trained = set(digests(run, "training"))
    used = {model.sha256 for model in run.models}
    for maker in makers:
        made = [model for model in maker.models if model.role == "made" and model.sha256 in used]
        if made:
            trained.update(digests(maker, "training"), *(model.inputs for model in made))
    for model in run.models:
        trained.update(model.inputs)
        if graph is not None and model.role == "input":
            trained.update(node.digest for node in graph.sources(model.sha256) if node.digest)
    for role in ("validation", "test"):
        if trained & set(digests(run, role)):
            text = f"The {role} set is the training set, byte for byte: the numbers say how well the model remembers."
            yield Pitfall(kind="leakage", severity="error", text=text, runs=(run,))


def _later_features(run: RunRow, graph: Graph | None) -> Iterable[Pitfall]:
    """Validation data from a later extraction than the training data of the model."""
    if graph is None:
        return
    trained = [node.id for m in run.models if m.role == "input" for node in graph.sources(m.sha256)]
    checked = [dataset_node(digest) for digest in digests(run, "validation")]
    made = [_last_makers(graph, nodes, run) for nodes in (trained, checked)]
    if all(made) and order(min(made[1], key=order)) > order(max(made[0], key=order)):
        before, after = max(made[0], key=order), min(made[1], key=order)
        text = (
            f"The validation set comes from {after.key}, the training set from {before.key}, which is older: "
            "features may not mean the same in both."
        )
        yield Pitfall(kind="later features", severity="warning", text=text, runs=(run, before, after))


def _last_makers(graph: Graph, nodes: Sequence[str], run: RunRow) -> list[RunRow]:
    """For each data set the newest run that made it before `run`."""
    found = []
    for node in nodes:
        makers = [maker for maker in graph.makers(node) if order(maker) < order(run)]
        found += makers[-1:]
    return found


def _equal_to_training(run: RunRow) -> Iterable[Pitfall]:
    for name, metric in run.metrics.items():
        split, _, rest = name.partition("/")
        if split not in ("val", "test") or not is_finite(metric.value):
            continue
        trained = run.metrics.get(f"train/{rest}")
        if trained is None or not is_finite(trained.value) or metric.value is None or trained.value is None:
            continue
        if metric.value not in (0, 1) and abs(metric.value - trained.value) < _SAME_DIGITS:
            text = f"{name} equals train/{rest} to six digits: were both computed on the same rows?"
            yield Pitfall(kind="equal to training", severity="warning", text=text, runs=(run,))


def _imbalance(run: RunRow) -> Iterable[Pitfall]:
    for name, metric in run.metrics.items():
        share = metric.no_skill
        if plain_name(name) == "accuracy" and share is not None and share > _IMBALANCED:
            text = (
                f"The largest class holds {number(share, '.1%')} of the rows: always naming it scores {number(share, '.3f')} "
                "accuracy. Read balanced accuracy, average precision or MCC first."
            )
            yield Pitfall(kind="imbalance", severity="note", text=text, runs=(run,))


def board_pitfalls(board: Board, runs: Sequence[RunRow] = ()) -> tuple[Pitfall, ...]:
    """Return what may mislead on a board; `runs` are all runs of the site, to see who else used its test set."""
    return (*_seeds(board), *_worn_test_set(board, runs), *_row_results(board))


def _seeds(board: Board) -> Iterable[Pitfall]:
    """A lead smaller than what seeds alone do."""
    ranked = board.rows[: board.ranked]
    if len(ranked) < 2 or ranked[0].group is None or ranked[0].value is None or ranked[1].value is None:
        return
    spreads = [row.group.sd for row in ranked[:2] if row.group is not None and row.group.sd is not None]
    lead = abs(ranked[0].value - ranked[1].value)
    if spreads and lead < max(spreads):
        spec = spec_for([lead, *spreads])
        spread = number(max(spreads), spec)
        text = f"The lead of {number(lead, spec)} is smaller than what seeds alone do ({spread}): training luck."
        yield Pitfall(kind="seeds", severity="note", text=text, runs=(ranked[0].run, ranked[1].run))


def _worn_test_set(board: Board, runs: Sequence[RunRow]) -> Iterable[Pitfall]:
    of_board = {digest for row in board.rows for digest in digests(row.run, "test")}
    tried: dict[str, list[RunRow]] = {digest: [] for digest in sorted(of_board)}
    for run in runs or [row.run for row in board.rows]:
        for digest in digests(run, "test"):
            if digest in tried:
                tried[digest].append(run)
    for digest, found in tried.items():
        models = count_models(found)
        if models > _MOST_TESTS:
            text = f"{count(models)} models were scored on test set {digest[:12]}: this test set has become a validation set."
            yield Pitfall(kind="worn test set", severity="warning", text=text, runs=tuple(found))


def _row_results(board: Board) -> Iterable[Pitfall]:
    """Said once, where intervals alone leave the leader and the next undecided."""
    undecided = board.ranked > 1 and board.rows[1].separable is False and board.rows[1].against == "intervals"
    if undecided and board.comparable.known and can_pair(board.comparable.metric):
        text = "Row-level results (log_classification(..., rows=True)) would tell these runs apart better than intervals can."
        yield Pitfall(kind="row results", severity="note", text=text)
