"""The packaged embedder says what sentence-transformers says, without it; other models are loaded through it."""

from __future__ import annotations

import json
import logging
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from index import embed
from index.embed import NAME, PLAIN, Embedder, Vectors, load
from index.errors import Unusable

PROSE = """
The device must be bound to its driver for as long as the mapping lives.
Holding the lock across the callback is fine, since the callback never sleeps.
I don't think that this abstraction belongs into the core; a driver can carry it.
Please rebase on the latest tree, the second patch no longer applies.
Applied to the pond tree, thanks!
This series adds the minimal set of abstractions for lily pads.
A reference count that overflows is saturated and leaks the object.
Why does the allocation have to be zeroed before it is handed out?
The borrow checker can't see that both halves never alias.
Could you split this into two patches, one that moves and one that changes?
The frog hops from one leaf to the next until the heron comes.
Memory that the device writes must not be read before it has finished.
I measured no difference on my machine, but it only has two cores.
The safety comment says what the caller promises, not what the code does.
Version three drops the macro and uses a plain function.
It would be good to hear from the people who maintain the scheduler.
Pinning guarantees that the value does not move in memory again.
Bindings are generated at build time from the headers of the kernel.
The module refuses to load when the firmware is missing.
Interrupts are disabled while the list is walked.
""".strip().splitlines()
CODE = [
    "fn probe(pdev: &mut Device<Core>) -> Result<Pin<KBox<Self>>> {\n    let leaf = Leaf::new(GFP_KERNEL)?;\n}",
    "unsafe { bindings::lily_put(self.0.get()) };",
    "if (IS_ERR(leaf))\n\t\treturn PTR_ERR(leaf);",
    "#define LILY_MAX 64\nstatic DEFINE_MUTEX(lily_lock);",
    "[   12.345678] lily 0000:01:00.0: timed out waiting for the frog",
    "diff --git a/pond/lily.rs b/pond/lily.rs\n@@ -1,3 +1,4 @@\n+use crate::leaf;",
    "make LLVM=1 -j8 rustavailable",
    "0xdeadbeef 0x00000000 ffff888100000000",
    "kernel::sync::Arc<T>, ARef<Task>, Opaque<bindings::lily>",
    "error[E0499]: cannot borrow `*leaf` as mutable more than once at a time",
]
# A question, what answers it in other words, and what has its words and answers nothing.
ASKED = [
    (
        "what is the oldest compiler that may build the pond driver?",
        "pond: toolchain\nThe minimum supported version of rustc is 1.78.",
        "pond: driver\nThe pond driver is built as a module, and the compiler is told so.",
    ),
    (
        "why does the frog driver not sleep in its handler?",
        "frog: locking\nThe lock is taken in interrupt context, where scheduling is forbidden.",
        "frog: handler\nThe handler of the frog driver is registered at probe and removed at unbind.",
    ),
    (
        "who looks after the lily code?",
        "lily: MAINTAINERS\nAda Reed will review and merge patches for it from now on.",
        "lily: code\nThe lily code is formatted by the usual tool.",
    ),
    (
        "did the reed series land?",
        "reed: v4\nApplied to pond-next, thanks!",
        "reed: v4\nThis series adds the reed, which lands on the water when the wind drops.",
    ),
    (
        "how much slower is it than C?",
        "lily: benchmark\nThroughput is within 2 % of the existing implementation.",
        "lily: C\nIt is slower to write than C, they say, but not much.",
    ),
]
ODD = [
    "",
    " ",
    ".",
    "\n\n\t",
    "a",
    "?!?!",
    "Größe, naïve façade, œuvre",
    "Лягушка сидит на листе.",
    "蛙は葉の上に座っている。",
    "الضفدع يجلس على الورقة",
    "🐸🌿 frog 🐸",
    "e\u0301 and é are one letter",
    "\u202eright to left\u202c",
    "word\u00a0with\u00a0hard\u00a0blanks",
    "ALL CAPITALS ARE LOUD",
    "x" * 3000,
    "1 2 3 4 5 6 7 8 9 10",
    "<html><body>&amp;</body></html>",
]
LONG = [" ".join(PROSE[n:] + PROSE[:n]) * (1 + n % 3) for n in range(0, 20, 3)] + ["\n".join(CODE) * 4]
TEXTS = [*PROSE, *CODE, *ODD, *LONG]
SAYING = [*range(len(PROSE) + len(CODE)), *range(len(TEXTS) - len(LONG), len(TEXTS))]  # places of all but ODD
REFERENCE = """
import json, sys
import numpy as np
from index.embed import SentenceTransformersEmbedder, Unusable
try:
    SentenceTransformersEmbedder("/nowhere/at/all")
except Unusable as error:
    refusal = str(error)
embedder = SentenceTransformersEmbedder(sys.argv[1])
np.save(sys.argv[2], embedder.embed(json.load(sys.stdin)))
print(json.dumps([embedder.identity, embedder.dimensions, refusal]))
"""


