#!/bin/sh
# The main job, end to end, as a dated story: install, a program leaks, it is found, recorded and reported, Windows runs
# low on memory, the service stops, the product is removed. Each chapter is checked.   sh tests/e2e/watchdog.sh
# Ends with "N passed, N failed". The binaries are the shipped ones; the event log API and the recorder are stand-ins.
set -u
. "$(dirname "$0")/lib.sh"

service_key='HKLM\SYSTEM\CurrentControlSet\Services\seepwatch'
source_key='HKLM\SYSTEM\CurrentControlSet\Services\EventLog\Application\seepwatch'

numbers_of() { grep -oE "\"$1\":[[:space:]]*[0-9]+" "$2" | grep -oE '[0-9]+$'; }
unix_path() { printf '%s%s' "$drive_c" "$(printf '%s' "$1" | sed 's/^[A-Za-z]://' | tr '\\' /)"; }

chapter_install() {
  say "A server without anybody watching it. The administrator installs Seepwatch from its MSI."
  standins
  install_msi NOSTART=1
  check "the program is in Program Files" test -f "$program"
  check "the service is registered" registry_has "$service_key" /v ImagePath
  check_match "it starts with Windows, as a process of its own" 'Start +REG_DWORD +0x2' "$(win reg query "$service_key" /v Start)"
  check_match "the event source points to the program" 'REG_EXPAND_SZ +C:.Program Files.Seepwatch.seepwatch.exe' \
    "$(win reg query "$source_key" /v EventMessageFile)"
  check "the shipped configuration is in place and valid" seepwatch config check 'C:\ProgramData\Seepwatch\seepwatch.json'
  check_match "NOSTART=1 left the service stopped" '^STOPPED$' "$(service_state)"
  cp "$program" "$e2e_dir/shipped.exe"
}

chapter_start() {
  write_config
  say "The configuration gets short times (a look each second, a window of 20 s), so that the story takes a minute, not hours."
  check "the service starts" service_start
  check_event "event 100 says so" 100 10 && show_event
  check_match "sc query says RUNNING" '^RUNNING$' "$(service_state)"
}

samples_rise() {
  seepwatch history --process leaker.exe --json >"$e2e_dir/history.json" 2>/dev/null || return 1
  numbers_of commit_bytes "$e2e_dir/history.json" >"$e2e_dir/samples"
  [ "$(wc -l <"$e2e_dir/samples")" -ge 5 ] || return 1
  first=$(head -n 1 "$e2e_dir/samples"); last=$(tail -n 1 "$e2e_dir/samples")
  [ $((last - first)) -ge 4194304 ]
}

slope_fits() { printf '%s\n' "$1" | awk '{ exit !($2 == "GB" && $1 >= 2.81 && $1 <= 4.22) }'; }

chapter_leak() {
  mark_events
  say "Two programs start. healthy.exe allocates twice as fast, but gives it all back every few seconds."
  program_start healthy.exe --healthy sawtooth --mb-per-minute 120 --seconds 240 || return
  say "leaker.exe allocates 60 MB a minute and keeps it."
  program_start leaker.exe --mb-per-minute 60 --kind virtualalloc --seconds 240 || return
  leaker_pid=$program_pid
  detail "it is process $leaker_pid"
  if within 30 samples_rise; then
    pass "the history shows it growing: from $first to $last bytes in $(wc -l <"$e2e_dir/samples") samples"
  else
    fail "the history shows it growing"
    tail -c 300 "$e2e_dir/history.json" | sed 's/^/                     | /'
  fi
  check_event "event 200: the leak is found" 200 60 '\|leaker\.exe\|' || return
  show_event
  check_match "it names the process" "^$leaker_pid$" "$(insert 2)"
  check "how fast it grows, within a fifth: $(insert 5) (60 MB a minute are 3.52 GB an hour)" slope_fits "$(insert 5)"
  check_match "by how much it has grown" 'bytes\)?$' "$(insert 6)"
  check_match "how long the server has left" '^[0-9]' "$(insert 11)"
  check_match "that it is a Warning" '\|warning\|' "$event"
}

