"""Makes mixed.safetensors with the format's reference library: one tensor of each dtype that is read.

Run in an environment with torch and safetensors: python make.py
"""

from pathlib import Path

import torch
from safetensors.torch import save_file

values = torch.tensor([[0.0, -0.5, 1.0], [65504.0, 6.103515625e-05, 5.9604644775390625e-08]])
save_file(
    {
        "f32": torch.tensor([1.5, -2.25, 3.4028234663852886e38]),
        "f16": values.to(torch.float16),
        "bf16": values.to(torch.bfloat16),
        "bn1.num_batches_tracked": torch.tensor(7),
        "u8": torch.arange(5, dtype=torch.uint8),
    },
    Path(__file__).parent / "mixed.safetensors",
    {"format": "pt", "kind": "wagtail é"},
)