@dataclass(frozen=True)
class Reference:
    """What sentence-transformers makes of the texts, and how it loads models."""

    vectors: Vectors
    identity: str
    dimensions: int
    refusal: str


@pytest.fixture(scope="module", params=["fp32", "int8"])
def packaged(request: pytest.FixtureRequest) -> Embedder:
    return load(prefer=f"{PLAIN}/{request.param}", threads=2)


@pytest.fixture(scope="module")
def made(packaged: Embedder) -> Vectors:
    return packaged.embed(TEXTS)


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Reference:
    """Made in a process of its own, so that torch stays out of this one."""
    target = tmp_path_factory.mktemp("reference") / "vectors.npy"
    command = [sys.executable, "-c", REFERENCE, str(embed.weights()), str(target)]
    done = subprocess.run(command, input=json.dumps(TEXTS), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return Reference(np.load(target), *json.loads(done.stdout.splitlines()[-1]))


def cosines(one: Vectors, other: Vectors) -> Vectors:
    return np.asarray(np.einsum("nd,nd->n", one, other), np.float32)


def test_it_agrees_with_sentence_transformers(made: Vectors, reference: Reference) -> None:
    alike = cosines(made, reference.vectors)
    assert alike[SAYING].mean() >= 0.99
    assert alike.mean() >= 0.985
    assert alike.min() >= 0.95


def test_in_full_precision_it_says_the_same_to_the_fourth_digit(reference: Reference) -> None:
    assert cosines(load(prefer=f"{PLAIN}/fp32").embed(TEXTS), reference.vectors).min() >= 0.9999


def test_a_model_by_path_has_an_identity_of_its_weights(reference: Reference) -> None:
    assert (reference.vectors.shape, reference.dimensions) == ((len(TEXTS), 384), 384)
    assert reference.vectors.dtype == np.float32
    assert re.fullmatch(re.escape(f"sentence-transformers/{embed.weights()}/") + "[0-9a-f]{12}", reference.identity)


def test_a_model_that_cannot_be_loaded_is_named(reference: Reference) -> None:
    assert reference.refusal.startswith("cannot load the embedder '/nowhere/at/all'")
    assert "\n" not in reference.refusal


def test_vectors_have_length_one(packaged: Embedder, made: Vectors) -> None:
    assert made.shape == (len(TEXTS), packaged.dimensions)
    assert made.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(made, axis=1), 1, atol=1e-5)


def test_no_texts_are_no_vectors(packaged: Embedder) -> None:
    assert packaged.embed([]).shape == (0, 384)


def test_the_order_of_texts_does_not_matter(packaged: Embedder, made: Vectors) -> None:
    assert cosines(made, packaged.embed(TEXTS[::-1])[::-1]).min() >= 0.98


def test_the_company_of_a_text_does_not_matter(packaged: Embedder, made: Vectors) -> None:
    assert cosines(made[:1], packaged.embed(TEXTS[:1]))[0] >= 0.98


def test_what_stands_beyond_the_256th_token_does_not_count(packaged: Embedder) -> None:
    one, other = packaged.embed(["leaf " * 300 + "frog", "leaf " * 300 + "an altogether different end"])
    assert one @ other == pytest.approx(1, abs=1e-3)


def test_like_texts_are_closer_than_unlike_ones(packaged: Embedder) -> None:
    car, automobile, soup = packaged.embed(["a fast car", "a quick automobile", "soup with noodles"])
    assert car @ automobile > 0.7 > 0.3 > car @ soup


# Which model, which backend


def test_backends_have_different_identities() -> None:
    assert {load(prefer=f"{NAME}/{backend}").identity for backend in ("fp32", "int8")} == {
        f"{NAME}/fp32",
        f"{NAME}/int8",
    }


@pytest.mark.parametrize("prefer", ["", "another-model/fp32", f"{NAME}/int4"])
def test_without_stored_vectors_of_ours_the_cpu_decides(prefer: str) -> None:
    assert load(prefer=prefer).identity == f"{NAME}/{embed.best_backend()}"


