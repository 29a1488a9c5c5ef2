#!/bin/sh
# The recorder against everything its stand-in can do wrong, and the service killed at every step of a recording: each time
# the server must be left as it was. Eight programs leak at once, so that one life of the service makes several recordings,
# one after the other; each is ended by hand (control 131), and what shall go wrong next is set while one is under way.
#   sh tests/e2e/recorder.sh
set -u
. "$(dirname "$0")/lib.sh"

programs='leak1 leak2 leak3 leak4 leak5 leak6 leak7 leak8'
temporary=ProgramData/Seepwatch/captures/temporary
wpr='C:\windows\system32\wpr.exe'
e2e_calls=0
e2e_life=0

# --- what is asked of the stand-in, and what it was asked ---------------------------------------------------------
# From now on the recorder misbehaves like this; a recording under way sees it within a quarter of a second.
knobs() {
  rm -f "$standin"/wpr-forced-*.txt
  printf '%s\n' "$@" >"$standin/wpr-knobs.new"
  mv "$standin/wpr-knobs.new" "$standin/wpr-knobs.txt"
}
mark() { mark_events; e2e_calls=$(calls | wc -l); }
new_calls() { calls | tail -n "+$((e2e_calls + 1))" | grep -v -e '-status'; }
# Verbs and exit codes since the mark, as in "-stop=00000000 -start=c5580601".
answers() {
  new_calls | awk '{ code = "?"; for (i = 4; i <= NF; i++) if ($i ~ /^0x[0-9a-f]+$/) code = substr($i, 3); printf "%s%s=%s", (NR > 1 ? " " : ""), $3, code }'
}
check_answers() { check_match "$1" "^$2\$" "$(answers)"; }

# --- one recording ------------------------------------------------------------------------------------------------
# recording_begins TEXT: of whichever program is next; its name in $program.
recording_begins() {
  check_event "$1" 300 60 || return 1
  program=$(insert 1)
}
# save: ends it and keeps it. The marks are set before, so that what follows up to the next beginning is seen.
save() { mark; service_control 131 >/dev/null 2>&1 || fail "control 131 is accepted"; }
of_program() { printf '\\|%s\\|' "$program" | sed 's/\./\\./g'; }
saved() { check_event "$1" 301 30 "$(of_program)" && saved_path=$(insert 3) && saved_file=$(unix_path "$saved_path"); }
# failed TEXT VERB CODE REASON: event 302 with these.
failed() {
  check_event "$1" 302 30 "$(of_program)" || return 1
  check_match "at $2, with ${3:-no code} and the reason" "\\|-$2\\|${3:--}\\|.*\\|$4" "$event"
}
in_captures() { find "$data/captures" -maxdepth 1 -name "$1" | grep -q .; }
finished_recordings() { find "$data/captures" -maxdepth 1 -name '*virtualalloc.etl*' | wc -l; }
recording_state() { test -f "$standin/wpr-${1:-Seepwatch}.state"; }
# The recording's own process, and the call.
cancel_under_way() { [ "$(alive_count wpr.exe)" -ge 2 ]; }
stop_under_way() { test -f "$standin/wpr-${1:-Seepwatch}.done"; }

