"""The program's one entry point: it opens the right door."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run a command, or open the window where only files or nothing at all are given."""
    import multiprocessing

    multiprocessing.freeze_support()  # worker processes of a frozen application end here
    # Threads of torch that wait by spinning take the cores from each other wherever another program works too. Four
    # fills of 300 ms on two cores beside two busy programs: 20 s as it comes, 2.1 s with OMP_WAIT_POLICY=PASSIVE, 1.3 s
    # with a short spin; on an idle machine 0.62, 0.77 and 0.68 s.
    os.environ.setdefault("GOMP_SPINCOUNT", "1000")
    # So it is with NumPy's and SciPy's linear algebra, whose sums here are too short to gain by a second thread: to
    # restore one gap of 50 ms beside busy programs takes 0.5 s of processor time with one thread and 0.7 to 18 s with
    # two. Torch has threads of its own.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        _open_door()
    except KeyboardInterrupt:  # so early that no command could catch it
        raise SystemExit(130) from None


def _open_door() -> None:
    from aidd_studio.cli.main import is_command, run

    arguments = sys.argv[1:]
    if arguments and (is_command(arguments[0]) or not _is_file(arguments[0])):
        run()
        return
    if _no_display():  # Qt would end the program with a crash report
        print(
            "There is no display to open the window on; `aidd-studio --help` lists what works without.", file=sys.stderr
        )
        raise SystemExit(1)
    from aidd_studio.studio.window.app import main as open_window

    raise SystemExit(open_window(arguments))


def _no_display() -> bool:
    """True on Linux without a display, unless a Qt platform that needs none is selected."""
    return sys.platform == "linux" and not any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")))


def _is_file(argument: str) -> bool:
    """True for anything that looks like a path; other words are mistyped commands."""
    return "." in argument or "/" in argument or "\\" in argument


if __name__ == "__main__":
    main()
