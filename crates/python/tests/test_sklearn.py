"""scikit-learn's own checks, as far as they apply.

Most checks of ``check_estimator`` fit an estimator on rows of random numbers, which are no pictures;
told so by its tags, scikit-learn leaves those out. What remains is listed here by name.
"""

from __future__ import annotations

import pathlib
import pickle
import warnings

import pytest

sklearn = pytest.importorskip("sklearn")
numpy = pytest.importorskip("numpy")

from sklearn.base import clone  # noqa: E402
from sklearn.exceptions import NotFittedError  # noqa: E402
from sklearn.linear_model import LogisticRegression  # noqa: E402
from sklearn.model_selection import cross_val_score  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.utils import estimator_checks  # noqa: E402

from lookalike.errors import InputError  # noqa: E402
from lookalike.sklearn import LookalikeClassifier, PictureFeatures  # noqa: E402

APPLY = [
    "check_estimator_cloneable",
    "check_estimator_repr",
    "check_estimator_tags_renamed",
    "check_get_params_invariance",
    "check_mixin_order",
    "check_no_attributes_set_in_init",
    "check_parameters_default_constructible",
    "check_set_params",
    "check_valid_tag_types",
]


@pytest.mark.parametrize("estimator", [PictureFeatures(), LookalikeClassifier()], ids=repr)
@pytest.mark.parametrize("check", APPLY)
def test_a_check_of_scikit_learn_that_needs_no_numbers_passes(estimator, check):
    getattr(estimator_checks, check)(type(estimator).__name__, clone(estimator))


@pytest.mark.parametrize("estimator", [PictureFeatures(), LookalikeClassifier()], ids=repr)
def test_check_estimator_leaves_out_what_cannot_apply(estimator):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        results = estimator_checks.check_estimator(estimator)
    assert all(one["status"] in ("passed", "skipped", "xfail") for one in results), results
    assert any("string" in str(warning.message) for warning in caught)


@pytest.fixture(scope="module")
def labels(paths):
    return [pathlib.Path(path).parent.name for path in paths]


def test_features_go_into_any_classifier(paths, labels, strangers):
    features = PictureFeatures(views=1, size=96)
    pipeline = make_pipeline(features, LogisticRegression(max_iter=1000))
    scores = cross_val_score(pipeline, paths, labels, cv=3)
    assert scores.mean() > 0.4, "better than one in three"
    pipeline.fit(paths, labels)
    sent = pickle.loads(pickle.dumps(pipeline))
    assert (sent.predict(strangers) == pipeline.predict(strangers)).all()
    rows = features.transform(paths[:2])
    assert (rows.shape, rows.dtype) == ((2, 1280), numpy.float32)
    assert len(features.get_feature_names_out()) == 1280
    assert clone(features).get_params() == features.get_params()
    assert (features.transform(numpy.array(paths[:2])[:, None]) == rows).all()


def test_features_come_as_a_frame_where_that_is_set(paths):
    pandas = pytest.importorskip("pandas")
    features = PictureFeatures(views=1, size=64).set_output(transform="pandas")
    frame = features.fit_transform(pandas.DataFrame({"picture": paths[:2]}))
    assert isinstance(frame, pandas.DataFrame) and frame.columns[0] == "feature0"


def test_a_classifier_is_fitted_on_paths_and_labels(paths, labels, strangers):
    estimator = LookalikeClassifier(views=1, size=96, repeats=1)
    with pytest.raises(NotFittedError):
        estimator.predict(paths)
    assert estimator.fit(paths, labels) is estimator
    assert estimator.classes_.tolist() == sorted(set(labels))
    assert 0 <= estimator.accuracy_["value"] <= 1
    odds = estimator.predict_proba(strangers)
    assert odds.shape == (len(strangers), 3) and numpy.allclose(odds.sum(axis=1), 1, atol=1e-5)
    named = estimator.predict(strangers)
    said = estimator.classifier_.predict(strangers, always=True)
    assert named.tolist() == [one.class_name for one in said]
    truth = [pathlib.Path(path).parent.name for path in strangers]
    assert 0 <= estimator.score(strangers, truth) <= 1
    again = pickle.loads(pickle.dumps(estimator))
    assert (again.predict_proba(strangers) == odds).all()
    # Labels of another type come back as they were, in their own order.
    numbers = [sorted(set(labels), reverse=True).index(label) for label in labels]
    counted = clone(estimator).fit(paths, numbers)
    assert counted.classes_.tolist() == [0, 1, 2]
    assert set(counted.predict(strangers).tolist()) <= {0, 1, 2}
    with pytest.raises(InputError):
        estimator.predict([strangers[0], b"broken"])
    with pytest.raises(InputError):
        estimator.fit(paths[0], labels[:1])
