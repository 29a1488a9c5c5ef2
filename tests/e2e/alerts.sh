#!/bin/sh
# What Windows says about its memory, and what Seepwatch says where: events that came while it did not run, repetitions,
# notices without a diagnosis, a log that cannot be read, `doctor`, `status`, `event`, the text file for Prometheus.
#   sh tests/e2e/alerts.sh
set -u
. "$(dirname "$0")/lib.sh"

knobs() { printf '%s\n' "$@" >"$standin/wevtapi-knobs.txt.new" && mv "$standin/wevtapi-knobs.txt.new" "$standin/wevtapi-knobs.txt"; }
inject() { win "$(win_path "$injector")" "$@" >/dev/null; }
hours_ago() { date -u -d "$1 hours ago" '+%Y-%m-%dT%H:%M:%S.0000000Z'; }
metrics=C:/metrics/seepwatch.prom
metric() { sed -n "s/^$1 //p" "$drive_c/metrics/seepwatch.prom" 2>/dev/null; }
metric_is() { [ "$(metric "$1")" = "$2" ]; }
count_events() { events | tail -n "+$((e2e_mark + 1))" | grep -cE "^$1\|"; }

configure() {
  write_config
  mkdir -p "$drive_c/metrics"
  sed -i "s|^{|{ \"event2004\": { \"repeat_s\": 20, \"wait_s\": 5 }, \"alerts\": { \"commit_percent\": 99 },\n  \"metrics\": { \"textfile\": \"$metrics\", \"interval_s\": 5 },|" "$data/seepwatch.json"
  check "the configuration is valid" seepwatch config check 'C:\ProgramData\Seepwatch\seepwatch.json'
}

chapter_doctor() {
  say "Before anything runs: what will and will not work on this server?"
  win 'C:\Program Files\Seepwatch\seepwatch.exe' doctor >"$e2e_dir/doctor" 2>&1
  check_match "doctor ends with 6: something does not work" '^6$' "$win_code"
  sed 's/^/                     | /' "$e2e_dir/doctor"
  check_match "Wine has no Diagnostic Policy Service, and that is said" 'trouble +Event 2004' "$(cat "$e2e_dir/doctor")"
  check_match "the System log can be read" 'good +event log' "$(cat "$e2e_dir/doctor")"
  check_match "the same as JSON" '"subject": *"Event 2004"' "$(seepwatch doctor --json 2>/dev/null)"
}

chapter_start() {
  say "Two hours ago, while Seepwatch was not there, Windows had run low on memory."
  inject --record 4711 --process early.exe --pid 77 --created "$(hours_ago 9)" --commit 9000000000 --time "$(hours_ago 2)"
  check "the service starts" service_start
  check_event "event 210 tells of it" 210 15 '\|4711\|' || return
  show_event
  check_match "as late" '^2 h( [01] min)? after it was logged' "$(insert 14)"
  check_match "of a process that nobody has seen" 'early\.exe \(77\) .*no longer running or never seen' "$(insert 5)"
  check_event "event 214: this server writes no Event 2004 by itself" 214 5 && show_event
}

chapter_repetitions() {
  mark_events
  program_start big.exe --healthy flat --mb-per-minute 1 --seconds 300 || return
  say "Windows runs low now, and says so again and again."
  for record in 5001 5002 5003; do
    inject --record "$record" --process big.exe --pid "$program_pid" --created-of-pid --commit 9000000000
  done
  check_event "event 210 tells of the first" 210 10 '\|5001\|' || return
  check_match "the process is found" 'big\.exe \([0-9]+\) 8\.38 GB' "$(insert 5)"
  check_event "and after a while that there were more, with the newest" 210 30 '\|5003\|' || return
  check_match "two in all" '^1$' "$(insert 13)"
  check_match "so two events and not three" '^2$' "$(count_events 210)"
  seepwatch event list >"$e2e_dir/list" 2>&1
  sed 's/^/                     | /' "$e2e_dir/list"
  check_match "seepwatch event list has all four" '^4$' "$(grep -cE '(4711|500[123])' "$e2e_dir/list")"
  seepwatch event latest >"$e2e_dir/latest" 2>&1
  check_match "seepwatch event latest shows the newest" '5003' "$(cat "$e2e_dir/latest")"
  check_match "with the process that it was matched with" 'exact' "$(cat "$e2e_dir/latest")"
}

chapter_notices() {
  mark_events
  say "Windows notices that memory is short, and no diagnosis follows."
  inject --event 1003 --limit 17179869184 --charge 17000000000
  check_event "event 213 says so" 213 20 || return
  show_event
  check_match "with the figures of the notice" '^15\.8 GB' "$(insert 3)"
  check_match "and no 210" '^0$' "$(count_events 210)"
  say "Another time the diagnosis follows, as it should."
  sleep 20
  mark_events
  inject --event 1003
  inject --record 6001 --process other.exe --pid 88 --created "$(hours_ago 9)" --commit 1000000000
  check_event "event 210 tells of it" 210 10 '\|6001\|'
  sleep 7
  check_match "and nothing else" '^0$' "$(count_events 213)"
}

chapter_lost() {
  mark_events
  say "The event log stops answering."
  knobs subscribe_error=1722 next_error=1722 kill_subscription=1
  check_event "event 211: not received at present" 211 20 && show_event
  check "the rest goes on: the history grows" seepwatch history --hours 1 --json
  inject --record 7001 --process late.exe --pid 99 --created "$(hours_ago 9)" --commit 1000000000
  rm -f "$standin/wevtapi-knobs.txt"
  check_event "event 212: received again" 212 40
  check_event "and what came meanwhile is told" 210 10 '\|7001\|'
}

chapter_figures() {
  say "The same facts in three places: event 104, status, the text file."
  mark_events
  check "sc control 129 is accepted" service_control 129
  check_event "event 104 answers" 104 10 || return
  show_event
  seepwatch status >"$e2e_dir/status" 2>&1
  sed 's/^/                     | /' "$e2e_dir/status"
  check_match "status says that the service runs" 'running' "$(cat "$e2e_dir/status")"
  check_match "and how many Events 2004 came" '6 since the start' "$(grep -i 'event 2004' "$e2e_dir/status")"
  check_match "as event 104 does" '6 since the start' "$(insert 15)"
  check_match "and as JSON" '"since_start": *6' "$(seepwatch status --json 2>/dev/null)"
  check "the text file does too" within 12 metric_is seepwatch_event2004_total 6
  check "and that the feed is up" metric_is seepwatch_event2004_feed_up 1
  check_match "it has the headroom" '^[0-9.e+]+$' "$(metric seepwatch_commit_headroom_bytes)"
  check_match "seepwatch leaks --json is a document without leaks" '"leaks": *\[ *\]' "$(seepwatch leaks --json 2>/dev/null)"
}

chapter_end() {
  mark_events
  check "the service stops" service_stop
  check "the text file says that nobody watches" metric_is seepwatch_up 0
  check "once more it starts" service_start
  sleep 3
  check_match "and tells nothing again" '^0$' "$(count_events 21[03])"
  remove_msi
  check "the text file goes with the product" absent "$drive_c/metrics/seepwatch.prom"
  check "and so does status.json" absent "$data/status.json"
  check "the event log API was used as its documentation says" absent "$standin/wevtapi-misuse.txt"
  check "no temporary file of ours is left" nothing_temporary
}

e2e_open alerts
e2e_install
mkdir -p "$standin/operational"
configure
chapter_doctor
chapter_start
chapter_repetitions
chapter_notices
chapter_lost
chapter_figures
chapter_end
e2e_finish
