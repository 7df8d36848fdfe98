"""Runs exported files in ONNX Runtime, or OpenVINO, and holds them against Lookalike's own answers.

    runtimes.py MANIFEST [--runtime ort|openvino]
    runtimes.py --binary LOOKALIKE MODEL PICTURE... [--runtime ort|openvino] [--keep DIR]

A manifest is what the tests write: files, pictures, and the answers that are expected. With
`--binary` the program itself exports MODEL and predicts the pictures. Needs onnx, onnxruntime and
pillow. Exit code 0: everything holds; 1: something does not, and it is printed.
"""

import argparse
import base64
import io
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy
import onnx
import onnxruntime
from onnx import numpy_helper
from PIL import Image, ImageOps

PROBABILITY, NOVELTY, NEAR, OPERATOR = 2e-3, 5e-4, 1e-4, 1e-2
failures = []


def hold(condition, what):
    if not condition:
        failures.append(what)
        print(f"FAILED: {what}", flush=True)


def session(model, runtime):
    """A function from a batch to a dictionary of outputs."""
    if runtime == "openvino":
        import openvino

        core, hint = openvino.Core(), {"INFERENCE_PRECISION_HINT": "f32"}
        source = model if isinstance(model, str) else io.BytesIO(model.SerializeToString())
        compiled = core.compile_model(core.read_model(source), "CPU", hint)
        names = [output.get_any_name() for output in compiled.outputs]
        return lambda batch: dict(zip(names, [numpy.array(x) for x in compiled([batch]).values()]))
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    source = model if isinstance(model, str) else model.SerializeToString()
    run = onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
    names, [entry] = [output.name for output in run.get_outputs()], run.get_inputs()
    return lambda batch: dict(zip(names, run.run(None, {entry.name: batch})))


def decode(png):
    return numpy.asarray(Image.open(io.BytesIO(base64.b64decode(png))).convert("RGB"))


def described(model):
    return json.loads({entry.key: entry.value for entry in model.metadata_props}["lookalike"])


def tensor(picture, about):
    """A square as the network takes it."""
    mean, std = (numpy.array(about["preprocess"][key], numpy.float32) for key in ("mean", "std"))
    scaled = (picture.astype(numpy.float32) / 255 - mean) / std
    return numpy.ascontiguousarray(scaled.transpose(2, 0, 1))


def near_threshold(about, known, tolerance):
    """Whether rounding may decide the verdict."""
    numbers = [abs(p - t) for p, t in zip(known["probabilities"], about["thresholds"])]
    numbers += [abs(p - about["coverage"]) for p in known["probabilities"]]
    if known.get("novelty") is not None and about["novelty_limit"] is not None:
        numbers.append(abs(known["novelty"] - about["novelty_limit"]))
    return min(numbers) < tolerance


def compare(name, about, known, found, worst):
    """Holds the outputs on one picture against what is known of it."""
    probability = float(numpy.abs(found["probabilities"] - known["probabilities"]).max())
    worst["probability"] = max(worst.get("probability", 0), probability)
    hold(probability <= worst["limit"], f"{name}: a probability is off by {probability:.1e}")
    if "novelty" in found and known.get("novelty") is not None:
        novelty = abs(float(found["novelty"]) - known["novelty"])
        worst["novelty"] = max(worst.get("novelty", 0), novelty)
        limit = max(NOVELTY, worst["novelty_limit"])
        hold(novelty <= limit, f"{name}: the novelty is off by {novelty:.1e}")
    if "nearest" in found and known.get("nearest") and "operator" not in worst:
        apart = numpy.diff(found["distances"][: len(known["nearest"]) + 1]) > NEAR
        for place, row in enumerate(known["nearest"]):
            if not apart[: place + 1].all():
                break
            hold(row == found["nearest"][place], f"{name}: neighbour {place} is another")
    worst["pictures"] = worst.get("pictures", 0) + 1
    if known.get("verdict") is not None:
        same = int(found["verdict"]) == known["verdict"]
        worst["same verdict"] = worst.get("same verdict", 0) + same
        hold(same or near_threshold(about, known, worst["limit"]), f"{name}: verdict {found['verdict']}, not {known['verdict']}")
    if known.get("named") is not None:
        named = numpy.flatnonzero(found["named"]).tolist()
        same = named == sorted(known["named"])
        hold(same or near_threshold(about, known, worst["limit"]), f"{name}: names {named}, not {known['named']}")


