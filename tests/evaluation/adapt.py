"""Adapt the packaged embedder to kernel mail: ``python -m tests.evaluation.adapt --data DIR --out FILE.npz FILE…``.

Learns from question files (``bot.evaluation``). A question shall be nearer to the quoted sentence than to all other
sentences of its passage, of the passages of other questions, and of those that the krab of today takes for the nearest
(hard negatives); the same, with less weight, for passages. How near the nearest sentence is shall also say whether
anything answers: that of a question with an answer is drawn above a bound, and what comes nearest to a question that
nothing answers is drawn below it. A sentence's vector is the mean over its own words as its passage is read. The upper
three layers learn, by two thin matrices beside each of theirs (LoRA, Hu et al. 2021, rank 32: 0.7 million numbers); the
lower three are read once for each text, with the 8-bit file that will run. InfoNCE with a temperature of 0.05, AdamW.

With ``--hold FILE`` it prints, before and after, how well the questions of that file do: the mean reciprocal rank of
the quoted passage among all passages that were read for that file, and of the quoted sentence among those of its own
passages and of what the search finds.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from bot import evaluation
from bot.answer import Answerer
from bot.cite import flat
from bot.model import Question
from bot.settings import load
from bot.wiring.opening import opened
from index.embed import PLAIN, TOKENS, made, weights
from index.passages import subject
from index.sentences import spans

LOWER = "/model/encoder/layer.2/output/LayerNorm/LayerNormalization_output_0"
LAYERS = range(3, 6)
RANK = 32
SHARPNESS = 20.0  # one over the temperature
BATCH = 20  # questions with an answer a step,
OTHERS = 3  # … each with as many passages that don't answer,
NONE = 4  # … and questions without
NEIGHBOURS = 10  # passages that come nearest to a question without answering it
CERTAINTY = 12.0  # how steeply a cosine becomes a probability
WHOLE, BOUND = 0.3, 0.3  # what passages count beside sentences, and whether anything answers
RATE = 2.5e-4


@dataclass(frozen=True)
class Text:
    """A passage as it is embedded. ``sentences`` are the places in it; ``good`` which of them are quoted."""

    title: str
    text: str
    good: frozenset[int] = frozenset()

    @property
    def whole(self) -> str:
        return f"{self.title}\n{self.text}"


@dataclass(frozen=True)
class Example:
    """A question, the passages that hold its answer (none when nothing answers), and others that come near."""

    question: str
    answers: tuple[Text, ...]
    others: tuple[Text, ...]


def examples(answerer: Answerer, index: Any, file: Path) -> Iterator[Example]:
    """Yield the questions of ``file`` whose quotes are found in passages of ``index``, and those without any."""
    rows = [json.loads(line) for line in file.read_text().splitlines() if line.strip()]
    asked = evaluation.read(file)
    for one, row, question in zip(asked, rows, evaluation.conversation(asked), strict=True):
        quotes = quoted(row) if one.answerable else {}
        found = index.passages(list(quotes), anything())
        passages = [Text(subject(r.found.title), r.found.passage.text) for r in found]
        answers = [holding(text, [flat(q) for some in quotes.values() for q in some]) for text in passages]
        others = [text for text in near(answerer, question, one.gold) if not states(text.text, one.facts)]
        good = tuple(text for text in answers if text.good)
        if others[:NEIGHBOURS] and (good or not one.answerable):
            yield Example(question.text, good, tuple(others[:NEIGHBOURS]))


def near(answerer: Answerer, question: Question, gold: Collection[str]) -> list[Text]:
    """Return the passages of other parts than ``gold`` by how near their nearest sentences come."""
    _, pool = answerer.pool(*answerer.found(question))
    found = [c.result.found for c in sorted(pool, key=lambda c: -(c.near or 0.0)) if c.part not in gold]
    return list(dict.fromkeys(Text(subject(f.title), f.passage.text) for f in found))


def quoted(row: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the quotes of a row of a question file by their documents."""
    found: dict[str, list[str]] = {}
    for gold in row.get("gold", ()):
        found.setdefault(gold["doc"], []).append(gold.get("quote", ""))
    return found


def anything() -> Any:
    return np.eye(1, 384, dtype=np.float32)[0]


