#!/usr/bin/env bash
# Lays out the tracked C++ files as .clang-format says (clang-format 14; other versions differ in details).
#   scripts/format.sh [--check]    --check changes nothing and fails where a file would change
set -euo pipefail
cd "$(dirname "$(dirname "$(readlink -f "$0")")")"

case ${1:-} in
  '') action=(-i) ;;
  --check) action=(--dry-run --Werror) ;;
  *)
    echo "usage: scripts/format.sh [--check]" >&2
    exit 2
    ;;
esac

git ls-files -z '*.cpp' '*.h' '*.cu' '*.cuh' | xargs -0 --no-run-if-empty clang-format "${action[@]}"
