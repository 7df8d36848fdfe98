"""Answers a second of `lookalike serve` beside FastAPI, uvicorn, Pillow and ONNX Runtime.

    serve.py birds.lookalike a.jpg b.jpg …      needs target/release/{lookalike,examples/load}
    serve.py peer FOLDER PORT DRAFT             the peer alone, as the first form starts it

The peer runs the same network, views and head, as `lookalike export --input tensor` writes them, on the
same square of pixels: as the documentation of each of its parts has it, in one process. With DRAFT 1
Pillow decodes JPEG at a fraction of its size, as Lookalike does. Sixteen clients of one program ask
both, in turns; memory is the peak of the serving process.
"""

import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

ROUNDS = 3
BUILT = pathlib.Path(__file__).parent.parent / "target/release"


def peer(folder, draft):
    """The application. A library is imported only where it is used."""
    import io

    import numpy
    import onnxruntime
    from fastapi import FastAPI, Request
    from fastapi.concurrency import run_in_threadpool
    from PIL import Image, ImageOps

    file = f"{folder}/net.onnx"
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    metadata = session.get_modelmeta().custom_metadata_map
    classes, about = json.loads(metadata["classes"]), json.loads(metadata["lookalike"])
    prepare = about["preprocess"]
    size, short = prepare["size"], prepare["short_side"]
    mean, std = (numpy.array(prepare[key], numpy.float32) for key in ("mean", "std"))

    def answer(body):
        image = Image.open(io.BytesIO(body))
        if draft:
            image.draft("RGB", (short, short))
        image = ImageOps.exif_transpose(image).convert("RGB")
        # The square in the middle: `size` of the short side's `short` pixels.
        side = min(image.size) * min(1.0, size / short)
        left, top = (image.width - side) / 2, (image.height - side) / 2
        box = (left, top, left + side, top + side)
        pixels = numpy.asarray(image.resize((size, size), Image.BILINEAR, box=box), numpy.float32)
        pixels = ((pixels / 255 - mean) / std).transpose(2, 0, 1)[None]
        names = ["verdict", "probabilities", "novelty"]
        verdict, odds, novelty = session.run(names, {session.get_inputs()[0].name: pixels})
        ranked = odds[0].argsort()[::-1][:3]
        return {
            "verdict": int(verdict[0]),
            "novelty": float(novelty[0]),
            "top": [{"class": classes[k], "probability": float(odds[0][k])} for k in ranked],
        }

    app = FastAPI()

    @app.post("/v1/predict")
    async def predict(request: Request):
        return await run_in_threadpool(answer, await request.body())

    @app.get("/ready")
    def ready():
        return {"status": "ready"}

    return app


def serve(command, port, pictures):
    """What sixteen clients get of the server that this command starts, and its peak of memory."""
    server = subprocess.Popen([*map(str, command)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(600):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/ready").read()
                break
            except OSError:
                time.sleep(0.1)
        asked = [BUILT / "examples/load", f"127.0.0.1:{port}", *pictures]
        said = subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()
        status = pathlib.Path(f"/proc/{server.pid}/status").read_text()
        peak = next(line for line in status.splitlines() if line.startswith("VmHWM"))
        return said, float(said.split(" ")[0]), int(peak.split()[1]) / 1e3
    finally:
        server.terminate()
        server.wait()


def main(model, *pictures):
    with tempfile.TemporaryDirectory() as folder:
        program = BUILT / "lookalike"
        export = [program, "export", model, "--input", "tensor", "-o", f"{folder}/net.onnx", "-q"]
        subprocess.run(export, check=True)
        here = os.path.abspath(__file__)
        servers = {
            "lookalike": [program, "serve", model, "--listen", "127.0.0.1:8741", "--log", "off"],
            "FastAPI": [sys.executable, here, "peer", folder, 8742, 0],
            "FastAPI, draft": [sys.executable, here, "peer", folder, 8743, 1],
        }
        rates = {name: [] for name in servers}
        for _ in range(ROUNDS):
            for name, command in servers.items():
                port = {"lookalike": 8741}.get(name) or command[-2]
                said, rate, peak = serve(command, port, pictures)
                rates[name].append(rate)
                print(f"{name:16} {said}, {peak:.0f} MB at most", flush=True)
        for name in list(servers)[1:]:
            ratios = [ours / theirs for ours, theirs in zip(rates["lookalike"], rates[name])]
            print(f"lookalike / {name}: {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})")


if __name__ == "__main__":
    if sys.argv[1] == "peer":
        import uvicorn

        _, _, folder, port, draft = sys.argv
        uvicorn.run(peer(folder, draft == "1"), port=int(port), log_level="error", access_log=False)
    else:
        main(*sys.argv[1:])
