#!/usr/bin/env bash
# Checks memsweep's cuda device on this machine's GPU, in under eight minutes and without a network.
#   scripts/validate_gpu.sh [--build FOLDER] [--out FOLDER] [--memory MIB] [--only CHECKS]
# Needs a Python and a build: FOLDER, or the first of build/gpu, build/portable and build/release that has the
# cuda device. One that was made elsewhere serves: cmake --preset portable && cmake --build --preset portable makes
# build/portable, of whose files memsweep, libmemsweep_cuda.so and tests/gpu_ops_test are needed here. Where there is
# none, build/gpu is built, for which nvcc and what scripts/setup.sh names have to be there. Uses PyTorch and
# compute-sanitizer where they are. Writes results/<gpu>/: README.md, checks.csv, environment.json, log.txt and what
# was measured. Exit status: 0 all that ran passed, 1 a check failed, 2 wrong usage or no build, 3 there is no GPU.
set -euo pipefail
root=$(dirname "$(dirname "$(readlink -f "$0")")")
build=
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

command -v python3 >/dev/null || { echo "validate_gpu: there is no python3" >&2; exit 2; }
if [[ -z $build ]]; then
  for folder in gpu portable release; do
    [[ -x $root/build/$folder/memsweep && -e $root/build/$folder/libmemsweep_cuda.so ]] || continue
    build=$root/build/$folder
    break
  done
fi
build=${build:-$root/build/gpu}
if [[ ! -x $build/memsweep ]]; then
  echo "validate_gpu: building $build" >&2
  generator=()
  if command -v ninja >/dev/null; then generator=(-G Ninja); fi
  if ! { cmake -S "$root" -B "$build" "${generator[@]}" -DCMAKE_BUILD_TYPE=Release -DBLA_VENDOR=OpenBLAS \
    -DMEMSWEEP_TESTS=OFF -DMEMSWEEP_CUDA=ON -DCMAKE_CUDA_ARCHITECTURES=native &&
    cmake --build "$build" --parallel "$(nproc)"; } >&2; then
    echo "validate_gpu: nothing can be built here; bring build/portable, as the head of this script says" >&2
    exit 2
  fi
fi

exec python3 "$root/scripts/validate_gpu.py" --build "$build" "${arguments[@]}"
