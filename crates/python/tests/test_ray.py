"""Ray Data, on the processors of this machine."""

from __future__ import annotations

import os
import pathlib
import re
import signal
import threading
import time

import lookalike as la
import pytest

from engines import assert_told_alike, parquet, real_sets

ray = pytest.importorskip("ray", reason="Ray is not installed")
lr = pytest.importorskip("lookalike.ray")


@pytest.fixture(scope="module", autouse=True)
def cluster():
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    yield
    ray.shutdown()


@pytest.mark.parametrize("form", ["bytes", "path", "image"])
def test_answers_are_those_of_the_program_row_for_row(form, clf, run, paths, strangers, tmp_path):
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(b"\xff\xd8\xff\xe0 no picture")
    asked = [*strangers, str(bad), *paths]
    parquet(tmp_path / "photos", asked)
    photos = ray.data.read_parquet(str(tmp_path / "photos")).select_columns(list({"path", form}))
    said = lr.predict(run.path, photos, form, batch_size=8).take_all()
    assert form == "path" or form not in said[0]
    assert_told_alike(said, run.path, asked, clf.classes)


@pytest.mark.parametrize("folder", real_sets(), ids=lambda folder: folder.name)
def test_all_pictures_of_a_real_set(folder, tmp_path):
    run = la.train(folder, output=tmp_path / "real.lookalike", report=False, repeats=1)
    asked = sorted(str(path) for path in folder.glob("*/*"))
    parquet(tmp_path / "photos", asked, files=3)
    photos = ray.data.read_parquet(str(tmp_path / "photos")).select_columns(["path", "bytes"])
    said = lr.predict(run.classifier, photos, "bytes").take_all()
    assert_told_alike(said, run.path, asked, run.classifier.classes)


def test_features_are_a_column_with_reasons(strangers):
    embedder = la.Embedder(views=1, size=96)
    pictures = ray.data.from_items([{"path": path} for path in [*strangers, "nowhere.png"]])
    said = lr.features(embedder, pictures, "path", batch_size=4).take_all()
    assert [list(row["features"]) for row in said[:-1]] == list(embedder(strangers))
    assert said[-1]["features"] is None and "no such file" in said[-1]["error"]


def test_columns_are_not_written_over(clf, strangers):
    pictures = ray.data.from_items([{"path": path, "class": "x"} for path in strangers])
    with pytest.raises(Exception, match="a column `class`"):
        lr.predict(clf, pictures, "path").take_all()


def test_an_actor_that_is_killed_leaves_no_batch_undone(clf, run, paths, strangers):
    """The kernel may take a process at any time, for want of memory or of a machine."""
    asked = (paths + strangers) * 6
    pictures = ray.data.from_items([{"number": n, "path": path} for n, path in enumerate(asked)])
    killed = []

    def kill():
        until = time.monotonic() + 60
        while not killed and time.monotonic() < until:
            killed.extend(computing()[:1])
            time.sleep(0.05)
        time.sleep(0.5)  # in the midst of a batch
        for pid in killed:
            os.kill(pid, signal.SIGKILL)

    thread = threading.Thread(target=kill)
    thread.start()
    said = lr.predict(run.path, pictures, "path", batch_size=16).take_all()
    thread.join()
    assert killed, "an actor was found and killed"
    assert sorted(row["number"] for row in said) == list(range(len(asked)))
    expected = {one.picture: one.class_name for one in clf.predict(sorted(set(asked)))}
    assert all(row["class"] == expected[row["path"]] for row in said)


def computing() -> list[int]:
    """Processes of this Ray that have loaded the package's module."""
    found = []
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            name = (process / "cmdline").read_bytes()
            mapped = name.startswith(b"ray::") and "_lookalike" in (process / "maps").read_text()
            if mapped and os.getpid() in ancestors(int(process.name)):
                found.append(int(process.name))
        except OSError:
            continue
    return found


def ancestors(pid: int) -> set[int]:
    found = set()
    while pid > 1:
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
        pid = int(re.search(r"^PPid:\s+(\d+)", status, re.MULTILINE)[1])
        found.add(pid)
    return found
