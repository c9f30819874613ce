#!/usr/bin/env bash
# Feeds what reads other people's files with random input, and ends with the first crash.
#   scripts/fuzz.sh [SECONDS]    for each target in tests/fuzz (default 20). Needs clang++ with libFuzzer.
set -euo pipefail
cd "$(dirname "$(dirname "$(readlink -f "$0")")")"

readonly seconds=${1:-20}
readonly build=$PWD/build/fuzz
readonly flags=(-std=c++20 -O1 -g1 -I. -fsanitize=address,undefined -fno-sanitize-recover=all)
readonly rss_limit_mb=1024

if ! command -v clang++ >/dev/null; then
  echo "fuzz: needs clang++ (apt-get install clang)" >&2
  exit 2
fi
compiler=(clang++)
if command -v ccache >/dev/null; then compiler=(ccache clang++); fi

mkdir -p "$build"
objects=()
sources=(harness/base/*.cpp harness/memory/*.cpp harness/memory/sources/*.cpp harness/trace/*.cpp)
for source in "${sources[@]}"; do objects+=("$build/${source//\//_}.o"); done
compile() {  # SOURCE OBJECT
  "${compiler[@]}" "${flags[@]}" -fsanitize=fuzzer-no-link -c "$1" -o "$2"
}

echo "fuzz: building" >&2
jobs=0
for i in "${!sources[@]}"; do
  compile "${sources[i]}" "${objects[i]}" &
  jobs=$((jobs + 1))
  if ((jobs >= $(nproc))); then
    wait -n
    jobs=$((jobs - 1))
  fi
done
for ((; jobs > 0; --jobs)); do wait -n; done

for target in tests/fuzz/*_fuzz.cpp; do
  name=$(basename "$target" .cpp)
  clang++ "${flags[@]}" -fsanitize=fuzzer "$target" "${objects[@]}" -lfmt -lz -o "$build/$name"
  mkdir -p "$build/corpus/$name"
  echo "fuzz: $name for $seconds s" >&2
  "$build/$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=$rss_limit_mb -print_final_stats=1 \
    -artifact_prefix="$build/$name-" "$build/corpus/$name" "tests/fuzz/corpus/$name" 2>"$build/$name.log" || {
    tail -n 40 "$build/$name.log" >&2
    exit 1
  }
  grep 'stat::number_of_executed_units' "$build/$name.log"
done
