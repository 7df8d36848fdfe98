from __future__ import annotations

import io
import json
import pathlib
import pickle
import subprocess
import sys

import lookalike as la
import pytest


def program(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "lookalike", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=600)


def test_answers_are_those_of_the_program_to_the_last_digit(clf, run, strangers, place):
    bad = place / "bad.jpg"
    bad.write_bytes(b"\xff\xd8\xff\xe0 no picture")
    asked = [*strangers, str(bad)]
    printed = program("predict", run.path, *asked, "--json")
    assert printed.returncode == 3, printed.stderr
    document = json.loads(printed.stdout)
    said = clf.predict(asked)
    assert said.to_dicts() == document["predictions"]
    assert (clf.classes, clf.novelty_limit) == (document["classes"], document["novelty_limit"])
    always = json.loads(program("predict", run.path, *strangers, "--json", "--always").stdout)
    assert clf.predict(strangers, always=True).to_dicts() == always["predictions"]
    sure = program("predict", run.path, *strangers, "--json", "--min-probability", "0.9").stdout
    assert clf.predict(strangers, min_probability=0.9).to_dicts() == json.loads(sure)["predictions"]


def test_a_picture_may_come_in_any_way(clf, strangers):
    PIL = pytest.importorskip("PIL.Image")
    numpy = pytest.importorskip("numpy")
    path = strangers[0]
    by_path = clf.predict(path)[0]
    data = pathlib.Path(path).read_bytes()
    # Bytes have the file's digest, pixels have none, and the rest is the same.
    for way in (pathlib.Path(path), data, bytearray(data), memoryview(data)):
        assert clf.predict(way)[0].to_dict()["top"] == by_path.to_dict()["top"]
    pixels = PIL.open(path).convert("RGB")
    array = numpy.asarray(pixels)
    expected = clf.predict(array)[0].probabilities
    stack = numpy.stack([array, array[:, ::-1]])
    flipped = numpy.ascontiguousarray(array[:, ::-1])
    assert clf.predict(pixels)[0].probabilities == expected
    assert clf.predict(numpy.asfortranarray(array))[0].probabilities == expected
    assert [one.probabilities for one in clf.predict(stack)] == [
        clf.predict(one)[0].probabilities for one in (array, flipped)
    ]
    assert clf.predict(array[:, ::-1])[0].probabilities == clf.predict(flipped)[0].probabilities
    if path.endswith(".png"):
        assert expected == by_path.probabilities


def test_several_pictures_may_come_in_any_way(clf, place, strangers):
    numpy = pytest.importorskip("numpy")
    pyarrow = pytest.importorskip("pyarrow")
    practice, paths = place / "strangers", strangers
    expected = clf.predict(paths).to_dicts()
    by_name = {one["picture"]: one for one in expected}
    assert clf.predict(p for p in paths).to_dicts() == expected
    assert clf.predict(tuple(map(pathlib.Path, paths))).to_dicts() == expected
    assert clf.predict(numpy.array(paths)).to_dicts() == expected
    assert clf.predict(pyarrow.array(paths)).to_dicts() == expected
    assert clf.predict(pyarrow.chunked_array([paths])).to_dicts() == expected
    in_folder = clf.predict(practice).to_dicts()
    assert {one["picture"]: one for one in in_folder} == by_name
    by_pattern = clf.predict(f"{practice}/*/*").to_dicts()
    assert by_pattern == [by_name[path] for path in sorted(paths)]
    data = [pathlib.Path(path).read_bytes() for path in paths]
    of_bytes = clf.predict(pyarrow.array(data))
    assert [one.picture for one in of_bytes] == [f"[{n}]" for n in range(len(paths))]
    assert [one.probabilities for one in of_bytes] == [one.probabilities for one in clf.predict(paths)]
    of_rows = clf.predict([{"bytes": one, "path": None} for one in data])
    assert of_rows == of_bytes
    assert clf.predict([]).to_dicts() == []


def test_known_pictures_are_known_also_by_their_bytes(clf, paths):
    for way in (paths[0], pathlib.Path(paths[0]).read_bytes()):
        assert clf.predict(way)[0].reason == "known"


