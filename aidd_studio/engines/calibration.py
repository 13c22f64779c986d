"""What an engine's score says of a fill's quality; see docs/ROUTING.md."""

# Written by python tools/make_results.py RECORDINGS WORK --studies sweep; not to be changed by hand.

CALIBRATION: dict[str, tuple[float, tuple[tuple[float, float], ...]]] = {
    "aidd": (
        0,
        (
            (5, -0.101),
            (10, 0.002),
            (20, 0.002),
            (40, 0.065),
            (80, 0.007),
            (160, 0.176),
            (320, 0.352),
            (640, 0.359),
            (1000, 0.411),
            (2000, 0.541),
        ),
    ),
    "autoregressive": (
        0.2625,
        (
            (5, 0.726),
            (10, 0.658),
            (20, 0.471),
            (40, 0.132),
            (80, -0.381),
            (160, -1.218),
            (320, -1.456),
            (640, -1.401),
            (1000, -1.384),
            (2000, -1.421),
        ),
    ),
    "extrapolation": (
        0.5652,
        (
            (5, 0.014),
            (10, -0.087),
            (20, -0.110),
            (40, -0.142),
            (80, -0.157),
            (160, -0.035),
            (320, -0.298),
            (640, -0.377),
            (1000, -0.578),
            (2000, -0.828),
        ),
    ),
    "similar": (
        3.028,
        (
            (5, -2.644),
            (10, -2.631),
            (20, -2.416),
            (40, -2.078),
            (80, -1.854),
            (160, -1.620),
            (320, -1.523),
            (640, -1.524),
            (1000, -1.526),
            (2000, -1.416),
        ),
    ),
    "sparse": (
        0,
        (
            (5, 0.013),
            (10, -0.074),
            (20, -0.125),
            (40, -0.485),
        ),
    ),
}
"""By engine: slope, and offsets by gap length in ms; quality = slope · score + offset."""
