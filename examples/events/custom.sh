#!/bin/sh
# Anything else worth remembering, with data of your own. The key keeps a retried job from recording it twice.
set -eu
git log -3 --format='* %s' 2> /dev/null | tfevent events send --title "Feature freeze for the winter sale" --message - \
    --data '{"ticket": "OPS-42", "until": "2026-12-27"}' --dedup-key freeze-2026 --dedup-window 7d
