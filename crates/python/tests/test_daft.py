"""Daft, on the processors of this machine."""

from __future__ import annotations

import lookalike as la
import pytest

from engines import assert_told_alike, parquet, real_sets

daft = pytest.importorskip("daft", reason="Daft is not installed")
ld = pytest.importorskip("lookalike.daft")


@pytest.mark.parametrize("form", ["bytes", "path", "image"])
def test_answers_are_those_of_the_program_row_for_row(form, clf, run, paths, strangers, tmp_path):
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(b"\xff\xd8\xff\xe0 no picture")
    asked = [*strangers, str(bad), *paths]
    parquet(tmp_path / "photos", asked)
    photos = daft.read_parquet(f"{tmp_path}/photos/*.parquet")
    said = photos.select("path", ld.predict(run.path, photos[form], batch_size=8)).to_pylist()
    assert_told_alike(said, run.path, asked, clf.classes)
    verdicts = {row["path"]: row["verdict"] for row in said}
    assert verdicts[str(bad)] == "unreadable" and "class" in verdicts.values()


@pytest.mark.parametrize("folder", real_sets(), ids=lambda folder: folder.name)
def test_all_pictures_of_a_real_set(folder, tmp_path):
    run = la.train(folder, output=tmp_path / "real.lookalike", report=False, repeats=1)
    asked = sorted(str(path) for path in folder.glob("*/*"))
    parquet(tmp_path / "photos", asked, files=3)
    photos = daft.read_parquet(f"{tmp_path}/photos/*.parquet")
    said = photos.select("path", ld.predict(run.classifier, photos["bytes"])).to_pylist()
    assert_told_alike(said, run.path, asked, run.classifier.classes)


def test_a_classifier_travels_and_settings_with_it(clf, strangers):
    frame = daft.from_pydict({"path": strangers})
    said = frame.select(ld.predict(clf, frame["path"], always=True, cpus=1)).to_pylist()
    expected = clf.predict(strangers, always=True)
    assert [row["class"] for row in said] == [one.class_name for one in expected]


def test_features_are_a_column_with_reasons(strangers):
    embedder = la.Embedder(views=1, size=96)
    frame = daft.from_pydict({"path": [*strangers, "nowhere.png"]})
    said = frame.select(ld.features(embedder, frame["path"], batch_size=4)).to_pylist()
    assert [list(row["features"]) for row in said[:-1]] == list(embedder(strangers))
    assert said[-1]["features"] is None and "no such file" in said[-1]["error"]
