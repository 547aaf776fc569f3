"""Sphinx's configuration for `make html`. Sphinx reads a copy of this folder, with the lessons beside it."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "extensions"))

project = "Vision Transformers, hands on"
author = "the vitcourse authors"
html_title = project
language = "en"
extensions = ["myst_nb", "formulas", "folding"]
exclude_patterns = ["extensions"]

# Notebooks bring their outputs along; nothing is run, and no widget manager is looked for elsewhere.
nb_execution_mode = "off"
nb_ipywidgets_js = {}
nb_merge_streams = True
nb_code_prompt_show = "Show the code"
nb_code_prompt_hide = "Hide the code"
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3

html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_js_files = [("frames.js", {"defer": "defer"}), ("folds.js", {"defer": "defer"})]
html_copy_source = False
html_show_sourcelink = False
html_show_copyright = False
html_use_index = False
# Summaries are fetched page by page, which a browser refuses for pages opened from a folder.
html_show_search_summary = False
pygments_style = "default"
pygments_dark_style = "github-dark"
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#0060a0", "color-brand-content": "#0060a0"},
    "dark_css_variables": {"color-brand-primary": "#64b5f6", "color-brand-content": "#64b5f6"},
}
