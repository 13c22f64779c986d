#!/bin/sh
# What only the tests need, beside tools/setup.sh: a browser and Playwright, which drives it through the listening page,
# Xvfb and xdotool, the screen and the hands of the window's tests, Dask, on whose cluster of two processes a batch is
# run, and PyAV, which reads M4A, WMA, DSF and video files.
# Never fails: where something cannot be installed, the tests that need it skip with their reason.
set -eu
cd "$(dirname "$0")/.."

browsers="chromium chromium-headless-shell google-chrome"
ready=yes

have_browser() {
    for browser in $browsers; do
        command -v "$browser" >/dev/null 2>&1 && return 0
    done
    return 1
}

have_screen() {
    command -v Xvfb >/dev/null 2>&1 && command -v xdotool >/dev/null 2>&1
}

if ! { have_browser && have_screen; }; then
    if [ "$(id -u)" = 0 ]; then
        become=""
    elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
        become="sudo"
    else
        become="nobody"
    fi
    if [ "$become" != nobody ] && command -v apt-get >/dev/null 2>&1; then
        $become apt-get update -q || true
        # One that is not there must not stop the tests of everything else.
        have_browser ||
            $become env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends chromium || true
        have_screen ||
            $become env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends xvfb xdotool || true
    fi
    have_browser || {
        ready=no
        echo "No browser could be installed, so the listening page is not tested: sudo apt-get install chromium" >&2
    }
    have_screen || {
        ready=no
        echo "Xvfb and xdotool could not be installed, so the window is not tested on a screen:" \
            "sudo apt-get install xvfb xdotool" >&2
    }
fi

if ! .venv/bin/python -c "import playwright" 2>/dev/null; then
    .venv/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[browser]" || {
        ready=no
        echo "Playwright could not be installed, so the listening page is not tested." >&2
    }
fi
if ! .venv/bin/python -c "import distributed" 2>/dev/null; then
    .venv/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[cluster]" || {
        ready=no
        echo "Dask could not be installed, so a batch on a cluster is not tested." >&2
    }
fi
if ! .venv/bin/python -c "import av" 2>/dev/null; then
    .venv/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[media]" || {
        ready=no
        echo "PyAV could not be installed, so M4A, WMA, DSF and video files are not tested." >&2
    }
fi
[ "$ready" = no ] || touch .venv/.ready-for-tests
