"""Pictures that files of other programs name or hold, and features instead of pictures."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys

import lookalike as la
import pytest

QUICK = {"folds": 3, "repeats": 1, "report": False}
BOX = [30, 30, 100, 100]


@pytest.fixture(scope="module")
def boxes(paths, place):
    """The practice set as COCO, with a box in each picture."""
    names = sorted({pathlib.Path(path).parent.name for path in paths})
    file = place / "coco" / "boxes.json"
    file.parent.mkdir()
    document = {
        "images": [
            {"id": at, "file_name": str(pathlib.Path(path).relative_to(place))}
            for at, path in enumerate(paths)
        ],
        "categories": [{"id": at, "name": name} for at, name in enumerate(names)],
        "annotations": [
            {
                "image_id": at,
                "category_id": names.index(pathlib.Path(path).parent.name),
                "bbox": BOX,
            }
            for at, path in enumerate(paths)
        ],
    }
    file.write_text(json.dumps(document))
    return file


def test_boxes_are_trained_on_and_predicted_as_the_program_does(boxes, paths, place, clf):
    run = la.train(boxes, root=place, output=place / "boxes.lookalike", **QUICK)
    command = [sys.executable, "-m", "lookalike", "train", boxes, "--root", place, "--no-report"]
    command += ["--folds", "3", "--repeats", "1", "-o", place / "typed.lookalike", "--json"]
    typed = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert json.loads(typed.stdout)["id"] == run.data["id"], typed.stderr
    found = la.pictures_in(boxes, root=place)
    assert [pathlib.Path(one.file) for one in found] == [pathlib.Path(path) for path in paths]
    assert str(found[0]) == f"{paths[0]}#30,30,100,100" and str(found[0]) in repr(found[0])
    assert len({found[0], found[0], found[1]}) == 2
    answers = clf.predict(found)
    assert [one.picture for one in answers] == [str(one) for one in found]
    assert clf.predict(str(found[0]))[0].to_dict() == answers[0].to_dict()
    assert clf.predict([str(found[0])])[0].to_dict() == answers[0].to_dict()
    command = [sys.executable, "-m", "lookalike", "predict", place / "practice.lookalike", boxes]
    printed = subprocess.run(
        [*command, "--root", place, "--json"], capture_output=True, text=True, timeout=600
    )
    assert json.loads(printed.stdout)["predictions"] == answers.to_dicts(), printed.stderr
    features = la.Embedder()(found[:2])
    assert features.shape[0] == 2


def test_a_file_of_another_kind_is_refused(place, clf, paths):
    with pytest.raises(la.InputError, match="no file of labels"):
        la.pictures_in(paths[0])
    broken = place / "broken.json"
    broken.write_text("{")
    for ask in (la.pictures_in, clf.predict, lambda file: la.train(file, output=place / "x")):
        with pytest.raises(la.InputError, match="broken.json"):
            ask(broken)


def test_a_data_set_in_parquet_is_predicted_row_by_row(paths, place, clf):
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    data = [pathlib.Path(path).read_bytes() for path in reversed(paths)]
    names = [pathlib.Path(path).parent.name for path in reversed(paths)]
    image = pyarrow.array([{"bytes": one, "path": None} for one in data])
    table = pyarrow.table({"image": image, "label": names})
    file = place / "set.parquet"
    parquet.write_table(table, file, compression="none", use_dictionary=False)
    answers = clf.predict(file)
    assert [one.picture for one in answers] == [f"{file}#{row}" for row in range(len(paths))]
    expected = clf.predict(data)
    assert [one.probabilities for one in answers] == [one.probabilities for one in expected]
    command = [sys.executable, "-m", "lookalike", "predict", place / "practice.lookalike", file]
    printed = subprocess.run([*command, "--json"], capture_output=True, text=True, timeout=600)
    assert json.loads(printed.stdout)["predictions"] == answers.to_dicts(), printed.stderr


def test_features_are_trained_on_as_the_pictures_are(practice, place, run):
    command = [sys.executable, "-m", "lookalike", "features", practice, "-o", place / "feats"]
    subprocess.run(command, check=True, capture_output=True, timeout=600)
    for features in (place / "feats", [str(place / "feats" / "*.parquet")]):
        output = place / "of-features.lookalike"
        trained = la.train(features=features, output=output, **QUICK)
        for part in ("accuracy", "per_class", "log_loss"):
            assert trained.data[part] == run.data[part], part
    for pictures, labels in ((practice, None), (None, ["a"])):
        with pytest.raises(la.InputError):
            la.train(pictures, labels, features=place / "feats", output=place / "x.lookalike")
    with pytest.raises(la.InputError, match="nothing to train on"):
        la.train(output=place / "x.lookalike")
