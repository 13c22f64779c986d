"""What an engine's score says of a fill's quality; see docs/ROUTING.md."""

# Written by python tools/make_results.py RECORDINGS WORK --studies sweep; not to be changed by hand.

CALIBRATION: dict[str, tuple[float, tuple[tuple[float, float], ...]]] = {
    "aidd": (
        0,
        (
            (5, -0.094),
            (10, 0.006),
            (20, 0.008),
            (40, 0.038),
            (80, 0.136),
            (160, 0.210),
            (320, 0.413),
            (640, 0.420),
            (1000, 0.472),
            (2000, 0.668),
        ),
    ),
    "autoregressive": (
        0.2286,
        (
            (5, 0.721),
            (10, 0.636),
            (20, 0.527),
            (40, 0.314),
            (80, -0.277),
            (160, -1.179),
            (320, -1.445),
            (640, -1.399),
            (1000, -1.371),
            (2000, -1.369),
        ),
    ),
    "extrapolation": (
        0.4533,
        (
            (5, 0.207),
            (10, 0.132),
            (20, 0.130),
            (40, 0.124),
            (80, -0.061),
            (160, 0.003),
            (320, -0.269),
            (640, -0.375),
            (1000, -0.552),
            (2000, -0.773),
        ),
    ),
    "similar": (
        2.951,
        (
            (5, -2.665),
            (10, -2.664),
            (20, -2.492),
            (40, -2.209),
            (80, -2.056),
            (160, -1.592),
            (320, -1.511),
            (640, -1.497),
            (1000, -1.520),
            (2000, -1.559),
        ),
    ),
    "sparse": (
        0,
        (
            (5, 0.044),
            (10, 0.002),
            (20, -0.062),
            (40, -0.379),
        ),
    ),
}
"""By engine: slope, and offsets by gap length in ms; quality = slope · score + offset."""
