from __future__ import annotations

import pathlib
import pickle

import lookalike as la
import pytest


def test_a_classifier_is_its_files_bytes(clf, run, place):
    data = pathlib.Path(run.path).read_bytes()
    assert clf.to_bytes() == data
    copy = place / "copy.lookalike"
    clf.save(copy)
    assert copy.read_bytes() == data
    again = la.Classifier.from_bytes(data, "sent.lookalike")
    assert again.name == "sent.lookalike" and again.classes == clf.classes
    assert "sent.lookalike" in repr(again)
    assert again.verify() < 1e-3


def test_pickle_needs_no_file_and_loads_once_a_process(run, strangers):
    mine = la.Classifier.load(run.path)
    expected = mine.predict(strangers)
    sent = pickle.dumps(mine)
    first, second = pickle.loads(sent), pickle.loads(sent)
    assert first is second and first is not mine
    assert first.predict(strangers) == expected


def test_errors_say_what_failed_and_what_to_do(place, practice):
    broken = place / "broken.lookalike"
    broken.write_bytes(b"\x08\0\0\0\0\0\0\0{}      ")
    with pytest.raises(la.ModelError, match="broken.lookalike"):
        la.Classifier.load(broken)
    with pytest.raises(la.ModelError, match="no such file") as caught:
        la.Classifier.load(place / "none.lookalike")
    assert "none.lookalike" in str(caught.value) and caught.value.help
    with pytest.raises(la.ModelError, match="sent"):
        la.Classifier.from_bytes(b"bees", "sent")
    with pytest.raises(la.InputError) as caught:
        la.train(place / "nothing", output=place / "x.lookalike")
    assert "nothing" in str(caught.value)
    assert isinstance(caught.value, la.Error) and isinstance(caught.value, ValueError)
    with pytest.raises(la.InputError, match="efficientnet-lite0"):
        la.train(practice, output=place / "x.lookalike", backbone="resnet5000")
    with pytest.raises(la.InputError, match="folds=1"):
        la.train(practice, output=place / "x.lookalike", folds=1)
    error = pickle.loads(pickle.dumps(la.InputError("words", "advice")))
    assert (str(error), error.help) == ("words\nhelp: advice", "advice")


def test_a_report_is_a_page_in_a_frame(clf, run, place):
    report = clf.report()
    assert report.html.startswith("<!") and pathlib.Path(run.report_path).read_text() == report.html
    shown = report._repr_html_()
    assert shown.startswith("<iframe sandbox=") and "&lt;!" in shown and "<html" not in shown
    assert clf._repr_html_() == run._repr_html_() == shown
    assert report.to_dict()["accuracy"] == run.accuracy
    report.save(place / "saved.html")
    assert (place / "saved.html").read_text() == report.html


def test_an_export_is_written_and_described(clf, place):
    written = clf.export(place / "practice.onnx", half=True)
    assert written["target"] == "onnx" and (place / "practice.onnx").stat().st_size > 1_000_000
    with pytest.raises(la.InputError, match="there are onnx, timm and hub"):
        clf.export(place / "x", to="coreml")
