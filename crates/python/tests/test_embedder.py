from __future__ import annotations

import math
import pickle

import lookalike as la
import pytest


@pytest.fixture(scope="module")
def embedder():
    return la.Embedder(views=1, size=96)


def test_features_are_rows_with_and_without_numpy(embedder, strangers):
    numpy = pytest.importorskip("numpy")
    features = embedder(strangers)
    assert features.shape == (len(strangers), embedder.width) == (len(features), 1280)
    array = numpy.asarray(features)
    assert (array.dtype, array.shape) == (numpy.float32, features.shape)
    assert not array.flags.writeable and array.ctypes.data == numpy.frombuffer(features._data, "B").ctypes.data
    assert features.buffer().tolist() == array.tolist() == list(features)
    assert features[-1] == array[-1].tolist()
    with pytest.raises(IndexError):
        features[len(features)]
    assert embedder(strangers[2])[0] == features[2], "a batch is its pictures one by one"
    assert numpy.isfinite(array).all() and len({tuple(row) for row in array.tolist()}) == len(array)
    assert embedder([]).shape == (0, embedder.width)
    assert numpy.asarray(embedder([])).shape == (0, embedder.width)


def test_a_picture_that_cannot_be_read_is_named_or_has_a_row_of_nan(embedder, strangers):
    asked = [strangers[0], b"broken", strangers[1]]
    with pytest.raises(la.InputError, match=r"`\[1\]`") as caught:
        embedder(asked)
    assert "nan" in caught.value.help
    rows = list(embedder(asked, errors="nan"))
    assert all(map(math.isnan, rows[1])) and rows[2] == embedder(strangers[1])[0]
    with pytest.raises(ValueError, match="raise and nan"):
        embedder(asked, errors="ignore")


def test_a_fingerprint_stands_for_all_that_decides_features(embedder, strangers):
    again = pickle.loads(pickle.dumps(embedder))
    assert again.fingerprint == embedder.fingerprint
    assert again(strangers[0])[0] == embedder(strangers[0])[0]
    assert repr(again) == repr(embedder) == "Embedder(views=1, size=96, offline=False)"
    others = [la.Embedder(views=2, size=96), la.Embedder(views=1, size=64)]
    assert len({one.fingerprint for one in [embedder, *others]}) == 3


def test_settings_that_make_no_sense_are_refused():
    for settings in ({"views": 3}, {"size": 8}, {"backbone": "small"}):
        with pytest.raises(la.InputError):
            la.Embedder(**settings)
    with pytest.raises(la.InputError, match="there are"):
        la.Embedder("resnet5000")
    with pytest.raises(la.ModelError, match="none.safetensors"):
        la.Embedder(weights="none.safetensors")


def test_a_classifiers_own_features_are_offered(clf, strangers):
    features = clf.features(strangers)
    assert features.shape == (len(strangers), 1280)
