"""What a comparison comes to, in one or two sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reportgen.analysis.compare import Comparison, MetricLine
from reportgen.analysis.wording import is_unseen, same_to
from reportgen.site import format as fmt
from reportgen.site.contexts.base import Span, Text
from reportgen.site.contexts.compare import Compared
from reportgen.site.pages.base import Style
from reportgen.site.pages.trends import training_digest


def verdict_of(
    found: Comparison, metric: str, runs: Sequence[Compared], order: Sequence[int], styles: Mapping[str, Style]
) -> Text:
    """Return how the runs compare by `metric`, or by the first that both have, and what else differs."""
    key = next((line for line in found.metrics if line.name == metric), None) or next(iter(found.metrics), None)
    spans: list[Span] = []
    if key is not None and len(runs) == 2:
        spans = _two(key, styles[key.name], runs, order)
    elif key is not None:
        style = styles[key.name]
        separable = [key.deltas[i] for i in order[1:] if key.deltas[i] is not None]
        apart = sum(bool(delta and delta.separable) for delta in separable)
        spans = [
            Span(f"{style.title}: ", mark="b"),
            Span(f"{apart} of {len(separable)} can be told apart from " if separable else "no difference can be judged to "),
            Span(runs[0].label, runs[0].href),
            Span("."),
        ]
    words = {
        True: "Same validation set",
        False: "Scored on different validation sets, so no difference is judged",
        None: "Validation set not known for all",
    }
    trained = {training_digest(run) for run in found.runs}
    if found.same_data is None and len(trained) == 1 and trained != {""}:
        words[None] = "Same training set"
    params = sum(not line.same for line in found.params)
    tail = f", {fmt.plural(params, 'parameter differs', 'parameters differ')}." if params else ", all parameters the same."
    spans.append(Span((" " if spans else "") + words[found.same_data] + tail))
    return tuple(spans)


def _two(line: MetricLine, style: Style, runs: Sequence[Compared], order: Sequence[int]) -> list[Span]:
    delta = line.deltas[order[1]]
    first, second = runs[0], runs[1]
    who = f"{first.role} " if first.role in ("champion", "baseline") else ""
    a = Span(second.label, second.href, "b")
    b = Span(first.label, first.href, "b")
    if delta is None:
        return [a, Span(" and ", mark="b"), b, Span(f" cannot be compared by {style.title}.")]
    size = fmt.number(abs(delta.value), style.spec)
    if delta.separable and delta.word in ("better", "worse"):
        return [
            a,
            Span(f" is {delta.word} than {who}", mark="b"),
            b,
            Span(f" by {style.title} {size}", mark="b"),
            Span(", separable."),
        ]
    if delta.separable:
        return [a, Span(" differs from ", mark="b"), b, Span(f" by {style.title} {size}", mark="b"), Span(", separable.")]
    if is_unseen(delta.value, style.spec):
        words = "the same as" if delta.word == "same" else f"the {same_to(style.spec)} as"
        return [a, Span(f" is {words} {who}", mark="b"), b, Span(f" by {style.title}.")]
    if delta.separable is False:
        spans = [a, Span(f" and {who}", mark="b"), b, Span(" cannot be told apart", mark="b")]
        return [*spans, Span(f": {style.title} {fmt.difference(delta.value, style.spec)}, not separable.")]
    return [
        a,
        Span(" is ", mark="b"),
        Span(f"{fmt.difference(delta.value, style.spec)} on {who}", mark="b"),
        b,
        Span(f" by {style.title}; no interval says how sure that is."),
    ]