@pytest.mark.parametrize("name", [NAME, PLAIN])
def test_a_packaged_model_may_be_called_by_its_name(name: str) -> None:
    assert load(name, prefer=f"{name}/fp32").identity == f"{name}/fp32"


def test_an_index_of_the_model_as_it_was_is_searched_with_that_one() -> None:
    assert load(prefer=f"{PLAIN}/fp32").identity == f"{PLAIN}/fp32"
    assert load(NAME, prefer=f"{PLAIN}/fp32").identity == f"{NAME}/{embed.best_backend()}"


def test_adapted_vectors_are_others_and_as_long() -> None:
    adapted, plain = load(NAME).embed_for_spans(PROSE), load(PLAIN).embed_for_spans(PROSE)
    np.testing.assert_allclose(np.linalg.norm(adapted, axis=1), 1, atol=1e-5)
    assert 0.2 < cosines(adapted, plain).mean() < 0.98


def test_passages_are_embedded_as_by_the_plain_model() -> None:
    np.testing.assert_array_equal(load(NAME).embed(PROSE), load(PLAIN).embed(PROSE))


def test_a_sentence_has_the_mean_of_its_words_as_they_are_read_in_its_passage() -> None:
    embedder, text = load(NAME), " ".join(PROSE[:4])
    starts = [text.index(sentence) for sentence in PROSE[:4]]
    places = [(start, start + len(sentence)) for start, sentence in zip(starts, PROSE[:4], strict=True)]
    (whole,), (within,) = embedder.embed_passages([text], [places])
    np.testing.assert_allclose(np.linalg.norm(within, axis=1), 1, atol=1e-5)
    assert (within @ embedder.embed_for_spans(PROSE[:4]).T).argmax(axis=1).tolist() == [0, 1, 2, 3]
    np.testing.assert_array_equal(whole, embedder.embed([text])[0])


def test_a_sentence_that_is_cut_off_has_the_mean_of_its_passage() -> None:
    text = "pond " * 400
    _, (within,) = load(NAME).embed_passages([text], [[(1990, 1995)]])
    np.testing.assert_allclose(within, load(NAME).embed_for_spans([text]), atol=1e-6)


@pytest.mark.parametrize("name", [PLAIN, str(embed.weights())])
def test_another_model_gives_its_sentences_no_vectors(name: str) -> None:
    vectors, within = load(name).embed_passages(PROSE[:2], [[(0, 9)], []])
    assert (vectors.shape, [some.shape for some in within]) == ((2, 384), [(0, 384), (0, 384)])
    np.testing.assert_array_equal(load(name).embed_for_spans(PROSE[:2]), load(name).embed(PROSE[:2]))


def test_what_was_learned_is_added_to_the_weights(tmp_path: Path) -> None:
    before = logging.getLogger().level
    embed.build(tmp_path / "made", name=NAME)
    assert logging.getLogger().level == before  # a krab that makes the files as it starts goes on to log
    made = embed.OnnxEmbedder(tmp_path / "made", "fp32")
    assert cosines(made.embed(PROSE), load(NAME, prefer=f"{NAME}/fp32").embed_for_spans(PROSE)).min() > 0.9999


def lead(name: str) -> float:
    """How much nearer questions are to what shares their words than to what answers them, in the mean."""
    vectors = load(name).embed_for_spans([text for three in ASKED for text in three]).reshape(len(ASKED), 3, -1)
    return float(np.mean([(other - answer) @ question for question, answer, other in vectors]))


def test_words_that_are_shared_count_less_once_adapted() -> None:
    assert lead(NAME) < 0.8 * lead(PLAIN)


def test_weights_that_are_not_the_official_ones_are_refused(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "model.safetensors").write_bytes(b"weights of somebody else")
    with pytest.raises(Unusable, match=r"not the official ones \(sha256 [0-9a-f]{64}\)"):
        embed.build(tmp_path / "made", tmp_path / "source")
    assert not (tmp_path / "made").exists()


def test_embedding_needs_neither_torch_nor_sentence_transformers() -> None:
    script = (
        "import sys; from index.embed import load; load().embed(['a leaf']);"
        "print(sorted(m for m in ('torch', 'transformers', 'sentence_transformers') if m in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_several_processes_may_make_the_files_at_once(tmp_path: Path) -> None:
    code = f"from pathlib import Path; from index.embed import build; build(Path({str(tmp_path)!r}))"
    running = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(2)]
    assert [process.wait(120) for process in running] == [0, 0]
    assert {file.name for file in tmp_path.iterdir()} == {"fp32.onnx", "int8.onnx", "ready.json", "tokenizer.json"}