# --- a life of the service ----------------------------------------------------------------------------------------
configure() { write_config 300 ", \"heap_method\": \"off\"${1:-}"; sed -i 's/"minimum_growth_bytes": 8388608/"minimum_growth_bytes": 2097152/' "$data/seepwatch.json"; }
undone() { events | tail -n "+$((e2e_life + 1))" | grep -c '^105|'; }
no_recorder_process() { [ "$(alive_count wpr.exe)" -eq 0 ]; }
# Registry, sessions and disk as far as a recording touches them.
machine() {
  win reg query "$image_options" /s 2>/dev/null
  find "$drive_c/$temporary" "$drive_c/windows/temp" "$drive_c/users" -mindepth 1 | sort
  find "$standin" -name '*.state' -o -name '*.stop' -o -name '*.done'
}
as_it_was() { machine >"$e2e_dir/machine.now"; diff "$e2e_dir/machine" "$e2e_dir/machine.now"; }
# start_again WHAT: the service was killed in the middle of WHAT.
start_again() { mark; e2e_life=$e2e_mark; check "killed $1, the service starts again" service_start; }
check_restored() {
  check "nothing is being recorded" within 5 recorder_idle
  check "no process of the recorder is left" within 5 no_recorder_process
  check "no raw file is left" nothing_raw
  # A finished recording may be read meanwhile, which takes a moment.
  check "no profile and no half-written file is left" within 15 nothing_temporary
  check "no tracing flag is left in the registry" no_tracing_flag
  check "registry, sessions and disk are as they were" within 15 as_it_was
}
# after_kill WHAT REASON: killed in WHAT, started again, and event 105 tells the one thing that was undone. A call of the
# recorder outlives the service by a few seconds, and its next one finds the recorder busy: all must be over and looked
# at before the next verdict, 17 s after the start.
after_kill() {
  start_again "$1"
  check_event "event 105: what was left is undone" 105 45 '\|recording\|' && check_match "and says what that was" "^$2" "$(insert 4)"
  check_restored
  check_match "the journal had one entry" '^1$' "$(undone)"
  mark
}

# --- the chapters -------------------------------------------------------------------------------------------------
starts_that_fail() {
  say "The recorder of Windows Server 2019 speaks German, is busy at first and loses events."
  standin_recorder 17763
  # What nobody knows of the real one is the other way round here: none of it may matter.
  unknown='success_text=1 instance_last_only=1 stop_existing=fails skip_pdb_17763=ignored status_idle_exit=0xC5583000'
  knobs localised=1 events_lost=5 $unknown start_exit=0xC5580601 start_times=1
  mark
  recording_begins "busy: it is tried again, and a recording begins" || return
  check_answers "the first -start was refused, the second one went well" '-start=c5580601 -start=00000000'
  knobs localised=1 events_lost=5 $unknown ring=refused
  save
  saved "it is saved" || return
  check_match "event 301 tells the loss" '^5 events, ' "$(insert 9)"
  check "-stop ran with high priority in a job" ended_well
  cp "$saved_file" "$e2e_dir/first.etl.gz"; first_path=$saved_path first_program=$program

  say "It refuses files of a bounded size."
  recording_begins "the next one begins without that bound" || return
  check_answers "after a -cancel" '-stop=00000000 -start=c558300c -cancel=c5583000 -start=00000000'
  knobs stdout_empty=1 stop_exit=0x800705AA stop_times=1 start_exit=0xC5583001 start_times=1
  save
  say "It says nothing at all, -stop lacks resources at first, and one of our recordings is in the way of the next."
  saved "-stop is tried again, and it is saved" || return
  recording_begins "what was in the way is cancelled, and the next one begins" || return
  check_answers "in this order" \
    '-stop=800705aa -stop=00000000 -start=c5583001 -cancel=c5583000 -start=00000000'

  say "No session is free any more."
  knobs start_exit=0x800705AA start_times=1
  save
  saved "what runs is saved" || return
  check_event "event 303 for the next" 303 15 'no room' && check_match "with what the recorder means" 'event sessions are open' "$(insert 4)"
  recording_begins "the one after that begins" || return
  check_answers "nothing was left of the one without room" '-stop=00000000 -start=800705aa -cancel=c5583000 -start=00000000'
}
ended_well() { new_calls | grep -e '^[^ ]* [0-9]* -stop ' | grep -q '(priority high, in a job)'; }

kill_while_recording() {
  say "The service is killed while it records."
  check "killed" service_kill
  check "the recording goes on without a master" not recorder_idle
  standin_recorder
  knobs start_exit=0xC5585011 start_times=2
  after_kill "while it recorded" 'a recording of an earlier run was still going and was cancelled'
}