def check(path):
    """The file as ONNX's own checker sees it."""
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
    hold(model.ir_version == 8, f"{path}: IR version {model.ir_version}")
    hold(model.opset_import[0].version in (17, 18), f"{path}: opset")
    return model


def run_all(name, path, known, runtime, half=False):
    model = check(path)
    about = described(model)
    run = session(path, runtime)
    limit = PROBABILITY if about["input"] == "picture" or half else 1e-4
    worst = {"limit": limit, "novelty_limit": PROBABILITY if half else 0}
    if model.opset_import[0].version == 18:
        # The operator's weights are not rounded as ours are.
        worst = {"limit": OPERATOR, "novelty_limit": OPERATOR, "operator": True}
    for index, one in enumerate(known):
        picture = one["pixels"] if "pixels" in one else decode(one["png"])
        batch = picture if about["input"] == "picture" else tensor(picture, about)
        found = {key: value[0] for key, value in run(batch[None]).items()}
        compare(f"{name}, picture {one.get('name', index)} {picture.shape[:2]}", about, one, found, worst)
    print(f"{name} ({runtime}): {({k: v for k, v in worst.items() if 'limit' not in k})}", flush=True)
    return model, about, run


def batches(name, run, picture):
    """Any number of pictures at a time give the same bits."""
    batch = numpy.stack([numpy.roll(picture, 7 * shift, axis=1) for shift in range(16)])
    singles = [run(one[None]) for one in batch]
    for size in (3, 16):
        together = run(batch[:size])
        for key, values in together.items():
            same = all((values[i] == singles[i][key][0]).all() for i in range(size))
            hold(same, f"{name}: {key} of a batch of {size} differs from single pictures")


