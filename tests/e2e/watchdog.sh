#!/bin/sh
# The main job, end to end, as a dated story: install, a program leaks, it is found, looked into, recorded and reported, Windows runs
# low on memory, the program is restarted and ends, the history is asked why, the service stops, the product is removed.
# Each chapter is checked.   sh tests/e2e/watchdog.sh
# Ends with "N passed, N failed". The binaries are the shipped ones; the event log API and the recorder are stand-ins.
set -u
. "$(dirname "$0")/lib.sh"

service_key='HKLM\SYSTEM\CurrentControlSet\Services\seepwatch'
source_key='HKLM\SYSTEM\CurrentControlSet\Services\EventLog\Application\seepwatch'

numbers_of() { grep -oE "\"$1\":[[:space:]]*[0-9]+" "$2" | grep -oE '[0-9]+$'; }

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
  check "NOSTART=1 left the service stopped" within 5 service_is STOPPED
  cp "$program" "$e2e_dir/shipped.exe"
}

chapter_start() {
  write_config
  slower_verdict
  say "The configuration gets short times (a look each second, 32 s of even growth instead of 19 hours), so that the story takes minutes."
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
  program_start healthy.exe --healthy sawtooth --mb-per-minute 120 --seconds 400 || return
  say "leaker.exe allocates 60 MB a minute and keeps it."
  program_start leaker.exe --mb-per-minute 60 --kind virtualalloc --nt-heap --seconds 400 || return
  leaker_pid=$program_pid
  detail "it is process $leaker_pid"
  if within 30 samples_rise; then
    pass "the history shows it growing: from $first to $last bytes in $(wc -l <"$e2e_dir/samples") samples"
  else
    fail "the history shows it growing"
    tail -c 300 "$e2e_dir/history.json" | sed 's/^/                     | /'
  fi
  check_event "event 200: the leak is found" 200 90 '\|leaker\.exe\|' || return
  show_event
  check_match "it names the process" "^$leaker_pid$" "$(insert 2)"
  check "how fast it grows, within a fifth: $(insert 5) (60 MB a minute are 3.52 GB an hour)" slope_fits "$(insert 5)"
  check_match "what kind of memory it is, and how sure that is" '^Private Data, [0-9]+ percent sure: memory it gets from Windows directly' "$(insert 4)"
  check_match "between which limits" ' \([0-9.]+ [A-Z ]*to [0-9.]+ GB per hour\)$' "$(insert 5)"
  check_match "by how much it has grown" 'bytes\)?$' "$(insert 6)"
  check_match "how long the server has left" '^[0-9]' "$(insert 11)"
  check_match "what that stands on" '^In the last .* never gave back rose by .*, in [78] of 8 equal parts of that time' "$(insert 13)"
  check_match "why it is told now" '^first report$' "$(insert 14)"
  check_match "that it is a Warning" '\|warning\|' "$event"
}

