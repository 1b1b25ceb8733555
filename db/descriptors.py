"""How a finding looks, as a vector: stored, and found again without reading every row.

Two vectors can be compared only where the same networks made them (`descriptor_space`). Each vector
also has a code of 12 bits, the sides of 12 fixed random planes it lies on (Charikar, Similarity
Estimation Techniques from Rounding Algorithms, STOC 2002): neighbours share most bits, so an index
on the code gives the candidates whose distance is then computed.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from itertools import combinations

import numpy as np
import numpy.typing as npt

from db.errors import RecordRefused

CODE_BITS = 12
MOST_NUMBERS = 1024  # of one vector: it lies in an index, whose rows must fit a third of a page
_PLANES_SEED = 20_260_329  # another seed would make the stored codes meaningless
_STORED = np.dtype("<f2")

Vector = npt.NDArray[np.float32]


def encode_descriptor(vector: npt.NDArray[np.floating]) -> bytes:
    """float (d,) scaled to length 1, as little-endian float16. Raises RecordRefused."""
    if vector.ndim != 1 or vector.size == 0 or not np.isfinite(vector).all():
        raise RecordRefused(f"a descriptor is one finite vector, got shape {vector.shape}")
    if vector.size > MOST_NUMBERS:
        raise RecordRefused(f"a descriptor has at most {MOST_NUMBERS} numbers, got {vector.size}")
    length = float(np.linalg.norm(vector.astype(np.float64)))
    unit = vector / length if length > 0 else np.zeros_like(vector)
    return unit.astype(_STORED).tobytes()


def decode_descriptor(stored: bytes) -> Vector:
    """float32 (d,), of length 1 up to rounding (or 0)."""
    return np.frombuffer(stored, dtype=_STORED).astype(np.float32)


def decode_descriptors(stored: Collection[bytes]) -> npt.NDArray[np.float32]:
    """float32 (n, d) of n descriptors of one space."""
    together = np.frombuffer(b"".join(stored), dtype=_STORED).astype(np.float32)
    return together.reshape(len(stored), -1)


def code_of(vector: npt.NDArray[np.floating]) -> int:
    """In [0, 2 ** CODE_BITS)."""
    sides = _planes(vector.size) @ vector > 0
    return int(sides @ (1 << np.arange(CODE_BITS)))


def codes_near(code: int, *, bits: int) -> list[int]:
    """The code itself first, then those that differ in up to `bits` bits, nearest first."""
    near = [code]
    for count in range(1, bits + 1):
        for places in combinations(range(CODE_BITS), count):
            near.append(code ^ sum(1 << place for place in places))
    return near


def distances(wanted: Vector, others: npt.NDArray[np.float32]) -> Vector:
    """Cosine distances in [0, 2] of (d,) to each of (n, d); all of length 1."""
    return (1.0 - others @ wanted).astype(np.float32)


@cache
def _planes(size: int) -> npt.NDArray[np.float64]:
    return np.random.default_rng(_PLANES_SEED).standard_normal((CODE_BITS, size))
