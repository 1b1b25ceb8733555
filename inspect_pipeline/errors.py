"""Everything that can go wrong, as one tree.

  InspectError                      our error: one clear line for the user, exit code 1
  |-- CaptureError                  a camera, a file or a folder did not give a frame
  |   |-- UnreadablePicture         this one picture cannot be decoded; the next one may be fine
  |   `-- CameraEnded               nothing will ever come again; an end, not a fault
  |-- SpoolError                    the frames that wait on the disk
  |   |-- EntryDamaged              a file of the spool is not what was written: it is set apart
  |   `-- DiskFull                  nothing more can be written; nothing is lost yet
  |-- ModelError                    a model bundle or a training run
  |   |-- BundleNotFound            no bundle of that part where we looked
  |   |-- BundleDamaged             a file of the bundle is missing, altered or of another version
  |   `-- TrainingDataError         the pictures given cannot train, calibrate or evaluate
  |-- BackboneError                 pretrained weights that are missing, unreachable or do not fit
  |-- CalibrationError              a false-alarm budget that the held-out good parts cannot support
  |-- ChannelError                  a way for messages to leave the plant
  |   |-- ChannelUnfit              its secret or address is not there, or is none
  |   `-- SendFailed                this try failed; the next one may do
  |-- PdfUnavailable                the computer lacks what draws a PDF; the page is there
  |-- ExportRefused                 a selection that cannot be taken away as it was asked for
  `-- UsageError                    two options that contradict, a part that the plant does not make

`plant_config` and `db` are leaves and raise their own (`PlantConfigError`, `DatabaseError`).
"""


class InspectError(Exception):
    """Base of our errors: the message says what was expected, what was found, and what to do."""


class CaptureError(InspectError):
    """A camera, file or folder did not give a frame."""


class UnreadablePicture(CaptureError):
    """This picture cannot be decoded: it becomes an UNFIT record, the line goes on."""


class CameraEnded(CaptureError):
    """The camera has given all it will ever give: a video is over, a simulated line has stopped."""


class SpoolError(InspectError):
    """The spool, where frames wait on the disk, cannot be used."""


class EntryDamaged(SpoolError):
    """A file of the spool does not hold what was written into it."""


class DiskFull(SpoolError):
    """The disk takes no more: the camera keeps its frame until there is room again."""


class ModelError(InspectError):
    """A model bundle or a training run cannot be used."""


class BundleNotFound(ModelError):
    """No bundle of that part where we looked: train one, or point --models elsewhere."""


class BundleDamaged(ModelError):
    """A file of the bundle is missing, altered or of another version: restore or retrain."""


class TrainingDataError(ModelError):
    """The pictures given cannot train, calibrate or evaluate a part model."""


class BackboneError(InspectError):
    """Pretrained weights cannot be found, fetched or used: name another file, or do without."""


class CalibrationError(InspectError):
    """No threshold can be set from these held-out good parts, or none fits what is asked for."""


class UsageError(InspectError):
    """Options that contradict each other, or name something that does not exist."""


class ExportRefused(InspectError):
    """A selection that is too large or has nothing of what the export is made of: choose other."""


class ChannelError(InspectError):
    """A channel of the plant file does not take messages. Never says a secret."""


class ChannelUnfit(ChannelError):
    """Its secret is not set, or what is set is none: set it, and restart."""


class SendFailed(ChannelError):
    """This try failed: the message waits and is tried again."""


class PdfUnavailable(InspectError):
    """The libraries of the system that draw a PDF are missing: install them, or do without."""
