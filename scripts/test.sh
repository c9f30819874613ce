#!/usr/bin/env bash
# Installs what is missing, builds everything and runs every test: under the sanitizers first, then optimised.
#   scripts/test.sh [CTEST ARGUMENT…]    arguments go to the second run, as in: scripts/test.sh -L golden
# MEMSWEEP_GOLDEN=FOLDER tests against another recorded set in the layout of tests/golden.
set -euo pipefail
cd "$(dirname "$(dirname "$(readlink -f "$0")")")"
jobs=$(nproc)

build() {  # PRESET [CMAKE BUILD ARGUMENT…]
  echo "test: building build/$1"
  cmake --preset "$1" -DMEMSWEEP_TESTS=ON >/dev/null
  cmake --build --preset "$@" --parallel "$jobs" -- --quiet
}

run_tests() {  # PRESET [CTEST ARGUMENT…]
  echo "test: running the tests of build/$1"
  ctest --preset "$@" --parallel "$jobs" --no-tests=error
}

scripts/setup.sh test
build asan --target tests/all
build release
run_tests asan
run_tests release "$@"
