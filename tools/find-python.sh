#!/bin/sh
# Print the path of a Python >= 3.12 that can make environments and compile extensions.
# A candidate counts only if it runs: version managers leave shims that exist but fail.
usable() {
  "$1" - >/dev/null 2>&1 <<'PY'
import ensurepip, os, sys, sysconfig, venv
header = os.path.join(sysconfig.get_path("include"), "Python.h")
sys.exit(not ((3, 12) <= sys.version_info[:2] < (3, 15) and os.path.exists(header)))
PY
}
resolve() { "$1" -c 'import sys; print(sys.executable)'; }

if [ -n "${PYTHON:-}" ]; then
  usable "$PYTHON" && { resolve "$PYTHON"; exit 0; }
  echo "PYTHON=$PYTHON is not a Python 3.12 to 3.14 with venv and Python.h" >&2
  exit 1
fi
for name in python3.13 python3.12 python3.14 python3; do
  if command -v "$name" >/dev/null 2>&1 && usable "$name"; then resolve "$name"; exit 0; fi
done
for root in "${PYENV_ROOT:-}" "$HOME/.pyenv" /opt/pyenv; do
  for candidate in "$root"/versions/3.13*/bin/python3 "$root"/versions/3.12*/bin/python3 "$root"/versions/3.14*/bin/python3; do
    if [ -x "$candidate" ] && usable "$candidate"; then resolve "$candidate"; exit 0; fi
  done
done
if command -v uv >/dev/null 2>&1; then
  found=$(uv python find '>=3.12' 2>/dev/null || { uv python install -q 3.12 >&2 && uv python find 3.12; })
  if [ -n "$found" ] && usable "$found"; then echo "$found"; exit 0; fi
fi
cat >&2 <<'MSG'
seix needs Python 3.12 or newer with venv and headers. Any one of these gives it:
  pyenv install 3.12
  uv python install 3.12
  apt-get install python3-venv python3-dev      (Debian 13, Ubuntu 24.04 and later)
  conda env create -f environment.yml           (then no make is needed)
  make PYTHON=path/of/python3.12 ...
MSG
exit 1
