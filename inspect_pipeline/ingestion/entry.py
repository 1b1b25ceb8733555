"""A shot as a file: a line of words that says what it is, and then the camera's very bytes.

    shot-1 SHA256-OF-THE-NEXT-LINE
    {"camera_id": ..., "content_sha256": ..., ...}
    bytes as the camera gave them

How often it was tried stands in the file's name, where a rename changes it in one step.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import datetime

from inspect_pipeline.capture.camera import Shot
from inspect_pipeline.errors import EntryDamaged
from inspect_pipeline.records import FrameKey, sha256_of

_FORMAT = "shot-1"


@dataclass(frozen=True, kw_only=True)
class Post:
    """Where a camera stands and what it looks at."""

    line_id: str
    camera_id: str
    part: str


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A shot on its way to the database."""

    post: Post
    taken_at: datetime
    received_at: datetime  # when it came out of the camera, by the clock of this computer
    source: str
    content_sha256: str
    content: bytes = field(repr=False)
    sequence: int | None = None
    serial: str | None = None
    web_position_mm: float | None = None
    frozen: str | None = None  # why it shows the past, where the camera hangs

    @property
    def key(self) -> FrameKey:
        """The frame that this will be, however often it comes."""
        return FrameKey(
            line_id=self.post.line_id,
            camera_id=self.post.camera_id,
            part=self.post.part,
            taken_at=self.taken_at,
            content_sha256=self.content_sha256,
            source=self.source,
            serial=self.serial,
            web_position_mm=self.web_position_mm,
        )

    @property
    def stem(self) -> str:
        """The same shot has the same name, also after a restart; names sort by time."""
        moment = self.taken_at.strftime("%Y%m%dT%H%M%S.%f")
        return f"{moment}-{self.sequence or 0:010d}-{self.content_sha256[:16]}"

    def facts(self) -> dict[str, object]:
        """What there is to say of it without its bytes, as plain JSON."""
        facts = asdict(self)
        del facts["content"], facts["post"]
        moments = {"taken_at": self.taken_at, "received_at": self.received_at}
        return {**facts, **{name: moment.isoformat() for name, moment in moments.items()}}


def entry_of(shot: Shot, post: Post, *, received_at: datetime) -> Entry:
    return Entry(
        post=post,
        taken_at=shot.taken_at,
        received_at=received_at,
        source=shot.source.encode("utf-8", "backslashreplace").decode("utf-8"),
        content_sha256=sha256_of(shot.content),
        content=shot.content,
        sequence=shot.sequence,
        serial=shot.serial,
        web_position_mm=shot.web_position_mm,
    )


def as_file(entry: Entry) -> bytes:
    said = {**entry.facts(), **asdict(entry.post)}
    words = json.dumps(said, sort_keys=True).encode()
    return b"\n".join([f"{_FORMAT} {sha256_of(words)}".encode(), words, entry.content])


def from_file(content: bytes, *, name: str) -> Entry:
    """The entry as it was written; `name` is only for the message. Raises EntryDamaged."""
    first, _, rest = content.partition(b"\n")
    words, _, picture = rest.partition(b"\n")
    if first != f"{_FORMAT} {sha256_of(words)}".encode():
        raise EntryDamaged(f"spool entry {name}: what it says of itself is damaged")
    said = json.loads(words)
    if sha256_of(picture) != said["content_sha256"]:
        raise EntryDamaged(
            f"spool entry {name}: its {len(picture)} bytes are not those that the camera gave "
            f"(sha256 {said['content_sha256']}): check the disk"
        )
    post = Post(line_id=said["line_id"], camera_id=said["camera_id"], part=said["part"])
    return Entry(
        post=post,
        taken_at=datetime.fromisoformat(said["taken_at"]),
        received_at=datetime.fromisoformat(said["received_at"]),
        source=said["source"],
        content_sha256=said["content_sha256"],
        content=picture,
        sequence=said["sequence"],
        serial=said["serial"],
        web_position_mm=said["web_position_mm"],
        frozen=said.get("frozen"),  # an older program did not say
    )
