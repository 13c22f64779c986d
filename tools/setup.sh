#!/bin/sh
# Set up a checkout on Debian or Ubuntu: system libraries, a virtual environment, the package in it.
# Quick when everything is there; needs the network only for what is missing.
set -eu
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}

# What the window, the sound card and the training tests need beyond Python packages.
libraries="libportaudio2 libegl1 libgl1 libopengl0 libxkbcommon0 libxkbcommon-x11-0 libdbus-1-3 libfontconfig1 libxcb-cursor0 \
libxcb-icccm4 libxcb-keysyms1 libxcb-shape0 libxcb-xinerama0 libxcb-image0 libxcb-render-util0 libxcb-randr0 \
fluidsynth fluid-soundfont-gm"

missing=""
if command -v dpkg-query >/dev/null 2>&1; then
    for library in $libraries; do
        dpkg-query -W -f='${Status}' "$library" 2>/dev/null | grep -q "install ok installed" || missing="$missing $library"
    done
    "$python" -c "import ensurepip, venv" 2>/dev/null || missing="$missing python3-venv"
fi
if [ -n "$missing" ]; then
    if [ "$(id -u)" = 0 ]; then
        become=""
    elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
        become="sudo"
    else
        echo "These system packages are missing:$missing" >&2
        echo "Install them as root and run make again:  sudo apt-get install -y$missing" >&2
        exit 1
    fi
    $become apt-get update -q
    # shellcheck disable=SC2086 - one word per package is meant
    DEBIAN_FRONTEND=noninteractive $become apt-get install -y -q --no-install-recommends $missing
fi

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "Python 3.11 or newer is needed; set PYTHON to one:  make PYTHON=python3.12" >&2
    exit 1
}
[ -x .venv/bin/python ] || "$python" -m venv .venv
.venv/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]"
touch .venv/.ready
