"""The words that are stored: every choice is a word in its column, held by a CHECK constraint."""

from __future__ import annotations

from enum import StrEnum


class Outcome(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    UNFIT = "unfit"


class UnfitReason(StrEnum):
    UNREADABLE = "unreadable"
    WRONG_SIZE = "wrong_size"
    DARK = "dark"
    SATURATED = "saturated"
    BLANK = "blank"
    BLURRED = "blurred"
    NO_PART = "no_part"
    MISPLACED = "misplaced"
    FROZEN = "frozen"


class Verdict(StrEnum):
    """What the pipeline says of a finding; people answer with a ReviewState."""

    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    UNSURE = "unsure"


class Severity(StrEnum):
    MINOR = "minor"
    MAJOR = "major"
    CRITICAL = "critical"


class ReviewState(StrEnum):
    """What people say of a finding: NEW until somebody has looked."""

    NEW = "new"
    CONFIRMED = "confirmed"
    FALSE_ALARM = "false_alarm"
    SECOND_LOOK = "second_look"


class Judgement(StrEnum):
    """What an auditor says of a whole frame."""

    GOOD = "good"
    DEFECTIVE = "defective"


class AlertState(StrEnum):
    """Nobody has seen an OPEN one; of an ACKNOWLEDGED one somebody takes care."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


class EventKind(StrEnum):
    """What happened to the line, its cameras, its frames or this program."""

    STARTED = "started"
    STOPPED = "stopped"
    CAMERA_LOST = "camera_lost"
    CAMERA_BACK = "camera_back"
    CAMERA_ENDED = "camera_ended"
    GAP = "gap"
    SHED = "shed"
    SPOOL_FULL = "spool_full"
    SPOOL_FREE = "spool_free"
    DISK_FULL = "disk_full"
    QUARANTINED = "quarantined"
    PROCESS_ENDED = "process_ended"
    PROCESS_HUNG = "process_hung"
    DATABASE_AWAY = "database_away"
    DATABASE_BACK = "database_back"
    UNFIT_SHARE = "unfit_share"
    INPUT_HEALTH = "input_health"
    JOB_FAILED = "job_failed"
    JOB_MISSED = "job_missed"


class JobOutcome(StrEnum):
    """How a run of a job ended. MISSED: its time passed while nobody could begin it. SKIPPED: the
    run before was still going on. INTERRUPTED: the program ended in the middle of it."""

    DONE = "done"
    FAILED = "failed"
    MISSED = "missed"
    SKIPPED = "skipped"
    INTERRUPTED = "interrupted"


class DeliveryState(StrEnum):
    """DEAD: it failed so often that nobody tries any more."""

    WAITING = "waiting"
    SENT = "sent"
    DEAD = "dead"


class DeliveryAbout(StrEnum):
    """What a message tells of its alert. AGAIN: it went on long after people were told.

    ACKNOWLEDGED: somebody takes care, told where it was told as open.
    """

    OPENED = "opened"
    AGAIN = "again"
    ESCALATED = "escalated"
    ACKNOWLEDGED = "acknowledged"
    ENDED = "ended"


class AlertStep(StrEnum):
    """What happened to an alert; ENDED is what the rule itself saw."""

    OPENED = "opened"
    ESCALATED = "escalated"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    ENDED = "ended"
    RESENT = "resent"


class JudgedBy(StrEnum):
    """How people judged a whole frame: by audits of it, or by reviews of all its findings."""

    AUDITS = "audits"
    REVIEWS = "reviews"


class ReportKind(StrEnum):
    """What a report is about: a piece of time, a lot, an alert, or what the system is worth."""

    SHIFT = "shift"
    DAY = "day"
    WEEK = "week"
    LOT = "lot"
    ALERT = "alert"
    ROI = "roi"


class Role(StrEnum):
    """What a person may do; each may also do what those before it may."""

    VIEWER = "viewer"
    REVIEWER = "reviewer"
    ENGINEER = "engineer"
    ADMIN = "admin"

    def covers(self, needed: Role) -> bool:
        """May whoever has this role do what `needed` may?"""
        ranks = tuple(Role)
        return ranks.index(self) >= ranks.index(needed)
