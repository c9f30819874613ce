#!/usr/bin/env bash
# Installs what is missing, builds everything and runs every test under the sanitizers, then those again that
# an optimising compiler could change (label "optimised") on the optimised build.
#   scripts/test.sh [CTEST ARGUMENT…]    as in: scripts/test.sh -L golden
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
  ctest --preset "$@" --parallel "$jobs"
}

scripts/setup.sh test
build asan --target tests/all
build release --target memsweep optimised_tests
run_tests asan --no-tests=error "$@"
run_tests release -L optimised "$@"