def test_what_is_no_picture_is_refused_with_advice(clf, place):
    numpy = pytest.importorskip("numpy")
    for array, advice in (
        (numpy.zeros((4, 5, 3)), "astype"),
        (numpy.zeros((3, 4, 5), "uint8"), "transpose"),
        (numpy.zeros((4, 5), "uint8"), "stack"),
    ):
        with pytest.raises((TypeError, ValueError), match=advice):
            clf.predict(array)
    for thing in (3, [3], None, object()):
        with pytest.raises(TypeError):
            clf.predict(thing)
    empty = place / "empty"
    empty.mkdir()
    for path in (place / "no.jpg", empty, f"{place}/no*.jpg"):
        with pytest.raises(la.InputError) as caught:
            clf.predict(path)
        assert caught.value.help and "help: " in str(caught.value)
    # In a list a picture that is not there has no answer, and the others do.
    unread = clf.predict([place / "no.jpg", b"no picture"])
    assert [one.verdict for one in unread] == ["unreadable"] * 2
    assert all(one.error and one.class_name is None and not one.answer for one in unread)


def test_an_iterator_that_raises_ends_in_its_own_exception(clf, paths):
    def some():
        yield paths[0]
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        clf.predict(some())
    assert len(clf.predict(paths[:2])) == 2


def test_predictions_are_a_list_of_plain_objects(clf, strangers):
    said = clf.predict(strangers)
    assert len(said) == len(strangers) and said[-1] == list(said)[-1]
    assert isinstance(said[1:3], la.Predictions) and len(said[1:3]) == 2
    assert pickle.loads(pickle.dumps(said)) == said
    assert strangers[0] in repr(said) and "unreadable" not in repr(said)
    one = said[0]
    assert one.top[0] == max(one.probabilities.items(), key=lambda pair: pair[1])
    assert sum(one.probabilities.values()) == pytest.approx(1)
    assert sum(said.probabilities[0]) == pytest.approx(1)
    assert one.nearest[0].class_name in clf.classes


def test_tables_are_read_in_one_line(clf, strangers, place):
    pyarrow = pytest.importorskip("pyarrow")
    pandas = pytest.importorskip("pandas")
    polars = pytest.importorskip("polars")
    duckdb = pytest.importorskip("duckdb")
    bad = place / "torn.png"
    bad.write_bytes(b"\x89PNG\r\n\x1a\n")
    said = clf.predict([*strangers, bad])
    table = pyarrow.table(said)
    columns = ["picture", "verdict", "class", "probability", "answer", "reason", "novelty"]
    columns += ["nearest", "error", *(f"probability of {name}" for name in clf.classes)]
    assert table.column_names == columns
    rows = table.to_pylist()
    for row, one in zip(rows, said, strict=True):
        assert (row["picture"], row["verdict"]) == (one.picture, one.verdict)
        assert (row["class"], row["error"]) == (one.class_name, one.error)
        assert row["answer"] == [named.name for named in one.answer]
        # A table has 32-bit floats, and an answer their shortest decimals: the same numbers.
        if one.novelty is not None:
            assert row["novelty"] == pyarrow.scalar(one.novelty, pyarrow.float32()).as_py()
        if one.answer:
            share = pyarrow.scalar(one.probabilities[clf.classes[0]], pyarrow.float32()).as_py()
            assert row[f"probability of {clf.classes[0]}"] == share
    frame = polars.DataFrame(said)
    assert frame.to_dicts() == rows
    assert duckdb.sql("select * from said").fetchall() == [tuple(row.values()) for row in rows]
    pandas_rows = said.to_pandas()
    assert list(pandas_rows.columns) == columns
    assert pandas_rows["picture"].tolist() == [row["picture"] for row in rows]
    by_protocol = pandas.DataFrame.from_arrow(said)
    assert by_protocol["verdict"].tolist() == pandas_rows["verdict"].tolist()
    assert by_protocol["novelty"].tolist()[:-1] == pandas_rows["novelty"].tolist()[:-1]
    assert pyarrow.table(clf.predict([])).num_rows == 0


def test_a_picture_is_turned_upright_by_its_exif_only_in_a_file(clf):
    PIL = pytest.importorskip("PIL.Image")
    picture = PIL.new("RGB", (60, 20))
    for x in range(30):
        for y in range(20):
            picture.putpixel((x, y), (255, 200, 20))
    exif = PIL.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    turned, plain = io.BytesIO(), io.BytesIO()
    picture.save(turned, "png", exif=exif)
    picture.transpose(PIL.Transpose.ROTATE_270).save(plain, "png")
    same, other = clf.predict([turned.getvalue(), plain.getvalue()])
    assert same.probabilities == other.probabilities
    assert clf.predict(PIL.open(io.BytesIO(turned.getvalue())))[0].probabilities != other.probabilities