# While the next verdict takes its time.
look_at_the_first() {
  say "The administrator looks at the first recording."
  check_match "captures list names all three" '^3$' "$(seepwatch captures list --csv 2>/dev/null | grep -c kept)"
  check "captures show --verify: it is what was kept" seepwatch captures show 1 --verify
  check_match "it tells the loss" '5 events' "$(seepwatch captures show 1 2>/dev/null)"
  check "captures export writes a plain file" seepwatch captures export 1 "$(win_path "$e2e_dir/first.etl")"
  check "which is what the kept one holds" same_when_unpacked "$e2e_dir/first.etl.gz" "$e2e_dir/first.etl"
  check "and reads as a trace of the program" seepwatch report "$(win_path "$e2e_dir/first.etl")" --json
  check "beside it lies what is known of the case" grep -q "\"$first_program\"" "$(unix_path "${first_path%.etl.gz}.json")"
}
same_when_unpacked() { gzip -dc "$1" | cmp - "$2"; }

stops_that_fail() {
  say "The account lacks a privilege."
  check_event "event 302 for the first program" 302 60 '0x[Cc]5585011' || return
  recording_begins "the next program's recording begins" || return
  check_answers "a plainer profile had been tried too" \
    '-start=c5585011 -cancel=c5583000 -start=c5585011 -cancel=c5583000 -start=00000000'

  say "The session dies before it is saved, and -cancel finds the recorder busy at first."
  knobs stop_exit=0x80071069 stop_times=1 cancel_exit=0xC5580601 cancel_times=1
  save
  failed "event 302" stop 0x80071069 'the recording could not be saved and was given up'
  recording_begins "the next one begins" || return
  check_answers "the dead one was cancelled" '-stop=80071069 -cancel=c5580601 -cancel=00000000 -start=00000000'

  say "The disk is full while the recording is being saved."
  knobs stop_disk_full=1
  finished=$(finished_recordings)
  save
  failed "event 302" stop 0x80070070 'the recording could not be saved and was given up'
  check "half a file is kept as such" in_captures "*-$program-*.partial.etl"
  check_match "and not as a finished one" "^$finished\$" "$(finished_recordings)"
  recording_begins "the next one begins" || return
  check_answers "the full one was cancelled" '-stop=80070070 -cancel=00000000 -start=00000000'

  say "Somebody else cancels our recording."
  knobs foreign_cancel=1
  check "it is gone" within 5 not recording_state
  knobs no_events=1
  save
  failed "event 302" stop 0xC5583000 'the recording had vanished: somebody else ended it'
  recording_begins "the next one begins" || return
  check_answers "and nothing was cancelled" '-stop=c5583000 -start=00000000'

  say "-start hangs."
  knobs start_hang_s=60
  save
  saved "what runs is saved" || return
  check "-start of the next is under way" within 20 test -f "$drive_c/$temporary/Seepwatch.wprp"
  sleep 2 # it reads its knobs as it begins, and has 5 s: these are for the one after it
  knobs no_events=1
  check_event "event 302 for the next, after the deadline of 5 s" 302 30 'the recorder did not start in time and was killed'
  check_match "at -start, without a code" '\|-start\|-\|' "$event"
  recording_begins "the one after that begins" || return
  check_answers "what had hung was cancelled" '-stop=00000000 -cancel=c5583000 -start=00000000'

  say "A session that logs nothing."
  save
  failed "event 302" stop '' 'nothing .*is in the recording'
  check "the file is kept, and named" test -s "$(unix_path "$(insert 7)")"
  knobs
  recording_begins "the next one begins" || return
}

kill_while_saving() {
  say "The service is killed while -stop takes its time."
  knobs stop_slow_s=3
  save
  check "-stop is under way" within 5 stop_under_way
  check "killed" service_kill
  knobs start_hang_s=4
  start_again "while -stop ran"
  saved "event 301: what -stop wrote until its end is kept" || return
  check_match "it says so" 'wpr saved it after nobody had waited' "$(insert 7)"
  check_restored
  check "captures show --verify: it is what was kept" seepwatch captures show latest --verify
  check_match "nothing had to be undone" '^0$' "$(undone)"
  mark
}

