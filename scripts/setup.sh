#!/usr/bin/env bash
# Installs what building memsweep needs and this machine lacks (Debian 12, Ubuntu 24.04).
#   scripts/setup.sh [build|test|fuzz]    build: the program alone; test (default): the tests as well;
#                                         fuzz: the program, and clang for tests/fuzz
# Says nothing when nothing is missing. Exit status 2: packages are missing and cannot be installed from here.
set -euo pipefail

packages=(g++ cmake ninja-build ccache libcli11-dev libfmt-dev nlohmann-json3-dev libopenblas-dev libxxhash-dev
  zlib1g-dev)
headers=(CLI/CLI.hpp fmt/format.h nlohmann/json.hpp cblas.h xxhash.h zlib.h)
test_packages=(libgtest-dev libbenchmark-dev lld python3)
test_headers=(gtest/gtest.h benchmark/benchmark.h)

give_up() {
  echo "setup: $1" >&2
  exit 2
}

case ${1:-test} in
  build) ;;
  test)
    packages+=("${test_packages[@]}")
    headers+=("${test_headers[@]}")
    ;;
  fuzz) packages+=(clang libclang-rt-dev) ;;
  *) give_up "usage: scripts/setup.sh [build|test|fuzz]" ;;
esac

is_installed() { [[ $(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null) == installed ]]; }

tools_and_headers_are_there() {
  type cmake ninja >/dev/null 2>&1 &&
    printf '#include <%s>\n' "${headers[@]}" | "${CXX:-c++}" -std=c++20 -E -x c++ - >/dev/null 2>&1
}

if ! command -v apt-get >/dev/null; then
  tools_and_headers_are_there && exit
  give_up "this system has no apt: install a C++20 compiler, cmake, ninja and what provides ${headers[*]}."
fi

missing=()
for package in "${packages[@]}"; do
  is_installed "$package" || missing+=("$package")
done
((${#missing[@]})) || exit 0

as_root=()
if ((EUID != 0)); then
  command -v sudo >/dev/null || give_up "neither root nor sudo: have these packages installed: ${missing[*]}."
  as_root=(sudo)
fi

echo "setup: installing ${missing[*]}" >&2
apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300)
"${apt[@]}" update >/dev/null
"${apt[@]}" install --yes --no-install-recommends "${missing[@]}" >/dev/null
