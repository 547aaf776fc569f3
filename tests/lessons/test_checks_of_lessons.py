"""The checks of a lesson's source, tested: a made-up lesson passes them all, and each is seen to fail."""

from __future__ import annotations

import lesson_exercises
import lesson_files
import lesson_mirrors
import pytest
from lesson_checks import OF_CELLS, OF_LESSON
from made_lesson import EXERCISES, GOOD

MLP = lesson_mirrors.bare(lesson_mirrors.definitions("vitcourse.encoder")["MLP"])
SHOWN = MLP.replace("(nn.Module):", '(nn.Module):\n    """Another docstring."""', 1) + "  # a comment"
LESSON = GOOD.replace("MIRROR", SHOWN)
LAST = '# %% tags=["deeper"]\nprint(3)'  # the last code cell
TOKENS = 'print("tokens", (1, 9, 4))'  # a cell above the exercises
SOFTMAX = """
def softmax(x: Tensor) -> Tensor:
    \"\"\"With a docstring of its own.\"\"\"
    e = x.exp()
    s = e.sum(dim=-1, keepdim=True)
    p = e / s  # as the reference, but for names
    return p
"""

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
    ("quiz", 'quiz("03")', 'quiz("02")', 'must end with quiz("03")'),
    ("quiz", 'quiz("03")', 'quiz("03")\nprint()', 'must end with quiz("03")'),
    ("quiz", 'quiz("03")', 'shown = quiz("03")', 'must end with quiz("03")'),
    ("quiz", '# %% tags=["core"]\nquiz', '# %% tags=["deeper"]\nquiz', "holds the quiz, but is not core"),
    ("quiz", '# %% tags=["core"]\nquiz("03")\n', "", "'## Quiz' holds 0 code cells"),
    ("quiz", 'quiz("03")', 'quiz("03")\n\n# %% tags=["core"]\nprint()', "'## Quiz' holds 2 code cells"),
    ("quiz", "# Click.", "# <details><summary>A</summary>\n#\n# B\n#\n# </details>", "an answer in <details>"),
    ("quiz", "print(3)", 'quiz("03")', "calls quiz(...) outside"),
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
    ("tags", '[markdown] tags=["core"]\n# ## Exercises', '[markdown] tags=["core", "exercise"]\n# ## Ex', "no code"),
    ("tags", '"deeper", "exercise"', '"deeper", "exercise", "hide-source"', "an exercise, but folded"),
    ("exercises", "def rows_to_one(", "def rows(", "no cell for the exercise rows_to_one"),
    ("exercises", '"deeper", "exercise"]', '"deeper"]', "no cell for the exercise mended"),
    ("exercises", "def rows_to_one(", "def mended(", "mended has 2 cells"),
    ("exercises", '["deeper", "exercise"]\ndef r', '["core", "exercise"]\ndef r', "to rows_to_one, tag it deeper"),
    ("exercises", '["core", "exercise"]\ndef g', '["deeper", "exercise"]\ndef g', "to grid_tokens, tag it core"),
    ("exercises", 'tags=["core"]\n# ## Exercises', 'tags=["deeper"]\n# ## Exercises', "grid_tokens, tag it core"),
    ("headings of exercises", "# ### `mended`", "# ### mended", "the heading '### `mended`'"),
    ("headings of exercises", "# ### `mended`", "# #### `mended`", "the heading '### `mended`'"),
    ("headings of exercises", "# The code is wrong.", "# ### Wrong code", "the heading '### `mended`'"),
    ("headings of exercises", "# The code is wrong.", '# %% tags=["deeper"]\nprint()', "the heading '### `mended`'"),
    ("headings of exercises", "# 4 minutes, difficulty ●●○", "# 3 minutes, difficulty ●●○", "once: 4 minutes"),
    ("headings of exercises", "# 4 minutes, difficulty ●●○", "# 4 minutes, difficulty ●●●", "once: 4 minutes"),
    ("headings of exercises", "# 4 minutes, difficulty ●●○. M", "# M", "below the heading of rows_to_one belongs"),
    ("stubs", "scores: Tensor", "weights: Tensor", "its parameters are not those of (scores)"),
    ("stubs", "(scores: Tensor)", "(scores: Tensor, *, eps: float = 0)", "its parameters are not those of"),
    ("stubs", "scores: Tensor", "scores", "a type is missing"),
    ("stubs", "(scores: Tensor) -> Tensor", "(scores: Tensor)", "a type is missing"),
    ("stubs", '    """Shares along the last axis, which sum to 1."""\n', "", "no docstring"),
    ("stubs", "def rows_to_one(", "@cached\ndef rows_to_one(", "it is decorated"),
    ("stubs", "    raise NotImplementedError\n", "    return scores.exp()\n", "`raise NotImplementedError` alone"),
    ("stubs", "    raise NotImplementedError\n", "    scores.exp()\n    raise NotImplementedError\n", "alone"),
    ("stubs", "    raise NotImplementedError\n", "    raise ValueError\n", "alone"),
    ("stubs", "tokens = tokens * 2  #", "tokens = tokens + 2  #", "not that of the exercise's `unattempted`"),
    ("stubs", "\n    return tokens.mean(dim=0)", "\n    raise NotImplementedError", "`unattempted`"),
    ("stubs", "check(rows_to_one)", "", "belongs the line check(rows_to_one)"),
    ("stubs", "check(rows_to_one)", "check(mended)", "belongs the line check(rows_to_one)"),
    ("stubs", "check(rows_to_one)", "result = check(rows_to_one)", "belongs the line check(rows_to_one)"),
    ("stubs", "check(rows_to_one)", "check(rows_to_one)\nprint(rows_to_one)", "holds more than the function"),
    ("stubs", "def rows_to_one(", "import math\n\n\ndef rows_to_one(", "belongs the line check(rows_to_one)"),
    ("stubs", "def rows_to_one(", "def helper(): ...\n\n\ndef rows_to_one(", "must define one of grid_tokens, "),
    ("stubs", "def rows_to_one(", "def rows(", "must define one of"),
    ("stubs", "print(3)", "def mended(tokens):\n    return tokens", "defines mended, an exercise: tag it exercise"),
    ("names of exercises", "print(3)", "print(grid_tokens(4, 4, 2))", "uses grid_tokens, which is the learner's own"),
    ("names of exercises", "print(3)", "mended = 3", "uses mended"),
    ("names of exercises", "tokens = tokens * 2  #", "tokens = rows_to_one(tokens)  #", "uses rows_to_one"),
    ("names of exercises", "import check, hint", "import check, grid_tokens, hint", "imports grid_tokens"),
    ("names of exercises", "print(3)", "from vitcourse import tokens as mended", "imports mended"),
    ("names of exercises", "print(3)", "import vitcourse.mended as mended", "imports mended"),
    ("answers", TOKENS, "h, w, p = 6, 9, 3\nprint((h // p) * (w // p))", "the answer of grid_tokens: h // p * ("),
    ("answers", TOKENS, "print((im.height // p) * (im.width // p))", "the answer of grid_tokens"),
    ("answers", TOKENS, "print(x)\ne = x.exp() / x.exp().sum(dim=-1, keepdim=True)", "the answer of rows_to_one: x"),
    ("answers", TOKENS, SOFTMAX, "the answer of rows_to_one: def softmax"),
    ("answers", TOKENS, "print(lambda x: 2 * x.mean(dim=1))", "the answer of mended: 2 * x.mean(dim=1)"),
]  # fmt: skip

