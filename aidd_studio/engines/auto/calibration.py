"""What an engine's score says of a fill's quality; see docs/ROUTING.md."""

# Written by python tools/make_results.py RECORDINGS WORK --studies sweep; not to be changed by hand.

CALIBRATION: dict[str, tuple[float, tuple[tuple[float, float], ...]]] = {
    "aidd": (
        0,
        (
            (5, -0.065),
            (10, -0.046),
            (20, -0.015),
            (40, 0.021),
            (80, 0.004),
            (160, 0.132),
            (320, 0.314),
            (640, 0.281),
            (1000, 0.381),
            (2000, 0.447),
        ),
    ),
    "autoregressive": (
        0,
        (
            (5, 0.910),
            (10, 0.855),
            (20, 0.648),
            (40, 0.339),
            (80, -0.187),
            (160, -0.962),
            (320, -1.385),
            (640, -1.395),
            (1000, -1.459),
            (2000, -1.439),
        ),
    ),
    "extrapolation": (
        0.2834,
        (
            (5, 0.336),
            (10, 0.290),
            (20, 0.220),
            (40, 0.124),
            (80, 0.073),
            (160, 0.099),
            (320, -0.166),
            (640, -0.332),
            (1000, -0.588),
            (2000, -0.781),
        ),
    ),
    "similar": (
        2.984,
        (
            (5, -2.554),
            (10, -2.474),
            (20, -2.328),
            (40, -2.048),
            (80, -1.902),
            (160, -1.696),
            (320, -1.577),
            (640, -1.476),
            (1000, -1.479),
            (2000, -1.405),
        ),
    ),
    "sparse": (
        0,
        (
            (5, 0.014),
            (10, -0.006),
            (20, -0.103),
            (40, -0.417),
        ),
    ),
}
"""By engine: slope, and offsets by gap length in ms; quality = slope · score + offset."""
