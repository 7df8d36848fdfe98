#!/bin/sh
# Sets up the peers in bench/.venv and runs them in turns with this program. Any argument goes to
# compare.py: bench/run.sh --backbone resnet50 --batch 16 --work step,forward --rounds 5
# The first run downloads about 3 GB (PyTorch's wheel brings CUDA, which nothing here uses).
set -eu
cd "$(dirname "$0")/.."
venv=bench/.venv
if ! cmp -s bench/requirements.txt "$venv/requirements.txt"; then
    "${PYTHON:-python3}" -m venv "$venv"
    "$venv/bin/pip" install --quiet --requirement bench/requirements.txt
    cp bench/requirements.txt "$venv/" # a mark that all of it is in
fi
cargo build --release --bin lookalike
# graphics cards, if any, stay out of it
CUDA_VISIBLE_DEVICES='' exec "$venv/bin/python" bench/compare.py "${CARGO_TARGET_DIR:-target}/release/lookalike" "$@"
