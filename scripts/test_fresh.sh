#!/usr/bin/env bash
# Proves the README's two commands on a bare Debian 12: makes a minimal root without compiler or cmake, runs both
# commands in it on a copy of this checkout, and takes it away. Needs root, debootstrap, about 2 GB and some minutes.
set -euo pipefail
cd "$(dirname "$(dirname "$(readlink -f "$0")")")"

readonly suite=bookworm
readonly commands=('scripts/run.sh --scenario checkpointing' 'scripts/test.sh')

if ((EUID != 0)) || ! command -v debootstrap >/dev/null; then
  echo "test_fresh: needs to be root on a machine with debootstrap (apt-get install debootstrap)." >&2
  exit 2
fi

# Everything is mounted in the private mount namespaces of the two functions below and is gone when they return,
# however they end: from here the root is an ordinary folder, and no mount of ours can be removed through.
scratch=$(mktemp -d)
trap 'rm -rf --one-file-system "$scratch"' EXIT
trap 'exit 1' HUP INT TERM  # after the step under way, which still writes there
root=$scratch/root

# The first package source of this machine that has the suite, so that the same registry is reached.
mirror() {
  # shellcheck disable=SC2016  # apt's own variables
  apt-get indextargets --format '$(CODENAME) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' |
    awk -v suite=$suite '$1 == suite && $2 == "main" { uri = uri ? uri : $3 } END { print uri }'
}

make_root() {
  local uri
  uri=$(mirror)
  if ! unshare --mount debootstrap --variant=minbase "$suite" "$root" "${uri:-http://deb.debian.org/debian}" \
    >"$scratch/log"; then
    cat "$scratch/log" >&2
    return 1
  fi
  apt-config dump | grep '^Acquire::' >"$root/etc/apt/apt.conf.d/99host"  # proxies and the like
  if [[ -f /etc/ssl/certs/ca-certificates.crt ]]; then
    install -D --mode=644 /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
  fi
  mkdir "$root/memsweep"
  git ls-files -z --cached --others --exclude-standard |
    tar --create --null --files-from=- --ignore-failed-read | tar --extract --directory="$root/memsweep"
}

in_root() {  # COMMAND, run in the copy of the checkout; what it leaves running ends with it
  # shellcheck disable=SC2016  # the inner shell's arguments
  unshare --mount --pid --fork --kill-child sh -euc '
    mount -t proc proc "$1/proc"
    mount --rbind /dev "$1/dev"
    exec chroot "$1" env --unset=TMPDIR --unset=MEMSWEEP_GOLDEN PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
      sh -c "cd /memsweep && exec $2"
  ' sh "$root" "$1" </dev/null
}

echo "test_fresh: making a bare Debian ($suite)"
make_root
verdicts=()
failures=0
for command in "${commands[@]}"; do
  echo "test_fresh: $command"
  if in_root "$command"; then
    verdicts+=("PASS $command")
  else
    verdicts+=("FAIL $command")
    failures=$((failures + 1))
  fi
done
printf '%s\n' "${verdicts[@]}"
exit $((failures > 0))
