#!/bin/sh
# A service has been started by a script of yours; see ../systemd for units and ../ci/docker for containers.
tfevent events start --service shop --version 1.4.2 || true
