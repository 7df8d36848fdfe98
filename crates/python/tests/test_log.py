"""The log of a run, read by TensorBoard's own loader."""

from __future__ import annotations

import csv
import json
import pathlib
import shutil

import lookalike as la
import pytest

SETTINGS = {"backbone": "small", "size": 32, "batch": 8, "frozen_epochs": 2, "epochs": 4}


def history(log: pathlib.Path) -> list[dict[str, str]]:
    with open(log / "history.csv", newline="") as file:
        return list(csv.DictReader(file))


def scalars(log: pathlib.Path) -> dict[str, list[tuple[int, float]]]:
    """Every series as TensorBoard has it, in its order."""
    accumulator = pytest.importorskip(
        "tensorboard.backend.event_processing.event_accumulator", reason="no TensorBoard"
    )
    events = accumulator.EventAccumulator(str(log), size_guidance={"scalars": 0}).Reload()
    tags = events.Tags()["scalars"]
    return {tag: [(one.step, one.value) for one in events.Scalars(tag)] for tag in tags}


def assert_series_are_the_history(log: pathlib.Path) -> None:
    rows, series = history(log), scalars(log)
    for stage in ("frozen", "unfrozen"):
        epochs = [row for row in rows if row["stage"] == stage]
        for tag, column in (("training loss", "train_loss"), ("held-out loss", "valid_loss")):
            told = series[f"{stage}/{tag}"]
            assert [step for step, _ in told] == [int(row["step"]) for row in epochs]
            assert [value for _, value in told] == pytest.approx(
                [float(row[column]) for row in epochs], abs=1e-5
            )
        steps = [step for step, _ in series[f"{stage}/loss of steps"]]
        first = steps[0]
        assert steps == list(range(first, int(epochs[-1]["step"]) + 1)), "every step, in order"
    assert series["frozen/loss of steps"][0][0] == 1


def test_tensorboard_reads_every_number_in_order(practice, tmp_path):
    log = tmp_path / "log"
    run = la.train(practice, output=tmp_path / "a.lookalike", log=log, **SETTINGS)
    assert [row["stage"] for row in history(log)] == ["frozen"] * 2 + ["unfrozen"] * 4
    assert json.loads((log / "run.json").read_text()) == run.data
    assert_series_are_the_history(log)
    series = scalars(log)
    for name, part in (("", "value"), ("_low", "low"), ("_high", "high")):
        assert series[f"scores/accuracy{name}"][-1][1] == pytest.approx(run.accuracy[part])

    # A file that is cut anywhere loses its last event and no other.
    whole = next(log.glob("events.out.tfevents.*"))
    names = sum(len(told) for told in series.values())
    for cut in (1, 20):
        shorter = tmp_path / f"cut {cut}"
        shorter.mkdir()
        shutil.copy(whole, shorter)
        data = whole.read_bytes()[:-cut]
        (shorter / whole.name).write_bytes(data)
        left = scalars(shorter)
        lost = [tag for tag in series if tag not in left]
        assert lost and all(tag.startswith("scores/") for tag in lost), "the last event's"
        assert names - sum(len(told) for told in left.values()) == len(lost)


def test_a_run_that_is_resumed_goes_on_in_its_series(practice, tmp_path):
    log = tmp_path / "log"

    def stop_in_the_middle(event):
        if event["event"] == "epoch" and event["epoch"]["stage"] == "unfrozen":
            raise KeyboardInterrupt

    settings = SETTINGS | {"output": tmp_path / "a.lookalike", "log": log}
    with pytest.raises(KeyboardInterrupt):
        la.train(practice, progress=stop_in_the_middle, **settings)
    assert len(history(log)) < 6
    la.train(practice, **settings)
    assert len(list(log.glob("events.out.tfevents.*"))) == 2
    assert len(history(log)) == 6
    assert_series_are_the_history(log)

    # The same again, from the start: its numbers replace the earlier ones.
    la.train(practice, fresh=True, **settings)
    assert_series_are_the_history(log)


def test_the_default_recipe_logs_the_heads_that_competed(run, practice, tmp_path):
    log = tmp_path / "log"
    la.train(practice, output=tmp_path / "a.lookalike", log=log, folds=3, repeats=1)
    rows = history(log)
    candidates = run.data["candidates"]
    assert [row["stage"] for row in rows] == [f"head: {one['name']}" for one in candidates]
    told = [float(row["valid_loss"]) for row in rows]
    assert told == pytest.approx([one["log_loss"] for one in candidates], abs=1e-5)


def test_a_log_that_cannot_begin_is_an_error(practice, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(la.Error, match="file"):
        la.train(practice, output=tmp_path / "a.lookalike", log=tmp_path / "file")
