"""The checks of a lesson's source, tested: a made-up lesson passes them all, and each is seen to fail."""

from __future__ import annotations

import lesson_files
import lesson_mirrors
import pytest
from lesson_checks import OF_CELLS, OF_LESSON
from made_lesson import GOOD

MLP = lesson_mirrors.bare(lesson_mirrors.definitions("vitcourse.encoder")["MLP"])
SHOWN = MLP.replace("(nn.Module):", '(nn.Module):\n    """Another docstring."""', 1) + "  # a comment"
LESSON = GOOD.replace("MIRROR", SHOWN)
LAST = '# %% tags=["deeper"]\nprint(3)'  # the last code cell

# (what is looked at, what stands in the good lesson, what is put there, what the problem says)
BROKEN = [
    ("title", "# # 03 A title", "# # 3 A title", "the first line is '# 3 A title', expected '# 03 A title'"),
    ("title", "# ## The idea", "# # The idea", "2 headings of level 1"),
    ("order of parts", "# ## Recap", "# ## Summary", "no heading '## Recap'"),
    ("order of parts", "# ## Measure", "# ### Measure", "no heading '## Measure'"),
    ("order of parts", "# ## The idea", "# ## Quiz", "'## Quiz' stands 2 times"),
    ("order of parts", "# ## The idea", "# ## Exercises", "in this order: What you will be able to do, Predict, Ex"),
    ("opening", "# 10 minutes.", "# 12 minutes.", "says ['12'] minutes, the course table 10"),
    ("opening", "# - say what a token is;\n", "", "no list"),
    ("opening", "# Lesson 02 ended", "# Attention ended", "does not recall lesson 02"),
    ("deeper", "# ### ", "# #### ", "no heading of level 3"),
    ("predictions", 'share = predict("Which share?", low=0, high=100, unit="%")', "share = 1", "1 calls of predict"),
    ("predictions", 'pipeline_strip("block")', "strip", "no pipeline_strip(...) before"),
    ("predictions", 'strip("block"),', 'strip("block"), predict("?"),', "predicts before the heading '## Predict'"),
    ("predictions", "count.reveal", "share.reveal", "count is never revealed"),
    ("predictions", "# ## Measure: the share\n\n# %% tags=[", '# ## M\n\n# %% tags=["nbval-check-output", ', "03-0"),
    ("predictions", '# %% tags=["core"]\ncount = ', '# %% tags=["deeper"]\ncount = ', "outside the core"),
    ("quiz", "**3.** When?\n#\n# <details><summary>", "**3.** When?\n#\n# <summary>", "2 answers in <details>, 3 to 5"),
    ("quiz", "# After the second.\n#\n# </details>", "# After the second.\n#", "without <summary> or </details>"),
    ("quiz", "# Because of that.\n", "#\n", "fewer than 3 words"),
    ("quiz", "</summary>\n#\n# Because", "</summary>\n# Because", "no empty line"),
    ("tags", LAST, "# %%\nprint(3)", "exactly one of core and deeper"),
    ("tags", LAST, '# %% tags=["deeper", "core"]\nprint(3)', "exactly one of core and deeper"),
    ("tags", LAST, '# %% tags=["deeper", "nbval-skip"]\nprint(3)', "unknown tag 'nbval-skip'"),
    ("tags", 'tags=["core"]\n# ## Recap', 'tags=["core", "hide-source"]\n# ## Recap', "no code cell"),
    ("tags", '[markdown] tags=["core"]\n# ## Recap', '[markdown] tags=["deeper"]\n# ## Recap', "not tagged core"),
    ("tags", '[markdown] tags=["deeper"]\n# ## Deeper', '[markdown] tags=["core"]\n# ## Deeper', "not tagged deeper"),
    ("tags", 'print("tokens", (1, 9, 4))', 'load("mnist")', "loads data"),
    ("folding", "# ## Papers\n", "# ### Papers\n", "folded away by a deeper heading of level 2"),
    ("folding", "# ## Papers\n", "# Papers\n", "folded away by a deeper heading of level 2"),
    ("folding", LAST, '# %% tags=["core"]\nprint(3)', "is core, but folded away"),
    ("folding", "# ## Deeper\n", "# Text.\n#\n# ## Deeper\n", "a heading below other text"),
    ("alt texts", ', alt="You are here: the block."', "", "no alt text"),
    ("alt texts", 'alt="A dot that moves to the right."', 'alt="dot"', "no alt text"),
    ("alt texts", "    return lambda n: None", "    return job(print, alt='')", "no alt text"),
    ("mirrors", "self.contract(hidden)", "self.contract(self.activation(hidden))", "-        return self.dropout"),
    ("mirrors", "dropout=0.0", "dropout=0.1", "differs from vitcourse.encoder.MLP"),
    ("mirrors", "  # a comment", "\n\nprint(4)", "must hold MLP and nothing else"),
    ("mirrors", "vitcourse.encoder.MLP", "vitcourse.MLP", "is not defined there"),
    ("mirrors", "vitcourse.encoder.MLP", "torch.nn.MLP", "is not defined there"),
    ("classes of the package", ' mirror="vitcourse.encoder.MLP"', "", 'mirror="vitcourse.encoder.MLP"'),
    ("classes of the package", "# ## no heading, a comment", "# class MLP: pass", "shows MLP"),
    ("names that a learner may have edited", "print(3)", "print(MLP)", "uses MLP"),
]  # fmt: skip

# What stands in the good lesson, and what may stand there as well.
HARMLESS = [
    ("print(3)", "from vitcourse.encoder import MLP\nprint(MLP)"),
    ("print(3)", "class Small:\n    pass\n\n\n# %timeit Small()"),
    (LAST, '# %% [markdown] tags=["deeper"]\n# ```python\n# class MLP:\n# ...a fragment\n# ```'),
    ("# ## Papers\n", "# ## Further reading\n#\n# ## Papers\n"),
]  # fmt: skip


def problems(what: str, text: str, folder, **course) -> list[str]:
    lesson, notebook = lesson_files.made(text, folder, **course)
    if what in OF_CELLS:
        return OF_CELLS[what](notebook.cells)
    return OF_LESSON[what](lesson, notebook.cells)


@pytest.mark.parametrize("what", [*OF_CELLS, *OF_LESSON])
def test_a_good_lesson_passes(what, tmp_path):
    assert problems(what, LESSON, tmp_path) == []


@pytest.mark.parametrize(("what", "good", "bad", "says"), BROKEN)
def test_a_broken_one_does_not(what, good, bad, says, tmp_path):
    assert good in LESSON
    found = problems(what, LESSON.replace(good, bad), tmp_path)
    assert any(says in problem for problem in found), found


@pytest.mark.parametrize(("good", "other"), HARMLESS)
def test_what_is_allowed(good, other, tmp_path):
    assert good in LESSON
    text = LESSON.replace(good, other)
    assert {what: found for what in [*OF_CELLS, *OF_LESSON] if (found := problems(what, text, tmp_path))} == {}


def test_lesson_00_may_leave_out_measure_and_deeper(tmp_path):
    text = LESSON.replace("# ## Measure", "# ## More").replace("# ## Deeper", "# ## Even more")
    assert problems("order of parts", text, tmp_path, number="00") == []
    assert len(problems("order of parts", text, tmp_path)) == 2