def holding(text: Text, quotes: Sequence[str]) -> Text:
    """Return ``text`` with the places of the sentences that a quote holds, or that hold it."""
    said = [flat(text.text[a:b]) for a, b in spans(text.text)]
    good = {n for n, s in enumerate(said) for q in quotes if q and len(s) > 10 and (s in q or q in s)}
    return Text(text.title, text.text, frozenset(good))


def states(text: str, facts: Sequence[Sequence[str]]) -> bool:
    """Whether ``text`` has all ``facts``: then it is no wrong answer, wherever it stands."""
    return bool(facts) and all(any(a.lower() in text.lower() for a in fact) for fact in facts)


class Lower:
    """The lower layers, as they will run: what they make of each text, read once."""

    def __init__(self) -> None:
        import onnx
        import onnxruntime
        from tokenizers import Tokenizer

        folder = made(PLAIN)
        model = onnx.load(str(folder / "int8.onnx"))
        del model.graph.output[:]
        shape = ["batch", "tokens", 384]
        model.graph.output.append(onnx.helper.make_tensor_value_info(LOWER, onnx.TensorProto.FLOAT, shape))
        self._session = onnxruntime.InferenceSession(model.SerializeToString())
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(TOKENS)
        self._tokenizer.no_padding()
        self._read: dict[str, tuple[Any, list[tuple[int, int]]]] = {}

    def read(self, text: str) -> tuple[Any, list[tuple[int, int]]]:
        """Return the states of a text's tokens, half precision of shape (tokens, 384), and where each stands in it."""
        if text not in self._read:
            told = self._tokenizer.encode(text)
            ids = np.array([told.ids], np.int64)
            inputs = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
            states = self._session.run(None, inputs)[0][0]
            self._read[text] = (torch.from_numpy(states.astype(np.float16)), told.offsets)
        return self._read[text]


class Beside(torch.nn.Module):  # type: ignore[misc]  # torch ships no usable types here
    """A linear layer that stays as it is, and two thin matrices beside it that learn."""

    def __init__(self, layer: Any) -> None:
        super().__init__()
        self.layer = layer
        self.A = torch.nn.Parameter(torch.randn(RANK, layer.in_features) / math.sqrt(layer.in_features))
        self.B = torch.nn.Parameter(torch.zeros(layer.out_features, RANK))

    def forward(self, x: Any) -> Any:
        """Return what the layer makes of ``x``, and what was learned."""
        return self.layer(x) + (x @ self.A.T) @ self.B.T


class Upper:
    """The upper layers, with what they learn."""

    def __init__(self) -> None:
        from transformers import AutoModel

        model = AutoModel.from_pretrained(weights(), attn_implementation="sdpa")
        for parameter in model.parameters():
            parameter.requires_grad_(False)
        self._layers = [model.encoder.layer[n] for n in LAYERS]
        self._learns = dict(self._beside(model))
        self.bound = torch.nn.Parameter(torch.tensor(-CERTAINTY / 2))  # of no use but for learning

    @staticmethod
    def _beside(model: Any) -> Iterator[tuple[str, Beside]]:
        for name, layer in list(model.named_modules()):
            if isinstance(layer, torch.nn.Linear) and any(name.startswith(f"encoder.layer.{n}.") for n in LAYERS):
                parent, _, own = name.rpartition(".")
                beside = Beside(layer)
                setattr(model.get_submodule(parent), own, beside)
                yield name, beside

    @property
    def parameters(self) -> list[Any]:
        """What learns."""
        return [self.bound, *(side for beside in self._learns.values() for side in (beside.A, beside.B))]

    def states(self, lower: Sequence[Any]) -> tuple[Any, Any]:
        """Return the last states of texts, of shape (texts, tokens, 384), and which of them are tokens."""
        x = torch.nn.utils.rnn.pad_sequence([s.float() for s in lower], batch_first=True)
        mask = torch.nn.utils.rnn.pad_sequence([torch.ones(len(s)) for s in lower], batch_first=True)
        bias = ((1 - mask) * -1e4)[:, None, None, :].expand(-1, 1, x.shape[1], x.shape[1])
        for layer in self._layers:
            x = layer(x, bias)
            x = x[0] if isinstance(x, tuple) else x
        return x, mask

    def load(self, file: Path) -> None:
        """Go on from what was learned before."""
        with np.load(file) as learned, torch.no_grad():
            for name, beside in self._learns.items():
                beside.A.copy_(torch.from_numpy(learned[f"{name}.A"].astype(np.float32)))
                beside.B.copy_(torch.from_numpy(learned[f"{name}.B"].astype(np.float32)))

    def save(self, file: Path) -> None:
        """Write what was learned as ``index.embed_export.adapted`` reads it, in half precision."""
        learned = self._learns.items()
        sides = {f"{name}.{side}": getattr(beside, side) for name, beside in learned for side in "AB"}
        np.savez(file, **{name: side.detach().numpy().astype(np.float16) for name, side in sides.items()})


