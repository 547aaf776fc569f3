"""What learners touch: static pictures with alt text, pictures with controls, predictions, jobs.

Nothing here computes: lessons pass in functions that compute and draw.
"""

from vitcourse.widgets.controls import button, choices, play, slider, toggle
from vitcourse.widgets.figure import Figure
from vitcourse.widgets.live import Live, live
from vitcourse.widgets.picture import Picture, picture
from vitcourse.widgets.predict import Prediction, predict
from vitcourse.widgets.touch import cell, point

__all__ = [
    "Figure",
    "Live",
    "Picture",
    "Prediction",
    "button",
    "cell",
    "choices",
    "live",
    "picture",
    "play",
    "point",
    "predict",
    "slider",
    "toggle",
]
