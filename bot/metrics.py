"""What Prometheus is told: what is counted while krab runs, and what is looked up when it asks.

Nothing in it names a person or a question. Names and meanings are in docs/operations.md; the dashboard and the
alert rules in deploy/ use them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from bot.model import Answer, Progress, Question, silent
from bot.web_views import SourceRow

_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_GOOD = ("ok", "not yet read", "paused", "removed")


Ask = Callable[[Question, Progress], Answer]


@dataclass(frozen=True, slots=True)
class Reading:
    """A value that is looked up: ``values`` are (labels, number), labels in the order of ``labels``."""

    name: str
    help: str
    values: tuple[tuple[tuple[str, ...], float], ...]
    labels: tuple[str, ...] = ()


class Metrics:
    """Everything that is measured. ``read`` looks the rest up, in a worker thread, each time it is asked."""

    def __init__(self, read: Callable[[], Iterable[Reading]]) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # when a counter was made is of no use
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._questions = Counter(
            "krab_questions", "Questions, by where they came from and how they ended", ("from", "status"),
            registry=self._registry,
        )  # fmt: skip
        self._seconds = Histogram(
            "krab_answer_seconds", "Seconds from a question to its answer", ("from",), buckets=_BUCKETS,
            registry=self._registry,
        )  # fmt: skip
        self._registry.register(_Readings(read))

    def measured(self, ask: Ask, surface: str) -> Measured:
        """Return ``ask``, counted and timed as coming from ``surface``."""
        return Measured(ask, surface, self._questions, self._seconds)

    def exposition(self) -> bytes:
        """Return everything in Prometheus' text format."""
        return generate_latest(self._registry)


@dataclass(frozen=True, slots=True)
class Measured:
    """Answers as ``ask`` does, and counts that."""

    ask: Ask
    surface: str
    questions: Counter
    seconds: Histogram

    def __call__(self, question: Question, progress: Progress = silent) -> Answer:
        """Return the answer."""
        began = time.monotonic()
        try:
            answer = self.ask(question, progress)
        except Exception:
            self.questions.labels(self.surface, "failed").inc()
            raise
        self.questions.labels(self.surface, answer.status.value).inc()
        self.seconds.labels(self.surface).observe(time.monotonic() - began)
        return answer


class _Readings(Collector):
    def __init__(self, read: Callable[[], Iterable[Reading]]) -> None:
        self._read = read

    def describe(self) -> Iterable[Metric]:
        return ()  # nothing is looked up only because this was made

    def collect(self) -> Iterator[Metric]:
        for reading in self._read():
            family = GaugeMetricFamily(reading.name, reading.help, labels=reading.labels)
            for labels, value in reading.values:
                family.add_metric(labels, value)
            yield family


def plain(name: str, help_: str, value: float) -> Reading:
    """Return a reading without labels."""
    return Reading(name, help_, (((), value),))


def of_sources(rows: Sequence[SourceRow]) -> tuple[Reading, ...]:
    """Return what is told of each source."""
    lags = tuple(((row.name,), row.lag) for row in rows if row.lag is not None)
    troubles = tuple(((row.name,), float(row.state not in _GOOD)) for row in rows)
    parts = tuple(((row.name,), float(row.parts)) for row in rows)
    return (
        Reading("krab_source_lag_seconds", "Seconds since the source was last read", lags, ("source",)),
        Reading("krab_source_trouble", "1 when the source is failing or stalled", troubles, ("source",)),
        Reading("krab_source_parts", "Mails, posts, pages and notes read from the source", parts, ("source",)),
    )