chapter_recording() {
  say "Seepwatch records who allocates."
  check_event "event 300: the recording has begun" 300 20 '\|leaker\.exe\|' || return
  check_event "event 301: it is saved" 301 60 '\|leaker\.exe\|' || return
  show_event
  saved=$(insert 3)
  trace_file=$(unix_path "$saved")
  check "the trace is where the event says: $saved" test -s "$trace_file"
  check "seepwatch report reads it" seepwatch report "$saved" --pid "$leaker_pid" --json
  seepwatch report "$saved" --pid "$leaker_pid" --json >"$e2e_dir/report.json" 2>/dev/null
  check_match "and finds the leaking process in it" "^$leaker_pid\$" "$(numbers_of pid "$e2e_dir/report.json")"
  check "with what it allocated meanwhile, 1 MB a second within a third" rate_fits
  seepwatch report "$saved" --pid "$leaker_pid" 2>&1 | sed 's/^/                     | /'
  check "no raw file of the recorder is left behind" nothing_raw
  check_match "the recorder is idle again" 'not recording' "$(recorder_status)"
}
# Committed less freed bytes against the trace's own duration.
rate_fits() {
  committed=$(numbers_of committed_bytes "$e2e_dir/report.json" | head -n 1)
  freed=$(numbers_of freed_bytes "$e2e_dir/report.json" | head -n 1)
  duration_s=$(numbers_of duration_s "$e2e_dir/report.json" | head -n 1)
  echo "committed $committed, freed $freed, duration $duration_s s"
  kept=$((committed - freed)); expected=$((duration_s * 1048576))
  [ $((kept * 3)) -ge $((expected * 2)) ] && [ $((kept * 3)) -le $((expected * 4)) ]
}
nothing_raw() { [ -z "$(find "$drive_c" -name 'WPR_initiated_*' -print 2>/dev/null)" ]; }
recorder_status() { win 'C:\windows\system32\wpr.exe' -status -instancename Seepwatch 2>&1; }

chapter_exhaustion() {
  say "Windows itself runs low on memory: Event 2004 names the process."
  mark_events
  check "Event 2004 is written to the System log" win "$(win_path "$injector")" --record 7001 --process leaker.exe \
    --pid "$leaker_pid" --created-of-pid --commit 300000000
  check_event "event 210 answers it" 210 15 '\|7001\|' || return
  show_event
  check_match "it names the process" 'leaker\.exe' "$event"
}

chapter_cost() {
  say "What does the watchdog itself cost? sc control seepwatch 129 asks it."
  mark_events
  check "the control is accepted" service_control 129
  check_event "event 104 answers" 104 10 || return
  show_event
  check_match "it knows its own memory" '^[0-9]' "$(insert 5)"
  check_match "and its own processor time" '^[0-9]+\.[0-9]+ s$' "$(insert 6)"
}

chapter_end_of_leak() {
  say "The leaking program ends."
  mark_events
  program_stop leaker.exe
  check_event "event 201: the leak is over" 201 30 '\|leaker\.exe\|' || return
  show_event
  check_match "the store remembers the leak" 'leaker\.exe' "$(seepwatch leaks --json 2>&1 | tr '\n' ' ')"
  check "none is open any more" test -z "$(seepwatch leaks --open --csv 2>/dev/null | grep leaker)"
  page=$e2e_dir/leaker.html
  seepwatch history --image 'leaker*' --html "Z:$page" >/dev/null 2>&1
  check "the history becomes a page with a picture, the leak and the recording marked" page_shows "$page" '<svg' 'leaker.exe' 'Leak' 'Recording'
  check "healthy.exe raised no alarm in all this time" never 'healthy\.exe'
  program_stop healthy.exe
}
page_shows() {
  shown=$1; shift
  for words in "$@"; do grep -qi -e "$words" "$shown" || return 1; done
}
never() { ! events | grep -E '^(20[0-9]|30[0-9])\|' | grep -E "$1"; }

chapter_stop() {
  say "The administrator stops the service."
  mark_events
  started=$(date +%s)
  check "it stops" service_stop
  check "within 5 seconds" test $(($(date +%s) - started)) -le 6
  check_event "event 101 says so" 101 5 && show_event
}

chapter_remove() {
  say "And removes the product."
  remove_msi
  check "the service is gone" not registry_has "$service_key"
  check "the event source is gone" not registry_has "$source_key"
  check "the program folder is gone" absent "$drive_c/Program Files/Seepwatch"
  check "no recording is left running" nothing_recording
  check "the event log API was used as its documentation says" absent "$standin/wevtapi-misuse.txt"
  check "no temporary file of ours is left" nothing_temporary
  check "no tracing flag is left in the registry" no_tracing_flag
  check "the configuration and the history stay, as they should" test -f "$data/seepwatch.json" -a -f "$data/seepwatch.db"
}
nothing_recording() { recorder_status | grep -q 'not recording' && nothing_raw; }
nothing_temporary() {
  find "$drive_c/windows/temp" "$drive_c/users" "$data" \( -iname '*seepwatch*.tmp' -o -name '*.wprp' -o -iname '*.etl.part*' \) -print >"$e2e_dir/left"
  [ ! -s "$e2e_dir/left" ] || { cat "$e2e_dir/left"; return 1; }
}
no_tracing_flag() {
  win reg query 'HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Image File Execution Options' /s 2>/dev/null |
    grep -q TracingFlags && return 1
  return 0
}

e2e_open watchdog
chapter_install
chapter_start
chapter_leak
chapter_recording
chapter_exhaustion
chapter_cost
chapter_end_of_leak
chapter_stop
chapter_remove
e2e_finish
