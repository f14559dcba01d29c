"""The colours that all plots share."""

COLOURS = ("#00798c", "#d1495b", "#edae49", "#66a182")
MUTED = "#6b6b6b"
REAL, GENERATED = "#9a9a9a", "#d1495b"