# What stands in the good lesson, and what may stand there as well.
HARMLESS = [
    ("print(3)", "from vitcourse.encoder import MLP\nprint(MLP)"),
    ("print(3)", "class Small:\n    pass\n\n\n# %timeit Small()"),
    (LAST, '# %% [markdown] tags=["deeper"]\n# ```python\n# class MLP:\n# ...a fragment\n# ```'),
    ('quiz("03")', 'print()\nquiz("03")'),
    ("check(rows_to_one)", "check(rows_to_one)\nsolution(rows_to_one)"),
    ("### `grid_tokens`", "### Exercise: `grid_tokens`"),
    ("raise NotImplementedError  # your code here", 'raise NotImplementedError("your code here")'),
    ("print(3)", "print(vc.grid_tokens(4, 4, 2), dict(mended=3))"),  # attribute and keyword are no names
    ("print(3)", "from elsewhere import patches as vit_patches"),
    ("print(3)", SOFTMAX),  # below the exercises
    (TOKENS, "print((height // patch_size) * (width // other_size))"),
    (TOKENS, "print((side // patch_size) * (side // patch_size))"),
    (TOKENS, "print(x.exp() / total)"),
    (TOKENS, "print(grid_tokens(4, 4, 2))"),
    ("# ## Papers\n", "# ## Further reading\n#\n# ## Papers\n"),
]  # fmt: skip


@pytest.fixture(autouse=True)
def made_exercises(monkeypatch):
    """The catalog of these tests: lesson 03 has the made-up exercises, others have none."""
    monkeypatch.setattr(lesson_exercises, "exercises_of", lambda lesson: EXERCISES if lesson.number == "03" else {})


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


def test_exercises_stand_in_the_order_of_the_catalog(tmp_path):
    headings = ("More exercises", "`mended`", "The finished layer")
    cut = [LESSON.index(f'# %% [markdown] tags=["deeper"]\n# ### {heading}') for heading in headings]
    text = LESSON[: cut[0]] + LESSON[cut[1] : cut[2]] + LESSON[cut[0] : cut[1]] + LESSON[cut[2] :]
    (found,) = problems("exercises", text, tmp_path)
    assert "in this order: grid_tokens, mended, rows_to_one; in the catalog: grid_tokens, rows_to_one, mended" in found


def test_a_lesson_without_exercises_has_no_stub(tmp_path):
    found = problems("stubs", LESSON, tmp_path, number="00")
    assert len(found) == 3
    assert all("must define one of none" in problem for problem in found)


def test_a_mirror_may_use_an_exercises_name(monkeypatch, tmp_path):
    """As the finished attention layer uses the functions that learners write."""
    monkeypatch.setattr(lesson_exercises, "exercises_of", lambda lesson: {"super": EXERCISES["grid_tokens"]})
    text = LESSON.replace("grid_tokens", "super")
    assert "super().__init__()" in text
    assert problems("names of exercises", text, tmp_path) == []
    (found,) = problems("names of exercises", text.replace('mirror="vitcourse.encoder.MLP" ', ""), tmp_path)
    assert "uses super" in found


def test_the_catalog_is_what_lessons_are_held_to(monkeypatch):
    monkeypatch.undo()
    from vitcourse.exercises import catalog

    for lesson in lesson_files.WRITTEN:
        assert tuple(lesson_exercises.exercises_of(lesson)) == catalog.LESSONS.get(lesson.number, ())
