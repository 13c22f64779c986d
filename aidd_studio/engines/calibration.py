"""What an engine's score says of a fill's quality; see docs/ROUTING.md."""

# Written by python tools/make_results.py RECORDINGS WORK --studies sweep; not to be changed by hand.

CALIBRATION: dict[str, tuple[float, tuple[tuple[float, float], ...]]] = {
    "aidd": (
        0,
        (
            (5, -0.161),
            (10, -0.010),
            (20, -0.015),
            (40, 0.052),
            (80, -0.013),
            (160, 0.161),
            (320, 0.322),
            (640, 0.345),
            (1000, 0.395),
            (2000, 0.502),
        ),
    ),
    "autoregressive": (
        0.3566,
        (
            (5, 0.671),
            (10, 0.588),
            (20, 0.407),
            (40, 0.093),
            (80, -0.406),
            (160, -1.241),
            (320, -1.440),
            (640, -1.395),
            (1000, -1.380),
            (2000, -1.408),
        ),
    ),
    "extrapolation": (
        0.6542,
        (
            (5, -0.029),
            (10, -0.154),
            (20, -0.166),
            (40, -0.176),
            (80, -0.177),
            (160, -0.047),
            (320, -0.291),
            (640, -0.389),
            (1000, -0.578),
            (2000, -0.816),
        ),
    ),
    "similar": (
        3.192,
        (
            (5, -2.687),
            (10, -2.721),
            (20, -2.492),
            (40, -2.177),
            (80, -1.936),
            (160, -1.701),
            (320, -1.601),
            (640, -1.612),
            (1000, -1.615),
            (2000, -1.467),
        ),
    ),
    "sparse": (
        0,
        (
            (5, 0.027),
            (10, -0.078),
            (20, -0.128),
            (40, -0.480),
        ),
    ),
}
"""By engine: slope, and offsets by gap length in ms; quality = slope · score + offset."""
