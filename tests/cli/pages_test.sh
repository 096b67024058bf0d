#!/bin/bash
# Manual pages and completions are well-formed, and speak of every command and flag.
# usage: pages_test.sh PROGRAM
set -eu
program=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
fail() { echo "pages_test: $*" >&2; exit 1; }

"$(dirname "$0")/../../tools/make_pages" "$program" "$folder/man" "$folder/completions"

# bash: loads, and offers what it should.
bash -n "$folder/completions/seclude.bash"
offered() {  # the words offered for the line given as arguments
  PATH="$(dirname "$program"):$PATH" bash -c '
    source "$1"; shift
    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _seclude; printf "%s\n" "${COMPREPLY[@]}"
  ' _ "$folder/completions/seclude.bash" "$@"
}
offered seclude comp | grep -qx compile || fail "no command is completed"
offered seclude compile --opt | grep -qx -- --optimise || fail "no flag is completed"
offered seclude compile --optimise s | grep -qx speed || fail "no choice is completed"
offered seclude run -p image | grep -qx image-converter || fail "no profile is completed"

# zsh: at least parses, where there is a zsh.
if command -v zsh >/dev/null; then zsh -n "$folder/completions/_seclude"; fi

for command in $("$program" help --plain); do
  page=$folder/man/seclude-$command.1
  [ -s "$page" ] || fail "no page for $command"
  grep -q '^\.SH EXIT STATUS' "$page" || fail "no exit status in $page"
  # Every flag that --help shows is in the page and in both completions.
  for flag in $("$program" "$command" --help | sed -n '/^flags:/,/^$/s/^  \(-., \|    \)--\([a-z-]*\).*/\2/p'); do
    grep -q -- "$(printf '%s' "--$flag" | sed 's/-/\\\\-/g')" "$page" || fail "--$flag is not in $page"
    grep -q -- "--$flag" "$folder/completions/seclude.bash" || fail "--$flag is not in bash's"
    grep -q -- "--$flag\[" "$folder/completions/_seclude" || fail "--$flag is not in zsh's"
  done
  if command -v mandoc >/dev/null; then mandoc -T lint -W error "$page"; fi
  if command -v groff >/dev/null; then
    [ -z "$(groff -man -Tutf8 -ww "$page" 2>&1 >/dev/null)" ] || fail "groff complains about $page"
  fi
done
echo "pages and completions are as described"
