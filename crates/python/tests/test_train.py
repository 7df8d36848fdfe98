from __future__ import annotations

import json
import os
import pathlib
import signal
import subprocess
import sys
import time
import warnings

import lookalike as la
import pytest


def test_a_run_is_what_the_program_trains(run, practice, place):
    command = [sys.executable, "-m", "lookalike", "train", practice, "--json"]
    command += ["-o", place / "other.lookalike", "--folds", "3", "--repeats", "1"]
    printed = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert printed.returncode == 0, printed.stderr
    document = json.loads(printed.stdout)
    for part in ("accuracy", "per_class", "id"):
        assert run.data[part] == document[part], part
    assert "accuracy" in repr(run) and run.path in repr(run)
    assert pathlib.Path(run.path).exists() and pathlib.Path(run.report_path).exists()
    assert run.accuracy["low"] <= run.accuracy["value"] <= run.accuracy["high"]


def test_paths_with_labels_train_like_a_folder(run, paths, practice, place):
    labels = [pathlib.Path(path).parent.name for path in paths]
    quick = {"folds": 3, "repeats": 1, "report": False}
    by_labels = la.train(paths, labels, output=place / "listed.lookalike", **quick)
    assert by_labels.report_path is None
    assert by_labels.classifier.classes == run.classifier.classes
    assert len(by_labels.data["per_class"]) == 3
    again = la.train(place / "listed.labels.csv", output=place / "again.lookalike", **quick)
    assert again.data["id"] == by_labels.data["id"]
    for pictures, names in ((practice, ["a"]), (paths, None), (paths, ["a"])):
        with pytest.raises(la.InputError):
            la.train(pictures, names, output=place / "x.lookalike")
    with pytest.raises(la.InputError, match="output"):
        la.train(paths, labels)


def test_events_are_heard_on_the_callers_thread(practice, place):
    import threading

    events, threads = [], set()

    def hear(event):
        events.append(event)
        threads.add(threading.get_ident())

    heard = place / "heard.lookalike"
    la.train(practice, output=heard, report=False, folds=3, repeats=1, progress=hear)
    kinds = {event["event"] for event in events}
    assert {"planned", "scored", "saved", "progress"} <= kinds
    assert threads == {threading.get_ident()}

    class Enough(Exception):
        pass

    def stop(event):
        raise Enough

    with pytest.raises(Enough):
        la.train(practice, output=place / "never.lookalike", progress=stop)
    assert not (place / "never.lookalike").exists()


def test_warnings_of_a_run_are_pythons(practice, place):
    import shutil

    folder = place / "with a broken one"
    shutil.copytree(practice, folder)
    (next(folder.iterdir()) / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        la.train(folder, output=place / "w.lookalike", report=False, folds=3, repeats=1)
    told = [str(one.message) for one in caught if one.category is la.LookalikeWarning]
    assert any("broken.jpg" in line for line in told), told


def test_bars_are_drawn_by_tqdm_where_it_is(practice, clf, paths, capsys):
    pytest.importorskip("tqdm")
    assert capsys.readouterr().err == ""
    clf.predict(paths, progress=False)
    assert capsys.readouterr().err == ""
    from lookalike._progress import _Bars, listener

    drawn = []

    class Bar:
        def __init__(self, **settings):
            drawn.append(settings)

        def update(self, units):
            drawn.append(units)

        def close(self):
            drawn.append("closed")

    clf._core.predict(((path, path) for path in paths), len(paths), False, None, _Bars(Bar))
    assert drawn[0]["total"] == len(paths) and drawn[-1] == "closed"
    assert sum(units for units in drawn if isinstance(units, int)) == len(paths)
    assert listener(True)._tqdm is not None and listener(False)._tqdm is None


SCRIPT = """
import signal, sys, lookalike as la
signal.signal(signal.SIGINT, signal.default_int_handler)
def hear(event):
    print(event["event"], flush=True)
try:
    la.train(sys.argv[1], output=sys.argv[2], recipe="classic", backbone="small", size=64,
             epochs=400, batch=8, precision="fp32", report=False, progress=hear)
except KeyboardInterrupt:
    print("interrupted", flush=True)
    sys.exit(7)
"""


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_ctrl_c_ends_a_run_cleanly_and_it_can_be_resumed(practice, place):
    output = place / "stopped.lookalike"
    command = [sys.executable, "-c", SCRIPT, practice, output]

    def started(until: str, times: int) -> subprocess.Popen[str]:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        seen = []
        for line in process.stdout:
            seen.append(line.strip())
            if seen.count(until) >= times:
                return process
        raise AssertionError(seen)

    process = started("epoch", 2)
    begun = time.monotonic()
    process.send_signal(signal.SIGINT)
    rest = process.stdout.read()
    assert process.wait(60) == 7 and "interrupted" in rest
    print(f"ended {time.monotonic() - begun:.2f} s after Ctrl-C")
    process = started("resumed", 1)
    process.kill()
    process.wait()
