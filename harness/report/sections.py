"""The parts of the page about what the run did: steps, training, scoring, exchanges."""

from __future__ import annotations

import math
from collections import defaultdict
from itertools import accumulate
from statistics import median
from xml.etree.ElementTree import Element

from harness.report import charts
from harness.report.markup import Child, el
from harness.report.parts import figures, note, pairs, section, sign, table
from harness.report.schema import ExchangeRecord, RunRecord, Scoring, StepRecord, Training, Turn
from harness.report.units import counted, duration, milliseconds, percent, short


def timeline(record: RunRecord) -> Element:
    """The nine steps, one below the other, each bar beginning where the one before ended."""
    ends = list(accumulate(step.seconds for step in record.steps))
    total = max(ends[-1] if ends else 0.0, 1e-9)
    rows = [
        _step(step, 100 * (end - step.seconds) / total, 100 * step.seconds / total, record)
        for step, end in zip(record.steps, ends, strict=True)
    ]
    return section("steps", "Steps", record.target, el("ol", rows, class_="steps"))


def training(record: RunRecord) -> Element | None:
    """Losses and learning rate; None when nothing was trained."""
    if (fit := record.training) is None:
        return None
    rate = charts.learning_rate(fit)
    return section(
        "training",
        "Training",
        record.target,
        figures(_training_figures(fit)),
        charts.losses(fit) or note("No loss was logged."),
        None if rate is None else [el("p", rate.get("aria-label"), class_="caption"), rate],
        el("ul", [el("li", text) for text in _training_notes(fit)], class_="notes"),
    )


def latency(record: RunRecord) -> Element | None:
    """How fast the endpoint answered, and what exactly was timed; None when nothing was scored."""
    if (scoring := record.scoring) is None:
        return None
    ms = scoring.latency_ms
    named = [("p50", ms.p50), ("p90", ms.p90), ("p99", ms.p99)]
    return section(
        "latency",
        "Latency",
        record.target,
        figures([*((milliseconds(value), name) for name, value in named), (f"{ms.n:,}", "n")]),
        charts.histogram(scoring.samples_ms, ms) or note("No samples were kept."),
        el("p", el("b", "Measured: "), scoring.what, class_="measured"),
        el("ul", [el("li", text) for text in _latency_notes(scoring, record)], class_="notes"),
    )


def conversation(record: RunRecord) -> Element | None:
    """The scored prompt and the answer to it."""
    if (scoring := record.scoring) is None:
        return None
    return section(
        "conversation",
        "The scored conversation",
        record.target,
        [_turn(turn) for turn in scoring.prompt],
        _turn(Turn("answer", scoring.answer), "answer"),
        note("Answer shape: ", el("code", scoring.shape)),
    )


def exchanges(record: RunRecord) -> Element | None:
    """Every exchange as a bar, step by step, then the same by operation in words and numbers."""
    if not record.exchange_log:
        return None
    groups: dict[int | None, list[ExchangeRecord]] = defaultdict(list)
    for exchange in sorted(record.exchange_log, key=lambda exchange: exchange.at):
        groups[exchange.step].append(exchange)
    order = sorted(groups, key=lambda n: (n is None, n or 0))
    titles = {step.n: f"{step.n} {step.title}" for step in record.steps}
    return section(
        "exchanges",
        "Exchanges",
        record.target,
        note(_exchange_words(record)),
        [_group(titles.get(n or 0, "Outside the steps"), groups[n]) for n in order],
        _operations(record.exchange_log),
    )


def _step(step: StepRecord, begin: float, width: float, record: RunRecord) -> Element:
    bar = f"left:{min(begin, 99.4):.2f}%;width:{max(width, 0.6):.2f}%"
    amount = [
        el("span", duration(step.seconds), class_="seconds"),
        el("span", counted(step.exchanges, "exchange"), class_="quiet"),
    ]
    facts = [(name, short(v) if isinstance(v, float) else v) for name, v in step.facts.items()]
    return el(
        "li",
        el("span", step.n, class_="number"),
        el("span", step.title, class_="name"),
        el("span", sign(step.status), " ", step.status, class_=f"status {step.status}"),
        el("span", el("span", class_=f"bar {step.status}", style=bar), class_="track"),
        el("span", amount if step.status != "skipped" else None, class_="amount"),
        _why_skipped(step, record),
        pairs(facts, "facts"),
        el("pre", step.error, class_="error") if step.error else None,
        id=f"step-{step.n}",
        class_=step.status,
    )