@dataclass(frozen=True)
class Batch:
    """Unit vectors of passages and of their sentences; ``places`` are (passage, place in it) of each sentence."""

    passages: Any
    sentences: Any
    places: list[tuple[int, int]]


class Model:
    """Texts to vectors, with both halves."""

    def __init__(self) -> None:
        self.lower, self.upper = Lower(), Upper()

    def questions(self, texts: Sequence[str]) -> Any:
        """Return the unit vectors of questions."""
        return _mean(*self.upper.states([self.lower.read(text)[0] for text in texts]))

    def passages(self, texts: Sequence[Text]) -> Batch:
        """Return the unit vectors of passages and of their sentences."""
        read = [self.lower.read(text.whole) for text in texts]
        states, mask = self.upper.states([s for s, _ in read])
        stretches = [(n, place, a, b) for n, text in enumerate(texts) for place, a, b in _stretches(text, read[n][1])]
        sentences = torch.stack([states[n, a:b].mean(0) for n, _, a, b in stretches])
        return Batch(
            _mean(states, mask), functional.normalize(sentences, dim=-1), [(n, place) for n, place, *_ in stretches]
        )


def _mean(states: Any, mask: Any) -> Any:
    return functional.normalize((states * mask[..., None]).sum(1), dim=-1)


def _stretches(text: Text, offsets: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int, int]]:
    """Yield the place of each sentence, and from which token to which it goes."""
    before = len(text.title) + 1
    for place, (start, end) in enumerate(spans(text.text)):
        here = [n for n, (a, b) in enumerate(offsets) if b > a and a < end + before and b > start + before]
        if len(here) > 2:
            yield place, here[0], here[-1] + 1


def loss(model: Model, some: Sequence[Example], none: Sequence[Example], chance: random.Random) -> Any:
    """Return how badly a batch is told apart: ``some`` that have an answer, and ``none`` that have not."""
    answers = [chance.choice(e.answers) for e in some]
    others = [(i, text) for i, e in enumerate((*some, *none)) for text in _sample(chance, e)]
    batch = model.passages([*answers, *(text for _, text in others)])
    questions = model.questions([e.question for e in (*some, *none)])
    whole = functional.cross_entropy(questions[: len(some)] @ batch.passages.T * SHARPNESS, torch.arange(len(some)))
    near = questions @ batch.sentences.T
    owners = [*range(len(some)), *(i for i, _ in others)]
    good = torch.tensor([[n == i and p in answers[i].good for n, p in batch.places] for i in range(len(some))])
    wrong = torch.tensor([[n >= len(some) and owners[n] == i for n, _ in batch.places] for i in range(len(near))])
    kept = good.any(1)
    sharp = near[: len(some)] * SHARPNESS
    said = torch.logsumexp(sharp, 1) - torch.logsumexp(sharp.masked_fill(~good, -1e9), 1)
    sure = CERTAINTY * near + model.upper.bound
    right = sure[: len(some)].masked_fill(~good, -1e9).max(1).values[kept]
    nearest = sure.masked_fill(~wrong, -1e9).max(1).values
    unsure = [functional.softplus(x).mean() for x in (-right, nearest[: len(some)], nearest[len(some) :]) if len(x)]
    return said[kept].mean() + WHOLE * whole + BOUND * sum(unsure)


def _sample(chance: random.Random, example: Example) -> list[Text]:
    most = OTHERS if example.answers else 2
    return chance.sample(example.others, min(most, len(example.others)))


