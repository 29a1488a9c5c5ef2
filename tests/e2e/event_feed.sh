#!/bin/sh
# The event feeds' own test with the stand-in where Windows has the real DLL, in system32: the way a service loads it.
# In the prefix of the unit tests, which has Wine's own DLL there, ctest shows this test as skipped. And the program that
# other tests write events with.
set -u
. "$(dirname "$0")/lib.sh"

inject() { win "$(win_path "$injector")" "$@"; }
holds() { grep -q "$2" "$standin/$1"; }

feed_test=$(built test_win_event_feed.exe) || exit 1
e2e_open event_feed
standins
cd "$e2e_dir" || exit 1
check "test_win_event_feed passes through system32" win "$(win_path "$feed_test")" system32

say "evtinject writes what it is asked for, into the log where it belongs"
check "no Operational log to begin with" absent "$standin/operational"
check_match "an Event 2004 is System's first record" '^1$' \
  "$(inject --process leaky.exe --pid 56 --created 2026-01-31T10:00:00.0000000Z --commit 8589934592)"
check_match "an Event 1003 is the Operational log's first" '^1$' "$(inject --event 1003 --limit 1000 --charge 990)"
check_match "an Event 1008 is its second" '^2$' "$(inject --event 1008 --error 1455)"
check_match "one with a number of its own" '^77$' "$(inject --event 1003 --record 77)"
check_match "and one in the wrong log" '^2$' "$(inject --event 1003 --channel system)"
check "2004: its process" holds events/1.xml '<EventID>2004</EventID>.*<Channel>System</Channel>.*<Name>leaky.exe</Name><ID>56</ID>'
check "1003: limit and charge" holds operational/1.xml \
  '<EventID>1003</EventID>.*Detector/Operational</Channel>.*<SystemCommitLimit>1000</SystemCommitLimit><SystemCommitCharge>990</SystemCommitCharge>'
check "1008: the error" holds operational/2.xml '<EventID>1008</EventID>.*<ErrorCode>1455</ErrorCode>'
check "what cannot be an event is refused" not inject --event 1001
e2e_finish
