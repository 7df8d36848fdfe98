"""Columns of Arrow of every kind that pictures come in."""

from __future__ import annotations

import pathlib

import lookalike as la
import pytest

pyarrow = pytest.importorskip("pyarrow")

KINDS = {
    "binary": pyarrow.binary(),
    "large_binary": pyarrow.large_binary(),
    "binary_view": pyarrow.binary_view(),
}


@pytest.fixture(scope="module")
def data(strangers):
    return [pathlib.Path(path).read_bytes() for path in strangers]


@pytest.mark.parametrize("kind", KINDS)
def test_bytes_are_read_where_the_column_has_them(clf, strangers, data, kind):
    expected = [one.probabilities for one in clf.predict(strangers)]
    column = pyarrow.array([b"before", *data, None], KINDS[kind])
    answers = clf.predict(column)
    assert [one.probabilities for one in answers[1:-1]] == expected
    assert [answers[at].verdict for at in (0, -1)] == ["unreadable"] * 2
    assert "empty" in answers[-1].error
    # A part of a column begins within its buffers, and a column may have several.
    part = pyarrow.chunked_array([column[1:3], column[3:-1]])
    assert [one.probabilities for one in clf.predict(part)] == expected


@pytest.mark.parametrize("kind", [pyarrow.string(), pyarrow.large_string(), pyarrow.string_view()])
def test_strings_are_paths(clf, strangers, kind):
    answers = clf.predict(pyarrow.array([*strangers, None], kind))
    assert answers[:-1] == clf.predict(strangers)
    assert answers[-1].verdict == "unreadable"


def test_structs_are_those_of_hugging_face(clf, strangers, data):
    rows = [{"bytes": data[0], "path": "author's/own.png"}, {"bytes": None, "path": strangers[1]}]
    rows += [{"bytes": None, "path": None}, None]
    answers = clf.predict(pyarrow.array(rows))
    expected = [one.probabilities for one in clf.predict(strangers[:2])]
    assert [one.probabilities for one in answers[:2]] == expected
    assert [one.verdict for one in answers[2:]] == ["unreadable"] * 2


def test_a_buffer_of_arrow_is_a_file(clf, strangers, data):
    buffer = pyarrow.py_buffer(data[0])
    expected = clf.predict(strangers[0])[0].probabilities
    assert clf.predict(buffer)[0].probabilities == expected
    assert clf.predict([buffer])[0].probabilities == expected


def test_bytes_of_a_column_are_not_copied_in_python(data):
    from lookalike._pictures import pairs

    column = pyarrow.array(data)
    _, _, values = column.buffers()
    for name, view in pairs(column)[0]:
        assert isinstance(view, memoryview)
        address = pyarrow.py_buffer(view).address
        assert values.address <= address < values.address + values.size, name


def test_features_are_a_column(clf, strangers):
    features = clf.features([strangers[0], b"broken", strangers[1]], errors="nan")
    assert list(features.errors) == [1] and "picture" in features.errors[1]
    column = features.to_arrow()
    assert column.type == pyarrow.list_(pyarrow.float32(), 1280)
    assert column.to_pylist() == [features[0], None, features[2]]
    assert la.Features(b"", 0, 1280).to_arrow().to_pylist() == []
