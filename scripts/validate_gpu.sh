#!/usr/bin/env bash
# Checks memsweep's cuda device on this machine's GPU, in under eight minutes and without a network.
#   scripts/validate_gpu.sh [--build FOLDER] [--out FOLDER] [--memory SIZE] [--only CHECKS]
# Needs a Python; uses nvcc, cmake and ninja or make where FOLDER (default build/gpu) holds no build yet,
# compute-sanitizer, nvidia-smi and PyTorch where they are there. Writes results/<gpu>/: README.md, checks.csv,
# environment.json and what was measured. Exit status: 0 all that ran passed, 1 a check failed, 2 wrong usage,
# 3 there is no GPU.
set -euo pipefail
root=$(dirname "$(dirname "$(readlink -f "$0")")")
build=$root/build/gpu
arguments=()
while (($#)); do
  case $1 in
    --build)
      [[ -n ${2:-} ]] || { echo "validate_gpu: --build needs a folder" >&2; exit 2; }
      build=$2
      shift 2
      ;;
    *)
      arguments+=("$1")
      shift
      ;;
  esac
done

if [[ ! -x $build/memsweep ]]; then
  echo "validate_gpu: building $build" >&2
  generator=()
  if command -v ninja >/dev/null; then generator=(-G Ninja); fi
  cmake -S "$root" -B "$build" "${generator[@]}" -DCMAKE_BUILD_TYPE=Release -DBLA_VENDOR=OpenBLAS \
    -DMEMSWEEP_TESTS=OFF -DMEMSWEEP_CUDA=ON -DCMAKE_CUDA_ARCHITECTURES=native >&2
  cmake --build "$build" --parallel "$(nproc)" >&2
fi

exec python3 "$root/scripts/validate_gpu.py" --build "$build" "${arguments[@]}"
