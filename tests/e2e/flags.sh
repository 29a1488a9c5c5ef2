#!/bin/sh
# The tracing flag: the heap of a program leaks and its calls are to be recorded after its next start. The flag is set in
# the registry, outlives the service, serves for one recording and is taken back; nothing else in the registry changes. An
# uninstall takes back one that still waits. The registry, the service manager, msiexec and the processes are Wine's own.
#   sh tests/e2e/flags.sh
set -u
. "$(dirname "$0")/lib.sh"

options='HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Image File Execution Options'
# What the registry says of a program: its values, sorted; nothing where there is no key.
flag_of() { win reg query "$options\\$1" 2>/dev/null | grep REG_ | sed 's/^ *//; s/  */ /g' | sort; }
has_no_key() { ! registry_has "$options\\$1"; }
flag_is() { [ "$(flag_of "$1" | grep TracingFlags)" = "TracingFlags REG_DWORD $2" ]; }

e2e_open flags
e2e_install
write_config 6 ', "heap_method": "next_start"'
say "Two programs with settings of their own in the registry, as some have them; a third without."
win reg add "$options\\first.exe" /v TracingFlags /t REG_DWORD /d 6 /f >/dev/null
win reg add "$options\\first.exe" /v GlobalFlag /t REG_DWORD /d 256 /f >/dev/null
before=$(flag_of first.exe)
check "the service starts" service_start
mark_events
program_start first.exe --kind nt-heap --mb-per-minute 60 --seconds 300 && first_pid=$program_pid

say "first.exe leaks from its heap. Its allocations are to be recorded after its next start."
check_event "event 304 says what to restart" 304 90 '\|first\.exe\|' && show_event
check_match "by process" "^end first\\.exe \\(process $first_pid\\) and start it again\$" "$(insert 3)"
check "bit 0 is set, the others stay" flag_is first.exe 0x7
check_match "so do its other values" 'GlobalFlag REG_DWORD 0x100' "$(flag_of first.exe)"
check_event "meanwhile VirtualAlloc is recorded" 301 60 '\|first\.exe\|.*-virtualalloc\.etl\.gz'

say "The service is restarted, then killed: the flag waits."
check "it stops" service_stop
check "the flag is still there" flag_is first.exe 0x7
check "the service starts" service_start
check "it is killed" service_kill
check "and starts again" service_start
sleep 2
check "the flag is still there" flag_is first.exe 0x7
mark_events

say "The administrator restarts first.exe."
program_stop first.exe
program_start first.exe --kind nt-heap --mb-per-minute 60 --seconds 300 && first_pid=$program_pid
check_event "as soon as it grows again its heap is recorded" 300 60 "\\|first\\.exe\\|$first_pid\\|" && show_event
check_match "by its tracing flag" 'by its tracing flag' "$(insert 3)"
check_event "event 301" 301 60 '\|first\.exe\|.*-heap\.etl\.gz' && show_event
check_match "with heap calls of this process in it" '[1-9][0-9]* about its heap$' "$(insert 8)"
check_event "event 305: the flag is taken back" 305 10 '\|first\.exe\|' && show_event
check_match "the registry is as it was" "^$(printf '%s' "$before" | tr '\n' ' ')\$" "$(flag_of first.exe | tr '\n' ' ' | sed 's/ $//')"

say "Another program leaks, and Seepwatch is removed before anybody restarts that."
program_start second.exe --kind nt-heap --mb-per-minute 60 --seconds 300
check_event "event 304 for second.exe" 304 90 '\|second\.exe\|'
check "its key was made for it" flag_is second.exe 0x1
remove_msi
check "the key is gone" has_no_key second.exe
check_match "the one of first.exe is as it was" "^$(printf '%s' "$before" | tr '\n' ' ')\$" "$(flag_of first.exe | tr '\n' ' ' | sed 's/ $//')"
check "no recording is left running" recorder_idle
check "and no raw file of one" nothing_raw
e2e_finish