def _why_skipped(step: StepRecord, record: RunRecord) -> Element | None:
    if step.status != "skipped":
        return None
    causes = [other for other in record.steps if other.name == step.needs]
    cause: Child = [
        el("a", f"step {other.n}, {other.title}", href=f"#step-{other.n}") for other in causes
    ]
    if step.needs is None:
        return el("p", "Not asked for in this run.", class_="why")
    return el("p", "Skipped: it needs ", cause or step.needs, ", which failed.", class_="why")


def _training_figures(fit: Training) -> list[tuple[str, str]]:
    falls = [("train loss fell", fit.train_fall), ("eval loss fell", fit.eval_fall)]
    rows = [(percent(fall), name) for name, fall in falls if fall is not None]
    if fit.tokens_per_second is not None:
        rows.append((short(fit.tokens_per_second), "tokens a second"))
    if fit.seconds is not None:
        rows.append((duration(fit.seconds), "training time"))
    return rows


def _training_notes(fit: Training) -> list[str]:
    drawn = fit.train_loss + fit.eval_loss
    lost = sum(value is None or not math.isfinite(value) for _, value in drawn)
    words = [f"{fit.tokens:,} tokens in the training data."] if fit.tokens is not None else []
    if lost:
        words.append(f"{counted(lost, 'loss was', 'losses were')} not finite and cannot be drawn.")
    return [*words, *fit.notes]


def _latency_notes(scoring: Scoring, record: RunRecord) -> list[str]:
    ms = scoring.latency_ms
    words = [
        f"Mean {milliseconds(ms.mean)}, fastest {milliseconds(ms.min)}, "
        f"slowest {milliseconds(ms.max)}, over {counted(ms.n, 'request')}."
    ]
    if scoring.warmup_ms:
        number, first = len(scoring.warmup_ms), milliseconds(scoring.warmup_ms[0])
        words.append(f"{counted(number, 'warm-up request')} kept apart; the first took {first}.")
    if scoring.samples_ms and (bins := charts.histogram_bins(scoring.samples_ms, ms)).beyond:
        words.append(f"{counted(bins.beyond, 'request')} slower than the axis, not drawn.")
    if ms.n < 100:
        words.append(f"With n = {ms.n}, p99 says little more than the slowest request.")
    if record.target == "cassette":
        words.append("Not measured now: this is the latency at the recording.")
    return words


def _turn(turn: Turn, class_: str = "turn") -> Element:
    said = el("p", turn.content, class_="said") if turn.content else note("(empty)")
    role = turn.role if turn.role in ("system", "user", "assistant") else None
    classes = " ".join(word for word in ("turn", role, class_) if word)
    return el("div", el("span", turn.role, class_="role"), said, class_=classes)


def _exchange_words(record: RunRecord) -> str:
    kinds = [charts.kind(exchange) for exchange in record.exchange_log]
    refused, lost = kinds.count("refused"), kinds.count("broken")
    unlisted = record.exchanges - len(kinds)
    words = [
        f"{counted(record.exchanges, 'exchange')}, one bar each, in the order they began.",
        "Every step has a time scale of its own.",
        f"{refused:,} answered with 400 or above (asking for what does not exist yet is normal); "
        f"{lost:,} had no answer.",
    ]
    return " ".join([*words, f"{unlisted:,} were counted but not listed."][: 4 if unlisted else 3])


def _group(title: str, listed: list[ExchangeRecord]) -> Element:
    start = min(exchange.at for exchange in listed)
    end = max(exchange.at + exchange.seconds for exchange in listed)
    return el(
        "div",
        el("span", title, class_="name"),
        el("span", f"{counted(len(listed), 'exchange')}, {duration(end - start)}", class_="quiet"),
        el("div", charts.waterfall(listed, start, end), class_="fall"),
        class_="group",
    )


def _operations(listed: tuple[ExchangeRecord, ...]) -> Element:
    groups: dict[str, list[ExchangeRecord]] = defaultdict(list)
    for exchange in listed:
        groups[exchange.operation].append(exchange)
    by_time = sorted(groups.items(), key=lambda item: -sum(e.seconds for e in item[1]))
    heads = ("operation", "exchanges", "median", "slowest", "together", "answers")
    return table(heads, [_operation(name, group) for name, group in by_time], "numbers")


def _operation(name: str, group: list[ExchangeRecord]) -> tuple[Child, ...]:
    times = [exchange.seconds for exchange in group]
    answers = sorted({str(exchange.status or "no answer") for exchange in group})
    return (
        el("code", name),
        f"{len(group):,}",
        milliseconds(1000 * median(times)),
        milliseconds(1000 * max(times)),
        duration(sum(times)),
        " ".join(answers),
    )
