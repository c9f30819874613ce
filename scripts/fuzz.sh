#!/usr/bin/env bash
# Feeds what reads other people's files with random input, all targets of tests/fuzz at once, and fails where
# one crashes. What it found stays in build/fuzz.
#   scripts/fuzz.sh [SECONDS]    for each target (default 20)
set -euo pipefail
cd "$(dirname "$(dirname "$(readlink -f "$0")")")"

readonly seconds=${1:-20}
readonly build=$PWD/build/fuzz
readonly rss_limit_mb=1024

fuzz() {  # TARGET
  mkdir -p "$build/corpus/$1"
  "$build/tests/fuzz/$1" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=$rss_limit_mb -print_final_stats=1 \
    -artifact_prefix="$build/$1-" "$build/corpus/$1" "tests/fuzz/corpus/$1" >"$build/$1.log" 2>&1
}

scripts/setup.sh fuzz
echo 'fuzz: building build/fuzz'
cmake --preset fuzz >/dev/null
cmake --build --preset fuzz -- --quiet

declare -A running
for source in tests/fuzz/*_fuzz.cpp; do
  target=$(basename "$source" .cpp)
  fuzz "$target" &
  running[$target]=$!
done
failed=0
for target in "${!running[@]}"; do
  if wait "${running[$target]}"; then
    echo "fuzz: $target, $(sed -n 's/.*number_of_executed_units: *//p' "$build/$target.log") inputs in $seconds s"
  else
    tail -n 40 "$build/$target.log" >&2
    echo "fuzz: $target failed; its input lies in $build" >&2
    failed=1
  fi
done
exit $failed
