#!/bin/sh
# A build, run and observed: its event has the outcome, the exit code and how long it took.
exec tfevent events run --kind build --service shop --version 1.4.2 -- sh -c 'echo compiling; echo done'
