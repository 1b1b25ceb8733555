"""Pictures beside the database: named by content, complete or not there."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from db.errors import EvidenceDamaged, EvidenceError, EvidenceMissing
from db.evidence import EvidenceStore, evidence_folder

PICTURE = b"the bytes of a picture"
SHA256 = hashlib.sha256(PICTURE).hexdigest()
ABSENT = f"aa/bb/aabb{'0' * 60}.png"


@pytest.fixture
def store(tmp_path: Path) -> EvidenceStore:
    return EvidenceStore(tmp_path / "evidence")


def test_a_picture_is_named_by_its_content(store: EvidenceStore) -> None:
    assert store.put(PICTURE, ".png") == f"{SHA256[:2]}/{SHA256[2:4]}/{SHA256}.png"


def test_a_picture_comes_back_as_it_was(store: EvidenceStore) -> None:
    assert store.get(store.put(PICTURE, ".png")) == PICTURE


def test_the_same_picture_is_one_file(store: EvidenceStore) -> None:
    store.put(PICTURE, ".png")
    store.put(PICTURE, ".png")

    assert len([path for path in store.folder.rglob("*") if path.is_file()]) == 1


def test_a_picture_that_is_there_is_not_written_again(store: EvidenceStore) -> None:
    name = store.put(PICTURE, ".png")
    before = store.path(name).stat().st_ino

    store.put(PICTURE, ".png")

    assert store.path(name).stat().st_ino == before


@pytest.mark.parametrize("damage", [b"", PICTURE[:-1], PICTURE[::-1]])
def test_a_damaged_picture_is_healed_by_storing_it_again(
    store: EvidenceStore, damage: bytes
) -> None:
    name = store.put(PICTURE, ".png")
    store.path(name).write_bytes(damage)

    store.put(PICTURE, ".png")

    assert store.get(name) == PICTURE


def test_a_damaged_picture_is_not_given_out(store: EvidenceStore) -> None:
    name = store.put(PICTURE, ".png")
    store.path(name).write_bytes(PICTURE[::-1])

    with pytest.raises(EvidenceDamaged, match=SHA256):
        store.get(name)


def test_a_missing_picture_is_named(store: EvidenceStore) -> None:
    with pytest.raises(EvidenceMissing, match=ABSENT):
        store.get(ABSENT)


@pytest.mark.parametrize("name", ["../secret.png", "/etc/passwd", f"cc/dd/{SHA256}.png", ""])
def test_only_names_of_the_store_are_looked_up(store: EvidenceStore, name: str) -> None:
    with pytest.raises(EvidenceError, match="is not the name of an evidence file"):
        store.get(name)


def test_missing_damaged_and_orphan_files_are_told_apart(store: EvidenceStore) -> None:
    good, bad, orphan = (store.put(content, ".png") for content in (b"good", b"bad", b"orphan"))
    store.path(bad).write_bytes(b"dab")
    named = [good, bad, ABSENT]

    assert store.missing(named) == [ABSENT]
    assert store.damaged(named) == [bad]
    assert store.orphans(named) == [orphan]


def test_an_unfinished_file_counts_as_an_orphan(store: EvidenceStore) -> None:
    good = store.put(PICTURE, ".png")
    unfinished = store.path(good).with_name(".unfinished-x1y2")
    unfinished.write_bytes(PICTURE[:3])

    assert store.orphans([good]) == [unfinished.relative_to(store.folder).as_posix()]


def test_removed_orphans_are_gone(store: EvidenceStore) -> None:
    store.remove([store.put(PICTURE, ".png")])

    assert store.orphans([]) == []


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "evidence").write_text("a file where the folder should be")

    with pytest.raises(EvidenceError, match=r"cannot write the evidence file .*evidence/"):
        EvidenceStore(tmp_path / "evidence").put(PICTURE, ".png")


@pytest.mark.parametrize(
    ("url", "folder"),
    [
        ("sqlite:///findings.db", "evidence"),
        ("sqlite:////srv/plant/findings.db", "/srv/plant/evidence"),
        ("postgresql://qc@server/plant", "evidence"),
    ],
)
def test_the_folder_lies_beside_the_sqlite_file_or_here(url: str, folder: str) -> None:
    assert evidence_folder(url) == Path(folder)
