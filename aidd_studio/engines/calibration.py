"""What an engine's score says of a fill's quality; see docs/ROUTING.md."""

# Written by python tools/make_results.py RECORDINGS WORK --studies sweep; not to be changed by hand.

CALIBRATION: dict[str, tuple[float, tuple[tuple[float, float], ...]]] = {
    "aidd": (
        0.003581,
        (
            (5, -0.083),
            (10, -0.000),
            (20, 0.010),
            (40, 0.057),
            (80, 0.204),
            (160, 0.287),
            (320, 0.476),
            (640, 0.465),
            (1000, 0.514),
            (2000, 0.723),
        ),
    ),
    "autoregressive": (
        0.7301,
        (
            (5, 0.404),
            (10, 0.310),
            (20, 0.308),
            (40, 0.077),
            (80, -0.375),
            (160, -1.179),
            (320, -1.404),
            (640, -1.322),
            (1000, -1.305),
            (2000, -1.302),
        ),
    ),
    "extrapolation": (
        0.603,
        (
            (5, 0.081),
            (10, 0.011),
            (20, 0.056),
            (40, 0.058),
            (80, -0.122),
            (160, 0.013),
            (320, -0.247),
            (640, -0.330),
            (1000, -0.506),
            (2000, -0.723),
        ),
    ),
    "similar": (
        4.68,
        (
            (5, -3.750),
            (10, -3.690),
            (20, -3.484),
            (40, -3.207),
            (80, -2.967),
            (160, -2.441),
            (320, -2.225),
            (640, -2.162),
            (1000, -2.165),
            (2000, -1.938),
        ),
    ),
    "sparse": (
        0,
        (
            (5, 0.164),
            (10, 0.145),
            (20, 0.062),
            (40, -0.162),
        ),
    ),
}
"""By engine: slope, and offsets by gap length in ms; quality = slope · score + offset."""
