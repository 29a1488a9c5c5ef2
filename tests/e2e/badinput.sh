#!/bin/sh
# What goes wrong on real servers, end to end: a broken configuration, a damaged or foreign database, an event log API and a
# recorder that are not there, a second start, a stop in the middle of a recording. The service must say what happened, stay
# up, and leave nothing behind. What a recorder that is there does wrong, and kills: recorder.sh.   sh tests/e2e/badinput.sh
set -u
. "$(dirname "$0")/lib.sh"

fresh() { service_stop >/dev/null 2>&1; rm -rf "$data/seepwatch.db"* "$data/captures" "$standin"/wpr* "$standin"/wevtapi*; write_config "$@"; standins; mark_events; }
calls_have() { calls | grep -q -- "$1"; }
still_running() { check "the service stays up" service_is RUNNING; }
checksum() { cksum <"$1"; }

broken_configuration() {
  say "A configuration with a value out of bounds, at the start."
  fresh
  printf '{\n  "poll": {\n    "interval_s": 0\n  }\n}\n' >"$data/seepwatch.json"
  check "the service starts" service_start
  if check_event "event 103 refuses it" 103 10; then
    check_match "with the line" '^3$' "$(insert 2)"
    check_match "and the key" '^poll\.interval_s$' "$(insert 3)"
  fi
  still_running
  say "It is corrected while the service runs."
  mark_events
  write_config
  check "paramchange is accepted" service_control 6
  check_event "event 102 takes it" 102 10
  say "And broken again: half a file."
  mark_events
  printf '{ "poll": { "interval_s": 5' >"$data/seepwatch.json"
  check "paramchange is accepted" service_control 6
  check_event "event 103 refuses it, the old one stays in force" 103 10 && check_match "it says what is in force" 'poll 1 s' "$(insert 5)"
  still_running
}

second_start() {
  say "sc start on a service that runs."
  check "is refused" not win sc start seepwatch
  check_match "with one instance left" '^1$' "$(alive_count seepwatch.exe)"
  still_running
}

status_on_demand() {
  say "sc control seepwatch 129: tell me how you are."
  mark_events
  check "the control is accepted" service_control 129
  check_event "event 104 answers" 104 10 && show_event
}

damaged_database() {
  say "The database is damaged."
  fresh
  head -c 100000 /dev/urandom >"$data/seepwatch.db"
  check "the service starts" service_start
  check_event "event 107 says so" 107 15
  check "the damaged file is kept beside it" within 5 set_aside
  check "a fresh one is in use" within 10 seepwatch history --json
  still_running
}

set_aside() { ls "$data" | grep -q 'seepwatch\.db\.damaged'; }

foreign_database() {
  say "The database comes from a newer version."
  fresh
  check "the service makes one" service_start
  check "with samples in it" within 10 seepwatch history --json
  service_stop
  # SQLite's user_version, 4 bytes big-endian at offset 60: the schema's version.
  printf '\000\000\047\017' | dd of="$data/seepwatch.db" bs=1 seek=60 conv=notrunc 2>/dev/null
  before=$(checksum "$data/seepwatch.db")
  mark_events
  check "the service starts" service_start
  check_event "event 107 says so" 107 15
  still_running
  check "it stops" service_stop
  check_match "the file was not touched" "^$before\$" "$(checksum "$data/seepwatch.db")"
}

no_event_api() {
  say "The event log API refuses the subscription (Wine's own answers nothing at all), a program leaks and wpr.exe is not there."
  fresh 8 ', "heap_method": "off"'
  win reg add 'HKCU\Software\Wine\DllOverrides' /v wevtapi /d builtin /f >/dev/null
  rm -f "$drive_c/windows/system32/wevtapi.dll"
  ln "$e2e_build/wine-template/drive_c/windows/system32/wevtapi.dll" "$drive_c/windows/system32/wevtapi.dll"
  standin_no_recorder
  check "the service starts" service_start
  check_event "event 211: not listening" 211 20
  still_running
  check_event "the leak is found all the same" 200 60 '\|leaker\.exe\|'
  check_event "event 302: no recorder" 302 20 '\|leaker\.exe\|' && show_event
  still_running
  check "it stops" service_stop
}

stop_in_recording() {
  say "The service is stopped in the middle of a recording."
  fresh 60 ', "heap_method": "off"'
  check "the service starts" service_start
  check_event "a recording has begun" 300 60 '\|leaker\.exe\|' || return
  stop_began=$(date +%s)
  check "it stops" service_stop
  check "within 5 seconds" test $(($(date +%s) - stop_began)) -le 6
  check "the recording was cancelled" calls_have -cancel
  check "nothing records any more" recorder_idle
  check "no raw file is left" nothing_raw
}

e2e_open badinput
e2e_install
broken_configuration
second_start
status_on_demand
damaged_database
foreign_database
program_start leaker.exe --mb-per-minute 60 --seconds 300 || e2e_finish
no_event_api
stop_in_recording
program_stop leaker.exe
e2e_finish
