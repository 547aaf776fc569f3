"""The hook that a saved notebook passes through."""

import copy
import subprocess
import sys

import pytest

from vitcourse.widgets.saving import (
    RUN_THIS_CELL,
    WIDGET_STATE,
    WIDGET_VIEW,
    server_config,
    strip_widget_views,
)

VIEW = {"model_id": "abc", "version_major": 2, "version_minor": 0}


def notebook(*outputs, metadata=None):
    cell = {"cell_type": "code", "source": "x", "metadata": {}, "execution_count": 1, "outputs": list(outputs)}
    text = {"cell_type": "markdown", "source": "y", "metadata": {}}
    content = {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata or {}, "cells": [text, cell]}
    return {"type": "notebook", "format": "json", "content": content}


def shown(**data):
    kinds = {key.replace("_", "/"): value for key, value in data.items()}
    return {"output_type": "display_data", "metadata": {WIDGET_VIEW: {}}, "data": {WIDGET_VIEW: VIEW, **kinds}}


def outputs(model):
    return model["content"]["cells"][1]["outputs"]


def test_a_picture_stays_without_its_view():
    model = notebook(shown(image_png="iVBOR", text_plain="live picture"))
    strip_widget_views(model=model, path="a.ipynb", contents_manager=None)
    assert outputs(model)[0]["data"] == {"image/png": "iVBOR", "text/plain": "live picture"}
    assert outputs(model)[0]["metadata"] == {}


def test_html_stays_without_its_view():
    model = notebook(shown(text_html="<p>Predict</p>"))
    strip_widget_views(model)
    assert outputs(model)[0]["data"] == {"text/html": "<p>Predict</p>"}


def test_a_view_alone_becomes_a_line():
    model = notebook(shown(text_plain="  0%|      | 0/10"))
    strip_widget_views(model)
    assert outputs(model)[0]["data"] == {"text/plain": RUN_THIS_CELL}


def test_other_outputs_are_untouched():
    stream = {"output_type": "stream", "name": "stdout", "text": "49"}
    plain = {"output_type": "execute_result", "data": {"image/png": "x", "text/plain": "y"}, "metadata": {}}
    error = {"output_type": "error", "ename": "E", "evalue": "", "traceback": []}
    model = notebook(stream, plain, error)
    before = copy.deepcopy(model)
    strip_widget_views(model)
    assert model == before


def test_the_stored_state_goes():
    model = notebook(metadata={"widgets": {WIDGET_STATE: {"state": {}}}, "kernelspec": {"name": "python3"}})
    strip_widget_views(model)
    assert model["content"]["metadata"] == {"kernelspec": {"name": "python3"}}


@pytest.mark.parametrize(
    "model",
    [
        {"type": "file", "format": "text", "content": "text"},
        {"type": "directory", "content": None},
        {"type": "notebook", "content": None},
        {"type": "notebook"},
        {"type": "notebook", "content": {"nbformat": 3, "worksheets": []}},
        {"type": "notebook", "content": {"nbformat": 4, "cells": None}},
        {"type": "notebook", "content": {"nbformat": 4, "cells": [{"outputs": [{"data": [1]}]}, {"outputs": None}]}},
        {"type": "notebook", "content": {"nbformat": 4, "cells": [], "metadata": {"widgets": 3}}},
        None,
    ],
)
def test_saving_never_breaks(model):
    before = copy.deepcopy(model)
    strip_widget_views(model=model, path="x", contents_manager=None, unknown=1)
    assert model == before


def test_the_server_loads_it_without_pytorch(tmp_path):
    path = tmp_path / "jupyter_server_config.py"
    path.write_text(server_config(), encoding="utf-8")
    code = (
        "import sys, types; c = types.SimpleNamespace(FileContentsManager=types.SimpleNamespace());"
        f"exec(open({str(path)!r}).read());"
        "print(c.FileContentsManager.pre_save_hook.__name__, 'torch' in sys.modules, 'vitcourse' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert done.stdout.split() == ["strip_widget_views", "False", "False"]
