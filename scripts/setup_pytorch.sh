#!/usr/bin/env bash
# Installs PyTorch for dry runs without GPU into build/pytorch-VERSION, a virtual environment of Python:
#   scripts/setup_pytorch.sh [VERSION [scripts]]    default: 2.15.0; scripts: with what tests/dryrun/scripts import
# PyTorch itself and what is written in Python, 0.6 GB to fetch and 1.4 GB of disk: memsweep brings stand-ins for
# NVIDIA's libraries, which would be 2.1 GB to fetch and 3.1 GB of disk more. Says "already there" when it is.
# Exit status 2: it cannot be installed here.
set -euo pipefail
cd "$(dirname "$(dirname "$(readlink -f "$0")")")"

readonly version=${1:-2.15.0}
readonly what=${2:-pytorch}
readonly folder=build/pytorch-$version
readonly complete=$folder/complete  # written last
readonly with_scripts=$folder/complete-scripts
readonly needed_kib=$((2 * 1024 * 1024))

give_up() {
  echo "setup_pytorch: $1" >&2
  exit 2
}

[[ $version =~ ^2(\.[0-9]+)+$ ]] || give_up "'$version' is no version: try scripts/setup_pytorch.sh 2.15.0"
[[ $what == pytorch || $what == scripts ]] || give_up "'$what' is not to be had: try scripts"

install() {
  "$folder/bin/python" -m pip install --quiet --disable-pip-version-check --no-cache-dir --no-compile "$@"
}

# They want PyTorch with all that it requires. torchvision 0.N goes with PyTorch 2.(N-15).
install_what_scripts_import() {
  local minor=${version#2.}
  install packaging pillow psutil pyyaml requests tqdm transformers
  install --no-deps accelerate lightning lightning-utilities pytorch-lightning torchmetrics \
    "torchvision<=0.$((${minor%%.*} + 15)).99"
  touch "$with_scripts"
}

if [[ -f $complete ]]; then
  [[ $what == pytorch || -f $with_scripts ]] || install_what_scripts_import
  echo "setup_pytorch: PyTorch $version is already there: $folder/bin/python"
  exit
fi
command -v python3 >/dev/null || give_up "there is no python3"
mkdir -p "$folder"
trap 'rm -rf "$folder"' EXIT  # what is not complete is of no use
free_kib=$(df --output=avail -k "$folder" | tail -n 1)
((free_kib >= needed_kib)) || give_up "$((free_kib / 1024)) MiB of disk are free, 2 GiB are needed"
if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
  ((EUID == 0)) && command -v apt-get >/dev/null ||
    give_up "$(python3 --version) lacks venv: have python3-venv installed"
  apt=(env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300)
  "${apt[@]}" update >/dev/null
  "${apt[@]}" install --yes --no-install-recommends python3-venv >/dev/null
fi

echo "setup_pytorch: fetching PyTorch $version (0.6 GB)" >&2
python3 -m venv "$folder"
# What PyTorch imports. Its other requirements are NVIDIA's libraries and a compiler.
install filelock fsspec jinja2 networkx numpy setuptools sympy typing-extensions
install --no-deps "torch==$version" || give_up "PyTorch $version cannot be installed for $(python3 --version)"
touch "$complete"
trap - EXIT
[[ $what == pytorch ]] || install_what_scripts_import
echo "setup_pytorch: PyTorch $version is there: $folder/bin/python"
