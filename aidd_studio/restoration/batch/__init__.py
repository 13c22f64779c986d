"""Batch restoration of many recordings."""

from aidd_studio.restoration.batch.items import (
    BatchItem,
    BatchSettings,
    Outcome,
    Recording,
    collect,
    find_recordings,
    with_targets,
)
from aidd_studio.restoration.batch.one_file import restore_file
from aidd_studio.restoration.batch.run import run_batch

__all__ = [
    "BatchItem",
    "BatchSettings",
    "Outcome",
    "Recording",
    "collect",
    "find_recordings",
    "restore_file",
    "run_batch",
    "with_targets",
]