def measured(model: Model, every: Sequence[Example]) -> tuple[float, float]:
    """Return the mean reciprocal ranks of the quoted passage and of the quoted sentence."""
    some = [e for e in every if e.answers]
    with torch.no_grad():
        texts = list(dict.fromkeys(text for e in some for text in (*e.answers, *e.others)))
        batches = [model.passages(texts[n : n + BATCH]) for n in range(0, len(texts), BATCH)]
        passages = torch.cat([batch.passages for batch in batches])
        places = [(n * BATCH + p, place) for n, batch in enumerate(batches) for p, place in batch.places]
        sentences = torch.cat([batch.sentences for batch in batches])
        ranks = []
        for e in some:
            vector = model.questions([e.question])[0]
            mine, here = {texts.index(a) for a in e.answers}, {texts.index(t) for t in (*e.answers, *e.others)}
            rows = [n for n, (p, _) in enumerate(places) if p in here]
            good = [n for n, row in enumerate(rows) if places[row][1] in texts[places[row][0]].good]
            ranks.append((_rank(passages @ vector, mine), _rank(sentences[rows] @ vector, good)))
        return tuple(np.mean(ranks, axis=0))


def _rank(near: Any, good: Any) -> float:
    """Return the reciprocal rank of the best of ``good``."""
    return 1 / (1 + int((near > near[list(good)].max()).sum())) if good else 0.0


def batches(some: Sequence[Example], chance: random.Random) -> Iterator[list[Example]]:
    """Yield batches for ever, of passages that are about as long."""
    while True:
        mixed = chance.sample(list(some), len(some))
        alike = [sorted(mixed[n : n + 10 * BATCH], key=_length) for n in range(0, len(mixed), 10 * BATCH)]
        flat_ = [e for group in alike for e in group]
        cut = [flat_[n : n + BATCH] for n in range(0, len(flat_) - BATCH + 1, BATCH)]
        yield from chance.sample(cut, len(cut))


def _length(example: Example) -> int:
    return len(example.answers[0].text)


def train(model: Model, every: Sequence[Example], *, steps: int) -> None:
    """Let ``model`` learn, with a rate that rises for twenty steps and falls to nothing."""
    chance = random.Random(0)
    some, none = [e for e in every if e.answers], [e for e in every if not e.answers]
    optimiser = torch.optim.AdamW(model.upper.parameters, lr=RATE, weight_decay=0.01)
    started = time.monotonic()
    for step, batch in zip(range(steps), batches(some, chance), strict=False):
        for group in optimiser.param_groups:
            group["lr"] = RATE * min(1, (step + 1) / 20) * max(0.02, 1 - step / steps)
        lost = loss(model, batch, chance.sample(none, min(NONE, len(none))), chance)
        lost.backward()
        torch.nn.utils.clip_grad_norm_(model.upper.parameters, 1.0)
        optimiser.step()
        optimiser.zero_grad()
        if (step + 1) % 20 == 0:
            print(f"step {step + 1} of {steps}, {time.monotonic() - started:.0f} s: {lost.item():.3f}", flush=True)


def main() -> None:
    """Learn, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("--hold", type=Path)
    parser.add_argument("--on", type=Path, help="go on from what was learned before; --steps 0 only measures it")
    parser.add_argument("--steps", type=int, default=240)
    parser.add_argument("files", nargs="+", type=Path)
    options = parser.parse_args()
    torch.manual_seed(0)
    with opened(load({}, data=options.data)) as krab:
        answerer = Answerer(krab.index)
        some = [e for file in options.files for e in examples(answerer, krab.index, file)]
        held = list(examples(answerer, krab.index, options.hold)) if options.hold else []
    model = Model()
    if options.on:
        model.upper.load(options.on)
    print(f"{len(some)} questions, {len(held)} held out")
    for learn in dict.fromkeys((0, options.steps)):
        train(model, some, steps=learn)
        if held:
            passage, sentence = measured(model, held)
            print(f"after {learn} steps: passages {passage:.3f}, sentences {sentence:.3f}", flush=True)
    model.upper.save(options.out)


if __name__ == "__main__":
    main()
