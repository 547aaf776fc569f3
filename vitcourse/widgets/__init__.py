"""What learners touch: static pictures with alt text, pictures with controls, predictions, jobs.

Nothing here computes: lessons pass in functions that compute and draw.
"""

from vitcourse.widgets.controls import button, cell, choices, drawing, play, point, slider, toggle
from vitcourse.widgets.explorer import Explorer, explorer
from vitcourse.widgets.figure import Figure
from vitcourse.widgets.job import Job, job
from vitcourse.widgets.live import Live, live
from vitcourse.widgets.picture import Picture, picture
from vitcourse.widgets.predict import Prediction, predict

__all__ = [
    "Explorer",
    "Figure",
    "Job",
    "Live",
    "Picture",
    "Prediction",
    "button",
    "cell",
    "choices",
    "drawing",
    "explorer",
    "job",
    "live",
    "picture",
    "play",
    "point",
    "predict",
    "slider",
    "toggle",
]
