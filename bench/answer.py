"""One picture, from process start to answer, the shortest way that each library has.

    answer.py prepare resnet50.safetensors classes FOLDER     writes net.pt and net.onnx
    answer.py pytorch FOLDER/net.pt picture.jpg
    answer.py onnxruntime FOLDER/net.onnx picture.jpg

Prints the likeliest class's number and its probability. A library is imported only where it is used.
"""

import sys

MEAN, DEVIATION, SIZE = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225], 224


def prepare(weights, classes, folder):
    import torch
    import torchvision
    from safetensors.torch import load_file

    net = torchvision.models.resnet50()
    net.load_state_dict(load_file(weights), strict=False)
    net.fc = torch.nn.Linear(net.fc.in_features, int(classes))
    net.eval()
    torch.save(net.state_dict(), f"{folder}/net.pt")
    torch.onnx.export(net, (torch.zeros(1, 3, SIZE, SIZE),), f"{folder}/net.onnx", external_data=False)


def pytorch(file, picture):
    import torch
    import torchvision
    from torchvision.io import ImageReadMode, decode_image
    from torchvision.transforms.v2 import functional as F

    state = torch.load(file, mmap=True)
    # on `meta` no weights are drawn that the file's then replace
    with torch.device("meta"):
        net = torchvision.models.resnet50(num_classes=len(state["fc.bias"]))
    net.load_state_dict(state, assign=True)
    net.eval()
    pixels = decode_image(picture, mode=ImageReadMode.RGB, apply_exif_orientation=True)
    pixels = F.resize(F.center_crop(pixels, min(pixels.shape[1:])), [SIZE, SIZE], antialias=True)
    pixels = F.normalize(F.to_dtype(pixels, torch.float32, scale=True), MEAN, DEVIATION)
    with torch.inference_mode():
        probabilities = net(pixels[None])[0].softmax(0)
    return int(probabilities.argmax()), float(probabilities.max())


def onnxruntime(file, picture):
    import numpy
    import onnxruntime as ort
    from PIL import Image, ImageOps

    session = ort.InferenceSession(file, providers=["CPUExecutionProvider"])
    image = ImageOps.exif_transpose(Image.open(picture)).convert("RGB")
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    image = image.resize((SIZE, SIZE), Image.BILINEAR, box=(left, top, left + side, top + side))
    pixels = (numpy.asarray(image, numpy.float32) / 255 - numpy.float32(MEAN)) / numpy.float32(DEVIATION)
    feed = {session.get_inputs()[0].name: pixels.transpose(2, 0, 1)[None]}
    (logits,) = session.run(None, feed)
    powers = numpy.exp(logits[0] - logits[0].max())
    return int(powers.argmax()), float(powers.max() / powers.sum())


if __name__ == "__main__":
    what, *arguments = sys.argv[1:]
    print({"prepare": prepare, "pytorch": pytorch, "onnxruntime": onnxruntime}[what](*arguments))
