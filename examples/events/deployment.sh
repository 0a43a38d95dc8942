#!/bin/sh
# A deployment that was made some other way, recorded afterwards: what, where, since which commit, and where to read on.
set -eu
tfevent events send --kind deployment --service shop --version 1.4.2 --environment prod \
    --commit HEAD --previous-commit "${PREVIOUS:-HEAD}" \
    --started-at 3m --tag team=core --link "release notes=https://wiki.example.com/shop/1.4.2"
