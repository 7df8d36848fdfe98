#!/bin/sh
# Everything that docs/performance.md and its notes show, in one command, some hours long:
#   bench/full.sh FOLDER RESNET50.safetensors PHOTOGRAPHS...
# FOLDER holds a folder of pictures for each class; of the photographs, those of 500 × 375 count.
# Run again the same day, it resumes with what is missing; what cannot run is reported and skipped.
# Settings: ROUNDS, STORY_EPOCHS (of each stage), STORY_ROUNDS, FILE (of samples).
set -eu
folder=$1 weights=$2
shift 2
here=$(dirname "$0")
rounds=${ROUNDS:-5}

part() {
    echo
    "$here/run.sh" ${FILE:+--results "$FILE"} --rounds "$rounds" "$@" || echo "not finished: $*" >&2
}

part --work forward,step,frozen_step --precision fp32,bf16 --batch 16
part --work forward --precision fp32,bf16 --batch 1
part --work step --precision fp32,bf16 --batch 64
part --work forward,step --precision fp32,bf16 --batch 16 --backbone resnet18,resnet34
part --work forward --precision fp32,bf16 --batch 1 --backbone resnet18,resnet34
part --work forward --precision fp32,bf16 --batch 1,16 --backbone efficientnet-lite0
part --work step --precision fp32,bf16 --batch 16 --backbone efficientnet-lite0
part --work decode "$@"
part --work answer --folder "$folder" --weights "$weights" "$1"
# scaling: this program beside PyTorch
rounds=3
scale() { part --work forward,step --precision fp32,bf16 --peer pytorch-channels-last "$@"; }
scale --batch 1,2,4,8,16,32,64,128
scale --batch 16 --size 96,160,224,320,448
scale --batch 16 --threads 1,2
rounds=${STORY_ROUNDS:-5}
part --work story --story-epochs "${STORY_EPOCHS:-1}" --precision fp32,bf16 --folder "$folder" --weights "$weights"
echo
"$here/.venv/bin/python" "$here/table.py" ${FILE:+"$FILE"} --plots "$here/../docs"
