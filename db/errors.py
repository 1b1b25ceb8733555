"""Everything that can go wrong with the memory of the plant, as one tree.

DatabaseError                     one clear line for the user, exit code 1
|-- DatabaseUnreachable           a URL, driver, server, folder or file that cannot be used
|-- DatabaseNotFound              a SQLite file that should exist and does not
|-- WrongRevision                 the tables are older or newer than this program, or not there
|-- RecordRefused                 a record that breaks a rule of the tables
|   `-- IdentityRefused           somebody whom the identity provider knows and who cannot come in
|-- UnknownRecord                 no finding, model or frame of that name
|-- QuestionRefused               a question that cannot be asked like that; names the field
|-- ReviewConflict                somebody else reviewed the finding meanwhile
|-- BackupError                   a backup that cannot be written, read or restored
`-- EvidenceError                 the pictures beside the database
    |-- EvidenceMissing           a picture that a row names is not there
    |-- EvidenceNotKept           a picture was removed when its time was over
    `-- EvidenceDamaged           a picture is there and is not what was stored
"""


class DatabaseError(Exception):
    """Base of the database's errors: what was expected, what was found, what to do."""


class DatabaseUnreachable(DatabaseError):
    """The URL, its driver, its server, its folder or its file cannot be used."""


class DatabaseNotFound(DatabaseError):
    """The SQLite file to read does not exist."""


class WrongRevision(DatabaseError):
    """The tables do not have the revision that this program was written for."""


class RecordRefused(DatabaseError):
    """A record contradicts the tables' rules or what was recorded before."""


class IdentityRefused(RecordRefused):
    """Somebody proved who they are and cannot come in; the words are for that person."""


class UnknownRecord(DatabaseError):
    """Nothing of that name was ever recorded."""


class QuestionRefused(DatabaseError):
    """A question with a parameter that it does not take; `field` names it, if one is to blame."""

    def __init__(self, words: str, *, field: str | None = None) -> None:
        super().__init__(words)
        self.field = field


class ReviewConflict(DatabaseError):
    """Somebody reviewed the finding after the reviewer had read it: look at what was said first."""


class BackupError(DatabaseError):
    """A backup cannot be written, is none, is damaged, or has no empty database to go to."""


class EvidenceError(DatabaseError):
    """An evidence file cannot be written, read or named."""


class EvidenceMissing(EvidenceError):
    """A picture that a row names is not in the evidence folder."""


class EvidenceNotKept(EvidenceError):
    """The picture was removed on purpose when its time was over (db.retention)."""


class EvidenceDamaged(EvidenceError):
    """A picture's bytes are not the ones that were stored under its name."""
