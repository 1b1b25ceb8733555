"""One simulated reviewer: signs in, turns pages, opens findings, answers, changes their mind."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Event
from urllib.parse import parse_qs, urlsplit

import httpx

from benchmarks.load.line import LINE

ANSWERS = ("confirmed", "false_alarm", "second_look")
_SEEN = re.compile(r'name="finding" value="(\d+):(\d+)"')
_VERSION = re.compile(r'name="version" value="(\d+)"')
_CSRF = re.compile(r'name="csrf-token" content="([^"]+)"')
_MORE = re.compile(r'href="(/queue\?[^"]*after=[^"]+)"')
_FILTER = {"line": LINE}


class PageFailed(Exception):
    """An answer that no reviewer should ever get."""


@dataclass(frozen=True, kw_only=True)
class Promise:
    """What the application said it saved: this action, by this person, on these findings."""

    reviewer: str
    batch_id: str
    state_after: str
    seen: tuple[int, ...]  # sent; others may have answered some of them first


@dataclass(kw_only=True)
class Diary:
    """What one reviewer met."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    promises: list[Promise] = field(default_factory=list)
    undone: list[str] = field(default_factory=list)  # batches
    conflicts: int = 0
    refused_undos: int = 0


class Reviewer:
    """Each works with a pause between clicks, drawn from `pause_s`."""

    def __init__(
        self, base_url: str, name: str, password: str, *, pause_s: tuple[float, float], seed: int
    ) -> None:
        self.name = name
        self.diary = Diary()
        self._password = password
        self._pause_s = pause_s
        self._random = random.Random(seed)
        self._client = httpx.Client(base_url=base_url, timeout=60.0)

    def sign_in(self) -> None:
        """Raises PageFailed."""
        asked = {"name": self.name, "password": self._password}
        signed_in = self._ask("sign in", "POST", "/login", asked)
        if signed_in.status_code != 303:
            raise PageFailed(f"{self.name} could not sign in: {signed_in.status_code}")

    def work(self, over: Event) -> None:
        """Until it is over, once signed in. Raises PageFailed."""
        while not over.wait(self._random.uniform(*self._pause_s)):
            self._turn(over)
        self._client.close()

    def _turn(self, over: Event) -> None:
        page = self._ask("queue", "GET", "/queue", _FILTER)
        if (more := _MORE.search(page.text)) and self._random.random() < 0.2:
            page = self._ask("queue, next page", "GET", more[1].replace("&amp;", "&"))
        seen = [(int(one), int(version)) for one, version in _SEEN.findall(page.text)]
        token = _CSRF.search(page.text)
        if not seen or token is None:
            return
        over.wait(self._random.uniform(*self._pause_s))
        if self._random.random() < 0.2:
            chosen = self._random.sample(seen, min(len(seen), 4))
            batch_id = self._answer_several(chosen, token[1])
        else:
            batch_id = self._answer_one(self._random.choice(seen[:8])[0], token[1], over)
        if batch_id is not None and self._random.random() < 0.1:
            self._undo(batch_id, token[1])

    def _answer_one(self, finding_id: int, csrf_token: str, over: Event) -> str | None:
        page = self._ask("finding", "GET", f"/findings/{finding_id}", _FILTER)
        version = _VERSION.search(page.text)
        if version is None:
            return None
        over.wait(self._random.uniform(*self._pause_s))
        verdict = self._verdict()
        answer = self._ask(
            "answer",
            "POST",
            f"/findings/{finding_id}/review",
            {
                "version": version[1],
                "verdict": verdict,
                "note": self._note(),
                "back": f"line={LINE}",
                "csrf_token": csrf_token,
            },
        )
        return self._noted(answer, verdict, [finding_id])

    def _answer_several(self, chosen: Sequence[tuple[int, int]], csrf_token: str) -> str | None:
        verdict = self._verdict()
        answer = self._ask(
            "answer several",
            "POST",
            "/queue/review",
            {
                "finding": [f"{one}:{version}" for one, version in chosen],
                "verdict": verdict,
                "note": self._note(),
                "back": f"line={LINE}",
                "csrf_token": csrf_token,
            },
        )
        return self._noted(answer, verdict, [one for one, _ in chosen])

    def _undo(self, batch_id: str, csrf_token: str) -> None:
        answer = self._ask(
            "undo", "POST", "/queue/undo", {"batch_id": batch_id, "csrf_token": csrf_token}
        )
        done = parse_qs(urlsplit(answer.headers.get("location", "")).query).get("done")
        if answer.status_code == 303 and done:
            self.diary.undone.append(batch_id)
        else:  # somebody has answered since
            self.diary.refused_undos += 1

    def _noted(self, answer: httpx.Response, verdict: str, seen: list[int]) -> str | None:
        asked = parse_qs(urlsplit(answer.headers.get("location", "")).query)
        if answer.status_code == 409 or "left" in asked:
            self.diary.conflicts += 1
        if answer.status_code != 303 or "done" not in asked:
            return None
        promise = Promise(
            reviewer=self.name,
            batch_id=asked["done"][0],
            state_after=verdict,
            seen=tuple(seen),
        )
        self.diary.promises.append(promise)
        return promise.batch_id

    def _verdict(self) -> str:
        return self._random.choices(ANSWERS, weights=(0.5, 0.4, 0.1))[0]

    def _note(self) -> str:
        return f"seen by {self.name}" if self._random.random() < 0.1 else ""

    def _ask(
        self, page: str, method: str, path: str, facts: dict[str, object] | None = None
    ) -> httpx.Response:
        began = time.perf_counter()
        if method == "GET":
            answer = self._client.get(path, params=facts if facts else None)
        else:
            answer = self._client.post(path, data=facts)
        self.diary.seconds.setdefault(page, []).append(time.perf_counter() - began)
        if answer.status_code not in (200, 303, 409):
            raise PageFailed(f"{method} {path}: {answer.status_code}\n{answer.text[:300]}")
        return answer
