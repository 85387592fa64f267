#!/bin/sh
# ./dev lint [--all]: layout, clang-tidy, shell scripts, words that stand for unfinished work.
# clang-tidy reads the files that differ from main, or all of them: 5 to 10 s a file, two at a time.
# shellcheck disable=SC2317 # functions are called through step
set -u
cd "$(dirname "$0")/.." || exit
failed=0
sources() { git ls-files --cached --others --exclude-standard -- "$@"; }
step() {
  printf '==> %s\n' "$1"
  shift
  "$@" || { failed=1; echo '    failed'; }
}

layout() { sources '*.cpp' '*.h' | xargs clang-format-19 --dry-run -Werror; }

tidy() {
  # Commands of their own: clang cannot read GCC's precompiled headers.
  python=OFF
  [ ! -d build/venv ] || python=ON
  cmake --preset release -B build/lint -DCMAKE_CXX_COMPILER=clang++-19 -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON \
    -DINGOT_BUILD_PYTHON="$python" >build/lint.log 2>&1 || { cat build/lint.log; return 1; }
  all=${1:-}
  set -- 'src/*.cpp' 'cli/*.cpp' 'python/src/*.cpp' 'tests/unit/*.cpp' 'examples/*.cpp'
  if [ "$all" = --all ]; then
    files=$(sources "$@")
  else
    base=$(git merge-base HEAD "${INGOT_LINT_BASE:-main}" 2>/dev/null || git rev-list --max-parents=0 HEAD | tail -n 1)
    files=$({ git diff --name-only --diff-filter=d "$base" -- "$@"
      git ls-files --others --exclude-standard -- "$@"; } | sort -u)
  fi
  # What this machine's build does not compile (another processor's units) has no command to read it with.
  files=$(for file in $files; do
    ! grep -qF "\"file\": \"$PWD/$file\"" build/lint/compile_commands.json || echo "$file"
  done)
  [ -n "$files" ] || { echo '    nothing changed'; return 0; }
  # shellcheck disable=SC2086 # a list of names without spaces
  run-clang-tidy-19 -quiet -j 2 -p build/lint $files >build/tidy.log 2>&1 ||
    { grep -E -A 4 '(warning|error):' build/tidy.log; return 1; }
}

scripts() { sources '*.sh' dev .ci/run | xargs shellcheck; }

words() {
  ! sources | grep -vE '^(LICENSE|tools/lint\.sh)$' | xargs grep -nIE \
    '\b(TODO|FIXME|XXX|HACK)\b|simplified version|in a real implementation|[Pp]laceholder'
}

step 'layout (./dev format mends it)' layout
step 'clang-tidy' tidy "$@"
step 'shellcheck' scripts
step 'words' words
exit $failed
