#!/usr/bin/env bash
# Fuzz the compiled kernels, built with the address and undefined-behaviour sanitizers, with bad labels, odd
# shapes and special values: bash tools/sanitize.sh [PYTHON]
# Needs GCC with its sanitizers, and in PYTHON's environment numpy, nanobind.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${1:-python3}

build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT
flags="-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer -g1"
cmake -S . -B "$build" -DSKBUILD_PROJECT_NAME=dxent -DCMAKE_BUILD_TYPE=Debug -DDXENT_OPTIMIZE=-O1 \
  -DPython_EXECUTABLE="$(command -v "$python")" -Dnanobind_DIR="$("$python" -m nanobind --cmake_dir)" \
  -DCMAKE_CXX_FLAGS="$flags" -DCMAKE_SHARED_LINKER_FLAGS="$flags" -DCMAKE_MODULE_LINKER_FLAGS="$flags"
cmake --build "$build" --parallel 2

# The interpreter is not built with the sanitizers, so they come first; what it never frees is not ours.
LD_PRELOAD="$(g++ -print-file-name=libasan.so) $(g++ -print-file-name=libstdc++.so)" \
ASAN_OPTIONS=detect_leaks=0 PYTHONPATH=src "$python" tools/sanitized.py "$build"
