"""The program's one entry point."""

from __future__ import annotations


def main() -> None:
    """Run the command line; a frozen application's worker processes end in freeze_support."""
    import multiprocessing

    multiprocessing.freeze_support()
    from aidd_studio.cli.main import run

    run()


if __name__ == "__main__":
    main()
