#!/usr/bin/env bash
# Installs what is missing, builds memsweep and runs it with the arguments given.
#   scripts/run.sh --scenario checkpointing
# Stdout, exit status and working directory are the program's own; everything before it speaks on stderr.
set -euo pipefail

root=$(dirname "$(dirname "$(readlink -f "$0")")")
program=$root/build/release/memsweep

is_up_to_date() {
  [[ -x $program ]] &&
    [[ -z $(find CMakeLists.txt kernels harness scenarios -type f -newer "$program" -print -quit) ]]
}

(
  cd "$root"
  scripts/setup.sh build
  if [[ ! -f build/release/build.ninja ]]; then
    echo "run: configuring build/release" >&2
    cmake --preset release -DMEMSWEEP_TESTS=OFF >/dev/null
  fi
  is_up_to_date || echo "run: building build/release/memsweep" >&2
  cmake --build --preset release --target memsweep --parallel "$(nproc)" -- --quiet |
    sed '/^ninja: no work to do/d'
) >&2 </dev/null

exec "$program" "$@"