chapter_kind() {
  say "Heap or Private Data? Seepwatch looked into the process from outside, while it was suspect, and compared what had grown."
  check_match "the case says Private Data: the program calls VirtualAlloc itself" 'Private Data' "$(seepwatch leaks --csv 2>/dev/null | grep leaker)"
  seepwatch memory --pid "$leaker_pid" 2>&1 | sed -n '/^VMMap/,/^Total/p' | sed 's/^/                     | /'
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

chapter_culprit() {
  say "Who did it? Seepwatch reads the recording by itself, at the lowest priority, and names the module."
  check_event "event 310: the culprit is named" 310 60 '\|leaker\.exe\|' || return
  show_event
  check_match "it is the program's own module, not the allocator below it" '^leaker\.exe$' "$(insert 4)"
  check_match "who made that, by its version resource" '^Seepwatch tests$' "$(insert 6)"
  check_match "and which version it is" '^3\.1\.4\.15$' "$(insert 7)"
  check_match "and where in it" '^\+0x[0-9a-f]+$|[A-Za-z_]' "$(insert 5)"
  check_match "with what was not given back" 'bytes\)$' "$(insert 8)"
  check_match "how much of all that is" '^[0-9]+ percent$' "$(insert 9)"
  check_match "and a signature to compare servers by" '^[0-9a-f]{16}$' "$(insert 11)"
  check_match "of which recording it speaks" "$(basename "$trace_file")" "$(insert 13)"
  beside=${trace_file%.etl*}
  check "the answer lies beside the recording" test -s "$beside.answer.json"
  check "and a page to send to the program's makers" test -s "$beside.html"
  check_match "the store knows it too" 'culprit +leaker\.exe' "$(seepwatch captures show latest 2>&1)"
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

open_leak_is_of() { seepwatch leaks --open --csv 2>/dev/null | grep leaker | cut -d, -f3 | grep -qx "$1"; }
nothing_told() { ! has_event '(20[0-8]|30[0-3])'; }

chapter_restart() {
  say "Somebody restarts leaker.exe, as servers do every night. That takes its memory back and mends nothing."
  mark_events
  first_pid=$leaker_pid
  program_stop leaker.exe
  program_start leaker.exe --mb-per-minute 60 --kind virtualalloc --nt-heap --seconds 400 || return
  leaker_pid=$program_pid
  detail "it is process $leaker_pid now"
  check "the case stays open and goes on with the new process" within 15 open_leak_is_of "$leaker_pid"
  sleep 40
  check "the new process leaks for long enough to be found: nobody is told the same again, nothing is recorded twice" nothing_told
  check_match "it is one case still" '^1$' "$(seepwatch leaks --csv 2>/dev/null | grep -c leaker)"
}

chapter_end_of_leak() {
  say "leaker.exe ends, and this time nobody starts it again. The case waits 16 s for a successor."
  program_stop leaker.exe
  check_event "event 201: the leak is over" 201 40 '\|leaker\.exe\|' || return
  show_event
  check_match "with the process that ended last" "^$leaker_pid$" "$(insert 2)"
  check "none is open any more" test -z "$(seepwatch leaks --open --csv 2>/dev/null | grep leaker)"
  check "healthy.exe raised no alarm in all this time" never 'healthy\.exe'
  program_stop healthy.exe
}

# replay NAME ARGUMENTS...: what it prints is kept in NAME.replay, for show_replay (a sed script) and replay_says.
replay() {
  replayed=$e2e_dir/$1.replay; shift
  seepwatch replay "$@" >"$replayed" 2>&1 || { fail "seepwatch replay $*"; sed 's/^/                     | /' "$replayed"; return 1; }
}
show_replay() { sed -n "$1" "$replayed" | sed 's/^/                     | /'; }
replay_says() { check_match "$1" "$2" "$(cat "$replayed")"; }

chapter_look_back() {
  database='C:\ProgramData\Seepwatch\seepwatch.db'
  short_times='C:\ProgramData\Seepwatch\seepwatch.json'
  say "The administrator looks back."
  seepwatch leaks >"$e2e_dir/leaks" 2>&1
  sed 's/^/                     | /' "$e2e_dir/leaks"
  check_match "seepwatch leaks shows one case, over, with its verdict" ' over +leak +.* leaker\.exe$' "$(cat "$e2e_dir/leaks")"
  page=$e2e_dir/leaker.html
  seepwatch history --image 'leaker*' --html "Z:$page" >/dev/null 2>&1
  check "the history becomes a page with a picture, the leak and the recording marked" page_shows "$page" '<svg' 'leaker.exe' 'Leak' 'Recording'

  say "Why was leaker.exe called, and healthy.exe not? The same engine judges the stored history again."
  replay why "$database" --config "$short_times" --explain leaker.exe || return
  show_replay '/^leaker/,$p'
  replay_says "one leak, called from the history as it was in life" '^1 leak would have been called$'
  replay_says "the evidence in words" 'never gave back rose by'
  replay_says "over the restart" "went on over 1 restart, at last as \\($leaker_pid\\)"
  replay_says "each of its two lives is explained" "^leaker\\.exe \\($first_pid\\): "
  check_match "and each was a leak when it ended" '^2$' "$(grep -c 'when it ended: a leak$' "$replayed")"
  replay why_not "$database" --config "$short_times" --explain healthy.exe || return
  show_replay '/^healthy/,$p'
  replay_says "healthy.exe: why not" 'Not a leak: '

  say "What if the server had had only 64 MB left to give?"
  replay smaller "$database" --config "$short_times" --headroom-bytes 67108864 || return
  show_replay '/^rapid/,/^$/p'
  replay_says "rapid growth would have been told before there was proof" '^rapid growth: leaker\.exe'
  replay_says "and confirmed later" 'over .*: it was confirmed as a leak'

  say "And with the configuration as it is shipped? Two days of another server with 16 GB to give, from a CSV file."
  two_days >"$e2e_dir/two-days.csv"
  replay two_days "$(win_path "$e2e_dir/two-days.csv")" --headroom-bytes 17179869184 || return
  show_replay 'p'
  replay_says "slow.exe, 2 MB an hour: a leak, when it had been seen for 19 hours" '^leak: slow\.exe'
  replay_says "job.exe, 6 GB in half an hour: rapid growth" '^rapid growth: job\.exe'
  replay_says "withdrawn when it gave the memory back" 'over .*: it (stopped growing or gave the memory back|no longer grows rapidly)'
  replay_says "and nothing else" '^1 leak and 1 case of rapid growth would'
}
# A poll each minute: slow.exe leaks 2 MB an hour, job.exe fills 6 GB within half an hour on the second morning and ends
# its work an hour later, web.exe has a cache that comes and goes.
two_days() {
  awk 'BEGIN {
    print "t_s,pid,process,commit_bytes"
    for (minute = 0; minute < 2880; minute++) {
      job = minute - 1980
      filled = job < 0 || job >= 90 ? 0 : job < 30 ? job : 30
      printf "%d,100,slow.exe,%.0f\n", minute * 60, 200 * 1048576 + minute * 2 * 1048576 / 60
      printf "%d,200,job.exe,%.0f\n", minute * 60, 50 * 1048576 + filled * 204.8 * 1048576
      printf "%d,300,web.exe,%.0f\n", minute * 60, 300 * 1048576 + (minute * 37 % 90) * 1048576
    }
  }'
}
page_shows() {
  shown=$1; shift
  for words in "$@"; do grep -qi -e "$words" "$shown" || return 1; done
}
never() { ! events | grep -E '^(20[0-9]|30[0-9]|31[01])\|' | grep -E "$1"; }

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
nothing_recording() { recorder_idle && nothing_raw; }

e2e_open watchdog
chapter_install
chapter_start
chapter_leak
chapter_kind
chapter_recording
chapter_culprit
chapter_exhaustion
chapter_cost
chapter_restart
chapter_end_of_leak
chapter_look_back
chapter_stop
chapter_remove
e2e_finish
