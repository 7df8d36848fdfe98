#!/bin/sh
# A picture of a report, as in the README: screenshot.sh REPORT.html OUT.png [WIDTH HEIGHT light|dark]
set -eu
profile=$(mktemp -d)
trap 'rm -rf "$profile"' EXIT
case ${5:-light} in dark) scheme=0 ;; *) scheme=1 ;; esac
chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run --hide-scrollbars \
  --disable-background-networking --disable-component-update --disable-sync \
  --host-resolver-rules="MAP * ~NOTFOUND" --user-data-dir="$profile" \
  --blink-settings=preferredColorScheme=$scheme --force-device-scale-factor=1 \
  --window-size="${3:-1280},${4:-1500}" --screenshot="$2" "file://$(realpath "$1")"