kill_while_starting() {
  say "The service is killed while -start hangs."
  check "-start is under way" within 60 test -f "$drive_c/$temporary/Seepwatch.wprp"
  check "nothing records yet" not recording_state
  check "killed" service_kill
  after_kill "while -start hung" 'a recording of an earlier run '
}

kill_while_keeping() {
  say "The service is killed while it compresses a finished trace."
  knobs raw_bytes_per_s=50000000
  recording_begins "a recording begins" || return
  sleep 4
  save
  knobs
  check "the trace is being compressed" within 30 test -f "$drive_c/$temporary/keeping.gz.part"
  check "killed" service_kill
  detail "$(ls -l "$data/captures"/*virtualalloc.etl "$drive_c/$temporary" | awk '{ print $5, $9 }' | tr '\n' ' ')"
  check "half of it was written" test -f "$drive_c/$temporary/keeping.gz.part"
  check "the plain file is there" in_captures "*-$program-*.etl"
  start_again "while it compressed"
  saved "event 301: the trace is kept after all" || return
  check_match "as recorded by an earlier run" 'an earlier run of the service recorded it' "$(insert 7)"
  check_restored
  check "it is compressed" test -s "$saved_file"
  check "the plain file is gone" not in_captures "*-$program-*virtualalloc.etl"
  check "captures show --verify: it is what was kept" seepwatch captures show latest --verify
  check_match "nothing else had to be undone" '^0$' "$(undone)"
  mark
}

