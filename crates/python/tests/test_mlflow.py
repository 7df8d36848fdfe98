"""MLflow, with its records in a local SQLite file."""

from __future__ import annotations

import base64
import json
import pathlib

import lookalike as la
import pytest

mlflow = pytest.importorskip("mlflow", reason="MLflow is not installed")
pandas = pytest.importorskip("pandas")
lm = pytest.importorskip("lookalike.mlflow")


@pytest.fixture(scope="module")
def logged(run, place):
    mlflow.set_tracking_uri(f"sqlite:///{place}/mlflow.db")
    mlflow.set_experiment(
        experiment_id=mlflow.create_experiment("birds", artifact_location=f"file://{place}/artifacts")
    )
    with mlflow.start_run() as active:
        model = lm.log(run)
    return active.info.run_id, model


def test_a_run_is_logged_with_settings_scores_and_intervals(logged, run):
    record = mlflow.get_run(logged[0])
    metrics, accuracy = record.data.metrics, run.accuracy
    for name, part in (("", "value"), ("_low", "low"), ("_high", "high")):
        assert metrics[f"accuracy{name}"] == accuracy[part]
    assert metrics["log_loss"] > 0 and metrics["pictures"] == 36
    facts = {fact["name"]: fact["value"] for fact in run.data["facts"]}
    assert record.data.params and all(facts[name] == value for name, value in record.data.params.items())
    artifacts = [one.path for one in mlflow.MlflowClient().list_artifacts(logged[0])]
    assert pathlib.Path(run.report_path).name in artifacts


def test_its_model_answers_as_the_classifier_does(logged, clf, strangers):
    model = mlflow.pyfunc.load_model(logged[1].model_uri)
    data = [pathlib.Path(path).read_bytes() for path in strangers]
    said = model.predict(pandas.DataFrame({"picture": [*data, b"broken"]}))
    expected = clf.predict([*data, b"broken"]).to_pandas()
    pandas.testing.assert_frame_equal(said, expected)
    assert said["verdict"].tolist()[-1] == "unreadable"
    assert [column.name for column in model.metadata.signature.outputs.inputs] == list(said.columns)
    # Nobody who asks a server names files of it.
    with pytest.raises(la.InputError, match="not of bytes"):
        model.predict(pandas.DataFrame({"picture": strangers}))


def test_mlflow_serves_it(logged, clf, strangers):
    pytest.importorskip("httpx2", reason="FastAPI's test client is not installed")
    from fastapi.testclient import TestClient
    from mlflow.pyfunc import scoring_server

    app = scoring_server.init(mlflow.pyfunc.load_model(logged[1].model_uri))
    data = [pathlib.Path(path).read_bytes() for path in strangers]
    rows = [[base64.b64encode(one).decode()] for one in data]
    asked = {"dataframe_split": {"columns": ["picture"], "data": rows}}
    answer = TestClient(app).post("/invocations", json=asked)
    assert answer.status_code == 200, answer.text
    said = json.loads(answer.text)["predictions"]
    assert [row["verdict"] for row in said] == [one.verdict for one in clf.predict(data)]
    assert [row["class"] for row in said] == [one.class_name for one in clf.predict(data)]


def test_a_classifier_is_logged_without_a_run(logged, run):
    with mlflow.start_run():
        model = lm.log_model(la.Classifier.load(run.path), "alone")
    assert mlflow.pyfunc.load_model(model.model_uri).metadata.flavors["python_function"]
