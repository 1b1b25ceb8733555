"""The tables, by subject. Nothing lazy-loads: `db.queries` reads, `db.repository` writes."""

from db.columns import Base
from db.models.alerts import Alert, AlertCall, AlertStepTaken, AlertWatermark, Delivery
from db.models.events import Event
from db.models.health import CameraFigures, CameraWatch
from db.models.inspections import Activation, Finding, Frame, Inspection, Model
from db.models.jobs import Job, JobRun
from db.models.joined import JoinedRegion
from db.models.people import BrowserSession, KeptAnswer, SavedQuery, Token, User
from db.models.plants import Camera, Line, Part, Plant
from db.models.reports import Report
from db.models.reviews import Audit, FoldedNote, GoodFrame, Review
from db.models.tallies import (
    FindingDay,
    FindingMonth,
    FindingTally,
    InspectionDay,
    InspectionTally,
    PlaceMonth,
)
from db.models.verdict_tallies import (
    AgreementDay,
    AgreementMonth,
    AgreementTally,
    JudgedDay,
    JudgedTally,
    VerdictDay,
    VerdictTally,
)

__all__ = [
    "Activation",
    "AgreementDay",
    "AgreementMonth",
    "AgreementTally",
    "Alert",
    "AlertCall",
    "AlertStepTaken",
    "AlertWatermark",
    "Audit",
    "Base",
    "BrowserSession",
    "Camera",
    "CameraFigures",
    "CameraWatch",
    "Delivery",
    "Event",
    "Finding",
    "FindingDay",
    "FindingMonth",
    "FindingTally",
    "FoldedNote",
    "Frame",
    "GoodFrame",
    "Inspection",
    "InspectionDay",
    "InspectionTally",
    "Job",
    "JobRun",
    "JoinedRegion",
    "JudgedDay",
    "JudgedTally",
    "KeptAnswer",
    "Line",
    "Model",
    "Part",
    "PlaceMonth",
    "Plant",
    "Report",
    "Review",
    "SavedQuery",
    "Token",
    "User",
    "VerdictDay",
    "VerdictTally",
]
