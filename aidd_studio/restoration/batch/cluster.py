"""A batch on an existing Dask cluster: the same work, the same outputs, more machines.

Sources and targets must be paths that every worker can reach. Only this file imports Dask, and only when it is used.
"""

from __future__ import annotations

import sys
from collections.abc import Generator, Sequence
from typing import Any

from aidd_studio.errors import DeviceError
from aidd_studio.progress import Progress
from aidd_studio.restoration.batch.items import BatchItem, BatchSettings, Outcome
from aidd_studio.restoration.batch.one_file import restore_file

RETRIES = 3
"""How often a recording is given to another worker after its worker died."""


def run_on_cluster(
    items: Sequence[BatchItem], settings: BatchSettings, address: str, progress: Progress | None = None
) -> Generator[tuple[BatchItem, Outcome], None, None]:
    """Restore recordings on the cluster whose scheduler listens at `address`, and yield each as it ends.

    A recording whose worker dies goes to another worker; outputs are atomic, so nothing is half-written, and an
    output that the dead worker had finished is replaced by the same sound. Raises DeviceError, Cancelled.
    """
    progress = progress or Progress()
    try:
        from distributed import Client, as_completed
    except ImportError:
        raise DeviceError(_without_dask()) from None
    try:
        client = Client(address, timeout="10s", set_as_default=False)
    except (OSError, ValueError) as error:
        raise DeviceError(f"No Dask scheduler answers at {address} ({error}); check the address.") from error
    with client:
        futures = [client.submit(_restore_there, item, settings, pure=False, retries=RETRIES) for item in items]
        by_key = {future.key: item for future, item in zip(futures, items, strict=True)}
        try:
            for done, future in enumerate(as_completed(futures, loop=client.loop), start=1):
                progress.report(done / len(items), f"{done} of {len(items)} files")
                yield by_key[future.key], _outcome(by_key[future.key], future)
        finally:
            client.cancel(futures)


def _without_dask() -> str:
    if getattr(sys, "frozen", False):
        return (
            "The installed application brings no Dask; run this command from a Python environment made with: "
            "pip install 'aidd-studio[cluster]'"
        )
    return "A cluster needs Dask; install it with: pip install 'aidd-studio[cluster]'"


def _restore_there(item: BatchItem, settings: BatchSettings) -> Outcome:
    """Runs on a worker: an output that a dead worker left is this run's own work, so it may be replaced."""
    return restore_file(item, settings)


def _outcome(item: BatchItem, future: Any) -> Outcome:
    error = future.exception()
    if error is None:
        outcome: Outcome = future.result()
        return outcome
    reason = f"The cluster gave up on this file after {RETRIES} workers died with it ({type(error).__name__})."
    return Outcome(str(item.source), str(item.target), "failed", reason)