kill_while_cancelling() {
  say "The administrator abandons a recording, and -cancel hangs."
  recording_begins "a recording begins" || return
  knobs cancel_hang_s=7
  mark
  service_control 130 >/dev/null 2>&1 || fail "control 130 is accepted"
  failed "event 302 after the deadline of 5 s" cancel '' 'the recording could not be cancelled and may still run'
  check "it does run" recording_state
  sleep 2
  check "no other recording begins meanwhile" not has_event 300
  say "The service is killed. It starts again, -cancel hangs again, and the service is killed again."
  check "killed" service_kill
  knobs cancel_hang_s=5
  start_again "while it waited to cancel once more"
  check "-cancel is under way" within 10 cancel_under_way
  check "killed" service_kill
  check "the recording was not cancelled yet" recording_state
  knobs
  # For the next chapter: room for two recordings, which are there already, of two programs.
  rm -f "$data/captures"/*.etl* "$data/captures"/*.json "$data/captures"/*.html
  configure ', "folder_quota_count": 2'
  shelve 20200101T000000Z-elsewhere.exe-11; shelve 20200101T000000Z-other.exe-12
  echo notes >"$data/captures/notes.txt"
  after_kill "while -cancel hung for the second time" 'a recording of an earlier run '
}
shelve() { echo trace >"$data/captures/$1-virtualalloc.etl.gz"; }

room_for_two() {
  say "Room for two finished recordings, and there are two, each the newest of its program."
  check_event "event 303" 303 60 'the folder of finished captures has used up its quota'
  rm -f "$data/captures"/*-elsewhere.exe-* "$data/captures"/*-other.exe-*
  recording_begins "they are taken away, and a recording begins" || return
  say "Of the program that is being recorded there were two older ones."
  shelve "20200101T000000Z-$program-11"; shelve "20200102T000000Z-$program-12"
  save
  saved "it is saved" || return
  recording_begins "the next one begins" || return
  check_match "two recordings are left" '^2$' "$(finished_recordings)"
  check "the new one" test -f "$saved_file"
  check "and the newer of the older ones" in_captures '20200102T*'
  check "what is not ours was not touched" test -f "$data/captures/notes.txt"
}

kill_and_reboot() {
  say "The server loses its power while it records: no session outlives that, raw files do."
  check "killed" service_kill
  rm -f "$standin"/*.state
  sleep 1
  check "a raw file is left" not nothing_raw
  configure ', "compress": false'
  after_kill "with the whole server" 'a recording of an earlier run had ended; its leftovers were removed'
}

stranger_is_there() { win "$wpr" -status 2>&1 | grep -q 'in progress'; }
server_2016() {
  say "Windows Server 2016: all recordings share one name, and somebody else records."
  standin_recorder 14393
  check "the stranger begins" win "$wpr" -start GeneralProfile -filemode
  mark
  check_event "event 303: not now" 303 60 "somebody else's recording is under way" || return
  check "the stranger's recording goes on" stranger_is_there
  check_match "it was neither stopped nor cancelled" '^(-start=c5583001 ?)+$' "$(answers)"
  check "the stranger ends it" win "$wpr" -cancel
  mark
  recording_begins "the next program's recording begins" || return
  check_match "under the name that all share" '^WprApp$' "$(insert 4)"
  save
  saved "it is saved" || return
  check_match "not compressed, as configured" '\.etl$' "$saved_path"
  check "the file is there" test -s "$saved_file"
  check "the recorder was never given a name of ours" not calls_name_us
}
calls_name_us() { new_calls | grep -q -e '-instancename'; }

stop_while_saving() {
  recording_begins "the next one begins" || return
  say "The service is told to stop while a trace is being saved; raw files and a folder of symbols are left by -stop."
  knobs stop_slow_s=5 raw_left=1 ngenpdb=1
  save
  check "-stop is under way" within 5 stop_under_way WprApp
  win sc stop seepwatch >/dev/null 2>&1
  check_match "the service asks for patience" '^STOP_PENDING$' "$(service_state)"
  check "and stops" within 30 service_is STOPPED
  saved "event 301: the trace was saved" && check "it is there" test -s "$saved_file"
  knobs
  check "no symbol folder is left" no_symbols
  check "nothing is recorded under the name that all share" not stranger_is_there
  standin_recorder
  check_restored
}
no_symbols() { [ -z "$(find "$data" -iname '*.NGENPDB' -print)" ]; }

stop_while_starting() {
  say "The service starts again and is told to stop while -start hangs."
  knobs start_hang_s=60
  mark
  check "the service starts" service_start
  check "-start is under way" within 60 test -f "$drive_c/$temporary/Seepwatch.wprp"
  check "and hangs" is_alive wpr.exe
  check "nothing records yet" not recording_state
  check "nothing of the life before had to be undone" not has_event 105
  stop_began=$(date +%s)
  check "it stops" service_stop
  check "within 5 seconds" test $(($(date +%s) - stop_began)) -le 6
  knobs
}

# A stop within 5 s leaves it to the next start to make sure of what the -start it ended had begun.
last_start() {
  say "The next start."
  mark; e2e_life=$e2e_mark
  check "the service starts" service_start
  check_event "event 105: the recording that never began is made sure of" 105 10 '\|recording\|'
  check "it stops" service_stop
  check_match "nothing else had to be undone" '^1$' "$(undone)"
  check_restored
}

e2e_open recorder
e2e_install
configure ', "start_deadline_s": 5, "cancel_deadline_s": 5'
say "Eight programs leak."
rate=30
for name in $programs; do
  program_start $name.exe --mb-per-minute $rate --block-kb 16 --seconds 500 || e2e_finish
  rate=$((rate - 1))
done
check "the service starts" service_start
mkdir -p "$drive_c/$temporary"
machine >"$e2e_dir/machine"
starts_that_fail
kill_while_recording
look_at_the_first
stops_that_fail
kill_while_saving
kill_while_starting
kill_while_keeping
kill_while_cancelling
room_for_two
kill_and_reboot
server_2016
stop_while_saving
stop_while_starting
last_start
e2e_finish
