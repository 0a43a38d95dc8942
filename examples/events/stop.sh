#!/bin/sh
# A service has ended, with this exit code.
sh -c 'exit 3'
tfevent events stop --service shop --version 1.4.2 --exit-code $? || true
