"""The project's errors: each message is one sentence that a person can act on.

The core raises them; the doors (command line, studio) print them.
"""

from __future__ import annotations


class AiddError(Exception):
    """Base of every error that is the input's or the machine's fault, not the program's."""

    exit_code: int = 1


class FileReadError(AiddError):
    """A recording cannot be read."""


class FileWriteError(AiddError):
    """A recording cannot be written; nothing half-written is left."""


class DamageError(AiddError):
    """A gap does not fit the recording, or cannot be filled."""


class LabelError(AiddError):
    """A label file cannot be understood."""


class UsageError(AiddError):
    """A setting makes no sense; the message says which values do."""

    exit_code = 2


class NothingToRestore(AiddError):
    """There is no gap, although filling gaps was asked for."""

    exit_code = 3


class ModelError(AiddError):
    """A model file is damaged, or not what it claims to be."""


class ModelNotInstalled(ModelError):
    """An engine needs weights that are not on this machine."""


class DownloadError(ModelError):
    """A download failed; what arrived is kept and resumed at the next try."""


class DeviceError(AiddError):
    """A compute or audio device is missing or refused the work."""


class WorkerDied(AiddError):
    """A process that worked for this one ended in the middle of it."""


class ProjectError(AiddError):
    """A project file cannot be read or written."""


class ProjectChanged(ProjectError):
    """A project file is not as the session knows it: another program has saved it."""


class Cancelled(AiddError):
    """The person stopped the work."""

    exit_code = 130

    def __init__(self, message: str = "Stopped; nothing was changed.") -> None:
        super().__init__(message)