def changed(model, change):
    """A copy with one mistake in it; nothing where the mistake cannot be made."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    return copy if change(copy) else None


def wrong_mean(model):
    for given in model.graph.initializer:
        if given.name == "scale/shift":
            given.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(given) * 0.8, given.name))
            return True


def no_mirror(model):
    for node in model.graph.node:
        if node.name == "views/all":
            node.input[1] = node.input[0]
            return True


def no_filter(model):
    found = False
    for node in model.graph.node:
        if node.name.endswith("reach/half"):
            node.input[0], found = node.input[1], True
        if node.op_type == "Resize":
            for setting in node.attribute:
                if setting.name in ("antialias", "exclude_outside"):  # the second needs the first
                    setting.i, found = 0, True
    return found


def blue_first(model):
    for node in model.graph.node:
        if node.name == "crop/channels_first":
            channels = model.graph.initializer.add()
            channels.CopyFrom(numpy_helper.from_array(numpy.array([2, 1, 0], numpy.int64), "bgr"))
            gather = onnx.helper.make_node("Gather", [node.input[0], "bgr"], ["bgr/pixels"], axis=3)
            node.input[0] = "bgr/pixels"
            place = list(model.graph.node).index(node)
            model.graph.node.insert(place, gather)
            return True


def mistakes(name, model, answers, runtime):
    """The self-test finds every mistake that is made in practice."""
    for mistake in (wrong_mean, blue_first, no_mirror, no_filter):
        wrong = changed(model, mistake)
        if wrong is None:
            continue
        run, moved = session(wrong, runtime), 0.0
        for known in answers["pictures"]:
            found = run(decode(known["png"])[None])["probabilities"][0]
            moved = max(moved, float(numpy.abs(found - known["probabilities"]).max()))
        print(f"{name}: {mistake.__name__} moves a probability by {moved:.4f}")
        hold(moved > answers["tolerance"], f"{name}: the self-test misses {mistake.__name__}")


def verify(path, runtime):
    """What docs/export.md shows, on the self-test beside a file."""
    answers = json.loads(pathlib.Path(path).with_suffix(".selftest.json").read_text())
    known = answers["pictures"]
    return answers, known


def by_manifest(manifest, runtime):
    folder = pathlib.Path(manifest).parent
    for entry in json.loads(pathlib.Path(manifest).read_text()):
        name, path = entry["name"], str(folder / entry["file"])
        model, about, run = run_all(name, path, entry["pictures"], runtime, entry["half"])
        answers, known = verify(path, runtime)
        run_all(f"{name}, self-test", path, known, runtime, entry["half"])
        if about["input"] == "picture":
            batches(name, run, decode(entry["pictures"][0]["png"]))
        if entry.get("mistakes"):
            mistakes(name, model, answers, runtime)


def predictions(binary, model, pngs):
    command = [binary, "predict", model, "-", "--json", "--top", "100000", "--quiet"]
    listed = "\n".join(map(str, pngs))
    done = subprocess.run(command, input=listed, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{command}: {done.stderr}")
    return json.loads(done.stdout)


def by_binary(binary, model, pictures, runtime, keep, more):
    place = pathlib.Path(keep or tempfile.mkdtemp())
    place.mkdir(parents=True, exist_ok=True)
    pngs, pixels = [], []
    for index, path in enumerate(pictures):
        # The same pixels for both; a colour profile would make others of them.
        picture = Image.fromarray(
            numpy.asarray(ImageOps.exif_transpose(Image.open(path)).convert("RGB"))
        )
        png = place / f"{index:05}.png"
        picture.save(png, compress_level=1)
        pngs.append(png)
        pixels.append(numpy.asarray(picture))
    told = predictions(binary, model, pngs)
    classes = told["classes"]
    known = []
    for path, picture, one in zip(pictures, pixels, told["predictions"]):
        probabilities = {top["class"]: top["probability"] for top in one["top"]}
        named = [classes.index(answer["class"]) for answer in one["answer"]]
        verdict = {"class": named[0] if named else None, "ambiguous": -2, "unfamiliar": -1}[one["verdict"]]
        known.append({
            "name": pathlib.Path(path).name,
            "pixels": picture,
            "probabilities": [probabilities[name] for name in classes],
            "novelty": one["novelty"],
            "verdict": verdict,
            "named": named,
            "similar": [(near["picture"], near["similarity"]) for near in one["nearest"]],
        })
    files = []
    for twice in ("a", "b"):
        out = str(place / f"{pathlib.Path(model).stem}.{twice}.onnx")
        subprocess.run([binary, "export", model, "-o", out, "--with-evidence", "--quiet", *more], check=True, capture_output=True)
        files.append(out)
    same = pathlib.Path(files[0]).read_bytes() == pathlib.Path(files[1]).read_bytes()
    hold(same, "two exports differ")
    reference = described(onnx.load(files[0]))["reference"]
    if reference:
        rows = {picture: row for row, picture in enumerate(reference["pictures"])}
        for one in known:
            one["nearest"] = [rows[picture] for picture, _ in one.pop("similar")]
    name = pathlib.Path(model).stem + " ".join(["", *more])
    exported, about, run = run_all(name, files[0], known, runtime, "--half" in more)
    answers, squares = verify(files[0], runtime)
    run_all(f"{name}, self-test", files[0], squares, runtime, "--half" in more)
    batches(name, run, pixels[0])
    mistakes(name, exported, answers, runtime)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("paths", nargs="+")
    parser.add_argument("--binary")
    parser.add_argument("--runtime", default="ort", choices=["ort", "openvino"])
    parser.add_argument("--keep")
    parser.add_argument("--export", default="", help="more options of `export`")
    given = parser.parse_args()
    if given.binary:
        model, *pictures = given.paths
        by_binary(given.binary, model, pictures, given.runtime, given.keep, given.export.split())
    else:
        by_manifest(given.paths[0], given.runtime)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
