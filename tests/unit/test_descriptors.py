"""How a finding looks as a vector: stored, coded, and compared."""

from __future__ import annotations

import numpy as np
import pytest

from db.descriptors import (
    CODE_BITS,
    MOST_NUMBERS,
    code_of,
    codes_near,
    decode_descriptor,
    distances,
    encode_descriptor,
)
from db.errors import RecordRefused

PINNED_CODES = [2485, 2463, 1519, 3532]


def vectors(count: int, size: int = 64) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    return np.random.default_rng(3).standard_normal((count, size)).astype(np.float32)


def test_a_descriptor_comes_back_with_length_one_and_its_direction() -> None:
    vector = 40 * vectors(1)[0]

    read = decode_descriptor(encode_descriptor(vector))

    assert np.linalg.norm(read) == pytest.approx(1, abs=1e-3)
    assert np.allclose(read, vector / np.linalg.norm(vector), atol=1e-3)


def test_a_descriptor_of_large_numbers_neither_overflows_nor_vanishes() -> None:
    read = decode_descriptor(encode_descriptor(np.array([3e30, 4e30], dtype=np.float32)))

    assert read.tolist() == pytest.approx([0.6, 0.8], abs=1e-3)


def test_a_descriptor_of_zeros_stays_zero() -> None:
    assert not decode_descriptor(encode_descriptor(np.zeros(5))).any()


@pytest.mark.parametrize(
    "vector", [np.array([]), np.zeros((2, 2)), np.array([1.0, np.nan]), np.array([np.inf])]
)
def test_what_is_not_one_finite_vector_is_refused(
    vector: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
) -> None:
    with pytest.raises(RecordRefused, match="one finite vector"):
        encode_descriptor(vector)


def test_a_vector_that_no_index_could_hold_is_refused() -> None:
    assert len(encode_descriptor(np.ones(MOST_NUMBERS))) == 2 * MOST_NUMBERS
    with pytest.raises(RecordRefused, match="at most 1024 numbers, got 1025"):
        encode_descriptor(np.ones(MOST_NUMBERS + 1))


def test_a_code_has_its_bits_and_does_not_depend_on_length() -> None:
    codes = [code_of(vector) for vector in vectors(200)]

    assert all(0 <= code < 2**CODE_BITS for code in codes)
    assert len(set(codes)) > 100
    assert codes == [code_of(7 * vector) for vector in vectors(200)]


def test_codes_are_the_same_in_every_release() -> None:
    assert [code_of(vector) for vector in np.eye(4)] == PINNED_CODES


def test_near_codes_come_nearest_first_and_once_each() -> None:
    near = codes_near(0b1010, bits=2)

    differing = [(code ^ 0b1010).bit_count() for code in near]
    assert near[0] == 0b1010
    assert differing == sorted(differing)
    assert len(near) == len(set(near)) == 1 + 12 + 66


def test_vectors_that_hardly_differ_share_most_bits() -> None:
    one = vectors(50)
    other = one + 0.05 * np.random.default_rng(4).standard_normal(one.shape)

    differing = [
        (code_of(first) ^ code_of(second)).bit_count()
        for first, second in zip(one, other, strict=True)
    ]

    assert max(differing) <= 2


def test_distances_are_nought_one_and_two_for_same_square_and_opposite() -> None:
    wanted = np.array([1, 0], dtype=np.float32)
    others = np.array([[1, 0], [0, 1], [-1, 0]], dtype=np.float32)

    assert distances(wanted, others).tolist() == [0, 1, 2]
