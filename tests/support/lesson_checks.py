"""All checks of a lesson's source, by name: what `tests/lessons` applies to each lesson, and tests in turn."""

from __future__ import annotations

from collections.abc import Sequence

import lesson_exercises as exercises
import lesson_mirrors
import lesson_outputs_kept as kept
import lesson_shape as shape
import pytest

OF_CELLS = {
    "predictions": shape.prediction_problems,
    "tags": shape.tag_problems,
    "folding": shape.folding_problems,
    "alt texts": kept.alt_problems,
    "mirrors": lesson_mirrors.mirror_problems,
    "classes of the package": lesson_mirrors.unmarked_problems,
    "names that a learner may have edited": lesson_mirrors.poison_problems,
}
OF_LESSON = {
    "title": shape.title_problems,
    "order of parts": shape.order_problems,
    "opening": shape.opening_problems,
    "deeper": shape.deeper_problems,
    "quiz": shape.quiz_problems,
    "exercises": exercises.place_problems,
    "headings of exercises": exercises.heading_problems,
    "stubs": exercises.stub_problems,
    "names of exercises": exercises.name_problems,
    "answers": exercises.answer_problems,
}
OF_OUTPUTS = {
    "execution": kept.execution_problems,
    "checked outputs": kept.checked_problems,
    "paths and addresses": kept.private_problems,
    "pictures": kept.picture_problems,
}


def none_of(problems: Sequence[str]) -> None:
    """Fails with the problems alone: a traceback would say nothing to an author."""
    if problems:
        pytest.fail("\n".join(problems), pytrace=False)
