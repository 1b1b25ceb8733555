"""Pictures beside the database: named by content, complete or not there."""

from __future__ import annotations

import hashlib
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from db.errors import EvidenceDamaged, EvidenceError, EvidenceMissing, EvidenceNotKept
from db.evidence import EvidenceStore, evidence_folder
from db.pictures import Fault, NamedPicture, disagreements

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


def test_the_name_of_a_picture_that_is_no_longer_kept_is_none(store: EvidenceStore) -> None:
    with pytest.raises(EvidenceNotKept, match="no longer kept"):
        store.get(None)


def test_files_are_named_in_the_order_of_their_whole_names(store: EvidenceStore) -> None:
    names = [store.put(bytes([number]), ".png") for number in range(20)]
    for stray in ("aa.png", "aa/bb.png", "aa/bb/cc", "zz"):
        (store.folder / stray).parent.mkdir(parents=True, exist_ok=True)
        (store.folder / stray).write_bytes(b"stray")
        names.append(stray)

    assert list(store.names()) == sorted(names)


def test_a_folder_that_does_not_exist_holds_no_files(store: EvidenceStore) -> None:
    assert list(store.names()) == []


def test_missing_damaged_and_orphan_files_are_told_apart(store: EvidenceStore) -> None:
    good, bad, orphan = (store.put(content, ".png") for content in (b"good", b"bad", b"orphan"))
    store.path(bad).write_bytes(b"dab")
    named = [NamedPicture(name=name, named_by="finding 1") for name in sorted([good, bad, ABSENT])]

    found = {one.fault: (one.name, one.named_by) for one in disagreements(named, store)}
    read = {one.fault: one.name for one in disagreements(named, store, contents=True)}

    assert found == {Fault.MISSING: (ABSENT, "finding 1"), Fault.ORPHAN: (orphan, None)}
    assert read == {Fault.MISSING: ABSENT, Fault.DAMAGED: bad, Fault.ORPHAN: orphan}


def test_an_unfinished_file_counts_as_an_orphan(store: EvidenceStore) -> None:
    unfinished = store.path(store.put(PICTURE, ".png")).with_name(".unfinished-x1y2")
    unfinished.write_bytes(PICTURE[:3])
    named = [NamedPicture(name=store.put(PICTURE, ".png"), named_by="finding 1")]

    (one,) = disagreements(named, store)

    assert (one.fault, one.name) == (
        Fault.ORPHAN,
        unfinished.relative_to(store.folder).as_posix(),
    )


def test_a_removed_file_is_gone_and_can_be_removed_again(store: EvidenceStore) -> None:
    name = store.put(PICTURE, ".png")

    assert [store.remove(name), store.remove(name)] == [True, False]
    assert list(store.names()) == []


def test_a_file_that_was_stored_again_is_young_and_stays(store: EvidenceStore) -> None:
    name, long_ago = store.put(PICTURE, ".png"), datetime(2020, 1, 1, tzinfo=UTC)
    border = datetime(2021, 1, 1, tzinfo=UTC)
    os.utime(store.path(name), (long_ago.timestamp(),) * 2)
    store.put(PICTURE, ".png")

    assert not store.remove(name, stored_before=border)
    assert store.get(name) == PICTURE

    os.utime(store.path(name), (long_ago.timestamp(),) * 2)
    assert store.remove(name, stored_before=border)


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
