"""A small lesson that passes all checks, for tests that break it in one place."""

GOOD = """\
# %% [markdown] tags=["core"]
# # 03 A title
#
# ## What you will be able to do
#
# 10 minutes. After this lesson you can
#
# - say what a token is;
# - count tokens.
#
# Lesson 02 ended with a question.

# %% tags=["core"]
from vitcourse.plots.pipeline import pipeline_strip
from vitcourse.widgets import live, picture, predict, slider

picture(pipeline_strip("block"), alt="You are here: the block.")

# %% [markdown] tags=["core"]
# ## Predict: two guesses

# %% tags=["core"]
count = predict("How many?", choices=["4", "9"])
count

# %% tags=["core"]
share = predict("Which share?", low=0, high=100, unit="%")
share

# %% [markdown] tags=["core"]
# ## The idea
#
# ```python
# ## no heading, a comment
# ```

# %% tags=["core", "nbval-check-output"]
print("tokens", (1, 9, 4))


# %% tags=["core"]
@live(alt="A dot that moves to the right.", n=slider(1, 4))
def dot(figure):
    return lambda n: None


dot

# %% [markdown] tags=["core"]
# ## Measure: the count

# %% tags=["core"]
count.reveal("9")

# %% [markdown] tags=["core"]
# ## Measure: the share

# %% tags=["core"]
share.reveal(30)

# %% [markdown] tags=["deeper"]
# ## Exercises
#
# Change it.

# %% mirror="vitcourse.encoder.MLP" tags=["deeper", "hide-source"]
MIRROR

# %% [markdown] tags=["core"]
# ## Recap
#
# Tokens.
#
# ## Quiz
#
# **1.** Why?
#
# <details><summary>Answer</summary>
#
# Because of that.
#
# </details>
#
# **2.** Where?
#
# <details><summary>Answer</summary>
#
# Over there, below.
#
# </details>
#
# **3.** When?
#
# <details><summary>Answer</summary>
#
# After the second.
#
# </details>

# %% [markdown] tags=["deeper"]
# ## Deeper
#
# ### A topic

# %% tags=["deeper"]
print(3)

# %% [markdown] tags=["deeper"]
# ### Another topic

# %% [markdown] tags=["core"]
# ## Papers
#
# Dosovitskiy et al., 2021.
"""
