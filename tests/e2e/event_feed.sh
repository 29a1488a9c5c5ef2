#!/bin/sh
# The event feed's own test with the stand-in where Windows has the real DLL, in system32: the way a service loads it.
# In the prefix of the unit tests, which has Wine's own DLL there, ctest shows this test as skipped.
set -u
. "$(dirname "$0")/lib.sh"

feed_test=$(built test_win_event_feed.exe) || exit 1
e2e_open event_feed
standins
cd "$e2e_dir" || exit 1
check "test_win_event_feed passes through system32" win "$(win_path "$feed_test")" system32
e2e_finish
