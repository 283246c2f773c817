# Finds or installs a Python 3.14 that Home Assistant can use. Sourced by script/setup.
# shellcheck shell=bash

readonly PYTHON_MINIMUM="(3, 14, 2)"
readonly UV_PYTHON_SECONDS=30
readonly DEBIAN_SUITE=forky
readonly DEBIAN_PACKAGES=(
  python3.14 python3.14-minimal python3.14-venv python3.14-dev
  libpython3.14 libpython3.14-dev libpython3.14-minimal libpython3.14-stdlib
  libc6 libssl3t64 libexpat1 libffi8 zlib1g libsqlite3-0 libbz2-1.0 liblzma5 libzstd1
  libncursesw6 libtinfo6 libreadline8t64 libuuid1 libstdc++6 libgcc-s1 libdb5.3t64
)

# True when the interpreter $1 runs, is new enough and is a 3.14.
is_usable_python() {
  [[ -x $1 ]] && "$1" -c "import sys, ssl, sqlite3; sys.exit(not ($PYTHON_MINIMUM <= sys.version_info[:3] < (3, 15)))" \
    >/dev/null 2>&1
}

# Sets PYTHON to the first usable interpreter, or fails with a sentence that says what to do.
find_python() {
  PYTHON=$(command -v python3.14 || true)
  if is_usable_python "$PYTHON"; then
    # An activated environment's python and a link lead back to the real one.
    PYTHON=$("$PYTHON" -c "import os, sys; print(os.path.realpath(sys._base_executable))")
    say "Python 3.14: $PYTHON, found on PATH"
    return
  fi
  PYTHON=$ROOT/.cache/python3.14/usr/bin/python3.14
  if is_usable_python "$PYTHON"; then
    say "Python 3.14: Debian's, unpacked here by an earlier run"
    return
  fi
  say "Python 3.14: none on PATH, asking uv (at most $UV_PYTHON_SECONDS s)"
  if python_from_uv; then
    say "Python 3.14: $PYTHON, installed by uv"
    return
  fi
  say "Python 3.14: uv could not fetch one, unpacking Debian's packages into .cache/python3.14"
  python_from_debian
  say "Python 3.14: $("$PYTHON" --version), Debian's, in a private prefix"
}

python_from_uv() {
  if UV_HTTP_RETRIES=0 timeout "$UV_PYTHON_SECONDS" "$UV" python install --quiet 3.14 >/dev/null 2>&1; then
    PYTHON=$("$UV" python find --managed-python 3.14 2>/dev/null) && is_usable_python "$PYTHON"
  else
    return 1
  fi
}

# The mirror that this machine's own apt sources name, without the security archive.
debian_mirror() {
  # shellcheck disable=SC2016  # apt fills these in
  apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -v security | head -n 1
}

# Unpacks Debian's Python with its own libc into a prefix: the system's libc and packages stay untouched.
python_from_debian() {
  local prefix=$ROOT/.cache/python3.14 apt=$ROOT/.cache/apt mirror triplet loader
  if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
    die "Python 3.14.2 or newer is needed: install it, put it on PATH as python3.14, and run script/setup again."
  fi
  mirror=$(debian_mirror)
  [[ -n $mirror ]] || die "apt has no package source configured: install Python 3.14 by hand and run script/setup again."
  rm -rf "$prefix" "$apt"
  mkdir -p "$prefix" "$apt/lists/partial" "$apt/archives/partial" "$apt/debs"
  : >"$apt/status"
  echo "deb $mirror $DEBIAN_SUITE main" >"$apt/sources.list"
  cat >"$apt/apt.conf" <<CONF
Dir::Etc::SourceList "$apt/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::State::Lists "$apt/lists";
Dir::State::Status "$apt/status";
Dir::Cache "$apt";
APT::Sandbox::User "root";
Acquire::Languages "none";
CONF
  APT_CONFIG=$apt/apt.conf apt-get -qq update ||
    die "Debian's '$DEBIAN_SUITE' could not be read from this machine's mirror: install Python 3.14 by hand."
  (cd "$apt/debs" && APT_CONFIG=$apt/apt.conf apt-get -qq download "${DEBIAN_PACKAGES[@]/%//$DEBIAN_SUITE}") ||
    die "Debian's Python 3.14 packages could not be downloaded: install Python 3.14 by hand."
  local deb
  for deb in "$apt"/debs/*.deb; do dpkg-deb -x "$deb" "$prefix"; done
  rm -rf "$apt"

  triplet=$(uname -m)-linux-gnu
  loader=$(echo "$prefix/usr/lib/$triplet"/ld-linux-*.so.*)
  install_tool patchelf
  "$TOOL" --set-interpreter "$loader" --force-rpath --set-rpath "$prefix/usr/lib/$triplet" \
    "$prefix/usr/bin/python3.14"
  # The headers name their own architecture folder: without this link nothing compiles against them.
  ln -sfn "../$triplet" "$prefix/usr/include/python3.14/$triplet"
  PYTHON=$prefix/usr/bin/python3.14
  "$PYTHON" -W ignore -m compileall -q -j 0 "$prefix/usr/lib/python3.14" >/dev/null 2>&1 || true
  is_usable_python "$PYTHON" || die "Debian's Python 3.14 was unpacked but does not run: install Python 3.14 by hand."
}
