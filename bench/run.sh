#!/bin/sh
# Sets up the peers in bench/.venv and runs them in turns with this program. Any argument goes to
# compare.py: bench/run.sh --backbone resnet50 --batch 16 --work step,forward --rounds 5
# The first run downloads about 3 GB (PyTorch's wheel brings CUDA, which nothing here uses).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
venv=$here/.venv
if ! cmp -s "$here/requirements.txt" "$venv/requirements.txt"; then
    "${PYTHON:-python3}" -m venv "$venv"
    "$venv/bin/pip" install --quiet --requirement "$here/requirements.txt"
    cp "$here/requirements.txt" "$venv/" # a mark that all of it is in
fi
cargo build --quiet --release --bin lookalike --manifest-path "$here/../Cargo.toml"
# graphics cards, if any, stay out of it
export CUDA_VISIBLE_DEVICES=''
exec "$venv/bin/python" "$here/compare.py" "${CARGO_TARGET_DIR:-$here/../target}/release/lookalike" "$@"
