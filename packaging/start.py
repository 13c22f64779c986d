"""What the frozen program runs first."""

import multiprocessing

multiprocessing.freeze_support()

from aidd_studio.__main__ import main  # noqa: E402 - worker processes must end before anything else is loaded

if __name__ == "__main__":
    main()
