# What scripts/ariane, scripts/test and scripts/install-service share: install the packages, choose the runtime, build when
# stale. Sourced, never run. POSIX sh; nothing from node_modules is needed to run it.
#
# Promises: nothing is printed where nothing had to be done. Every line that is printed goes to standard error.
# Does not: install a system package, or write outside the project.

say() { printf '%s\n' "$*" >&2; }

fail() {
  say "ariane: $*"
  exit 1
}

# Whether a Node version can load better-sqlite3: Node-API 10 (22.14, 23.6, any 24 or later). Older ones do not
# answer with an error but with a segmentation fault, so the choice comes before anything native is loaded.
# $1: version as `node --version` prints it
version_is_enough() {
  version=${1#v}
  major=${version%%.*}
  minor=${version#*.}
  minor=${minor%%.*}
  case $major$minor in '' | *[!0-9]*) return 1 ;; esac
  [ "$major" -ge 24 ] && return 0
  [ "$major" -eq 23 ] && [ "$minor" -ge 6 ] && return 0
  [ "$major" -eq 22 ] && [ "$minor" -ge 14 ]
}

# Prints the path of the Node to run on: the machine's own where it is recent enough, else the one that npm installed.
# $1: project folder
find_runtime() {
  system=$(command -v node 2>/dev/null || true)
  if [ -n "$system" ] && version_is_enough "$("$system" --version 2>/dev/null)"; then
    printf '%s\n' "$system"
    return 0
  fi
  case $(uname -m) in
    x86_64 | amd64) cpu=x64 ;;
    aarch64 | arm64) cpu=arm64 ;;
    *) cpu=$(uname -m) ;;
  esac
  own=$1/node_modules/node-linux-$cpu/bin/node
  if [ -x "$own" ]; then
    printf '%s\n' "$own"
    return 0
  fi
  say "ariane: no suitable Node.js: this machine has $([ -n "$system" ] && "$system" --version || echo none), 22.14 or later is needed,"
  say "and there is no packaged one for $(uname -s) $(uname -m) in node_modules (was it installed with --omit=optional?)."
  return 1
}

# The same, for scripts that are TypeScript and run as they are, which takes Node 23.6 or later.
# $1: project folder
find_typescript_runtime() {
  chosen=$(find_runtime "$1") || return 1
  case $("$chosen" --version) in
    v22.*) for own in "$1"/node_modules/node-linux-*/bin/node; do [ ! -x "$own" ] || chosen=$own; done ;;
  esac
  printf '%s\n' "$chosen"
}

# `npm ci` where node_modules is absent or belongs to another package-lock.json.
# $1: project folder
install_packages() {
  stamp=$1/node_modules/.ariane-installed
  wanted=$(cksum <"$1/package-lock.json")
  [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && return 0
  # Installed by hand since the lock file last changed: as good.
  if [ ! -f "$stamp" ] && [ "$1/node_modules/.package-lock.json" -nt "$1/package-lock.json" ]; then return 0; fi
  if [ ! -w "$1" ]; then
    [ -d "$1/node_modules" ] && return 0
    fail "packages are missing and $1 is not writable: run 'npm ci' there as its owner"
  fi
  command -v npm >/dev/null 2>&1 || fail "packages are missing and npm is not installed: install Node.js 20 or later with npm (Debian: apt-get install nodejs npm), then try again"
  take_lock "$1"
  if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ]; then
    release_lock
    return 0
  fi
  say "Installing packages (npm ci): about half a minute on a first run ..."
  (cd "$1" && npm ci --prefer-offline --no-audit --no-fund --loglevel=error </dev/null >&2) || {
    release_lock
    fail "npm ci failed; what npm said is above"
  }
  printf '%s\n' "$wanted" >"$stamp"
  release_lock
}

# Whether dist/ is at least as recent as every source, those of the page and folders included (a deleted file counts).
# $1: project folder
build_is_fresh() {
  [ -f "$1/dist/.built" ] && [ -f "$1/dist/main.js" ] || return 1
  [ -d "$1/src" ] || return 0
  [ -z "$(find "$1/src" "$1/tsconfig.json" "$1/package-lock.json" "$1/scripts/build-page.mjs" -newer "$1/dist/.built" -print 2>/dev/null | head -n 1)" ]
}

# Compiles src/ to dist/, and the page to dist/page, when stale. A tree that cannot be written, or has no compiler, runs on the dist/ it has.
# $1: project folder, $2: runtime
build_when_stale() {
  build_is_fresh "$1" && return 0
  compiler=$1/node_modules/typescript/bin/tsc
  if [ ! -w "$1" ] || { [ -d "$1/dist" ] && [ ! -w "$1/dist" ]; } || [ ! -f "$compiler" ]; then
    [ -f "$1/dist/main.js" ] || fail "there is no build, and $1 is not writable or has no TypeScript: run 'npm ci && npm run build' there"
    say "ariane: dist/ is older than src/ and cannot be rebuilt here; running it as it is"
    return 0
  fi
  take_lock "$1"
  if ! build_is_fresh "$1"; then
    say "Building ..."
    : >"$1/dist/.building"
    if ! "$2" "$compiler" -p "$1/src/tsconfig.json" >&2; then
      release_lock
      fail "the build failed; what the compiler said is above"
    fi
    # The node does its work without its page, and says at / how to build it.
    [ ! -d "$1/src/page" ] || "$2" "$1/scripts/build-page.mjs" >&2 || say "ariane: the page could not be built; what was said is above. Everything else works"
    mv "$1/dist/.building" "$1/dist/.built"
  fi
  release_lock
}

# One start at a time installs or builds; the others wait. A lock whose owner is gone is taken over.
# $1: project folder
take_lock() {
  lock=$1/dist/.lock
  mkdir -p "$1/dist"
  waited=0
  until mkdir "$lock" 2>/dev/null; do
    owner=$(cat "$lock/pid" 2>/dev/null || true)
    if [ -n "$owner" ] && ! kill -0 "$owner" 2>/dev/null; then
      rm -rf "$lock"
      continue
    fi
    [ "$waited" -eq 0 ] && say "Another start is installing or building; waiting for it ..."
    waited=$((waited + 1))
    [ "$waited" -le 300 ] || fail "$lock has been there for five minutes: remove it if no other start is running"
    sleep 1
  done
  trap 'release_lock' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  printf '%s\n' "$$" >"$lock/pid"
}

release_lock() {
  rm -rf "$lock"
  trap - EXIT INT TERM
}
