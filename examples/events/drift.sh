#!/bin/sh
# Another detector has found that something was changed by hand.
tfevent events send --kind drift --severity warning --environment prod --dedup-key drift-web --dedup-window 24h \
  --title "Drift: load balancer edited in the console" --message "- listener \`443\`: certificate replaced"
