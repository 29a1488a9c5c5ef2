# Functions for the end-to-end tests: a Wine prefix of their own, the stand-ins in it, the service by its MSI, the events
# it writes, checks that count. Sourced by tests/e2e/*.sh; POSIX sh. What each function needs is what the ones before it
# in a test made: e2e_open, then e2e_install, then the rest.
#
# Wine 8: services live only while some Wine process does, so one `cmd` waits on a pipe for the whole test. It is the
# first process of the prefix: services inherit its environment and its stderr, which is where the event log goes to.

e2e_here=$(cd "$(dirname "$0")" && pwd)
e2e_root=$(cd "$e2e_here/../.." && pwd)
e2e_build=${SEEPWATCH_BUILD:-$e2e_root/build/mingw-x64}
e2e_passed=0
e2e_failed=0

# --- saying and counting -----------------------------------------------------------------------------------------
say() { printf '%s  %s\n' "$(date -u '+%Y-%m-%d %H:%M:%S')" "$*"; }
detail() { printf '                     %s\n' "$*"; }
pass() { e2e_passed=$((e2e_passed + 1)); printf '              ok     %s\n' "$*"; }
fail() { e2e_failed=$((e2e_failed + 1)); printf '              FAILED %s\n' "$*"; }

# check TEXT COMMAND...: passes when the command succeeds.
check() {
  check_text=$1; shift
  if "$@" >"$e2e_dir/check.out" 2>&1; then pass "$check_text"; else
    fail "$check_text"
    tail -n 6 "$e2e_dir/check.out" | sed 's/^/                     | /'
  fi
}
# check_text TEXT PATTERN STRING: passes when the string matches the extended pattern.
check_match() {
  if printf '%s\n' "$3" | grep -Eq -- "$2"; then pass "$1"; else fail "$1"; detail "| got: $3"; detail "| not: $2"; fi
}
absent() { [ ! -e "$1" ]; }
not() { ! "$@"; }

# within SECONDS COMMAND...: tries until the command succeeds.
within() {
  within_end=$(($(date +%s) + $1)); shift
  until "$@"; do
    [ "$(date +%s)" -lt "$within_end" ] || return 1
    sleep 0.3
  done
}

e2e_finish() {
  e2e_close
  printf '%d passed, %d failed\n' "$e2e_passed" "$e2e_failed"
  if [ "$e2e_failed" -eq 0 ] && [ "$e2e_passed" -gt 0 ]; then rm -rf "$e2e_dir"; exit 0; fi
  echo "the prefix and the trace are kept in $e2e_dir"
  exit 1
}

# --- Wine --------------------------------------------------------------------------------------------------------
# A new prefix is a copy of a template made once per build folder: hard links but for the registry, so it takes no time.
e2e_template() {
  (flock 8; make_template) 8>"$e2e_build/wine-template.lock" || exit 1
}
make_template() {
  template=$e2e_build/wine-template
  [ ! -f "$template/ready" ] || return 0
  rm -rf "$template"
  mkdir -p "$template"
  ( export WINEPREFIX="$template" WINEDEBUG=-all WINEDLLOVERRIDES='mscoree,mshtml,winemenubuilder.exe='
    wineboot -i && wineserver -w ) >"$e2e_build/wine-template.log" 2>&1 </dev/null ||
    { echo "e2e: Wine could not make a prefix: see $e2e_build/wine-template.log" >&2; exit 1; }
  touch "$template/ready"
}

wine_open() {
  (exec wine cmd /c 'echo ready & set /p line=' <"$e2e_dir/hold" >"$e2e_dir/keeper.out" 2>>"$e2e_trace" 9>&-) &
  e2e_keeper=$!
  # Whoever comes first starts the services and gives them its stderr: nobody else before this one has spoken.
  within 60 test -s "$e2e_dir/keeper.out"
}

# e2e_open NAME: prefix, trace, the process that keeps Wine alive.
e2e_open() {
  unset DISPLAY WAYLAND_DISPLAY SEEPWATCH_STANDIN || true
  export LC_ALL=C.UTF-8 WINEARCH=win64 WINEDLLOVERRIDES='mscoree,mshtml,winemenubuilder.exe='
  find_built
  mkdir -p "$e2e_build/e2e"
  e2e_dir=$(mktemp -d "$e2e_build/e2e/$1.XXXXXX")
  e2e_trace=$e2e_dir/trace
  export HOME="$e2e_dir" WINEPREFIX="$e2e_dir/prefix"
  : >"$e2e_trace"
  trap 'e2e_close' EXIT
  trap 'exit 130' INT TERM
  e2e_template
  cp -al "$e2e_build/wine-template" "$WINEPREFIX"
  for file in system.reg user.reg userdef.reg; do
    rm -f "$WINEPREFIX/$file"
    cp "$e2e_build/wine-template/$file" "$WINEPREFIX/$file"
  done
  drive_c=$WINEPREFIX/drive_c
  data=$drive_c/ProgramData/Seepwatch
  standin=$drive_c/ProgramData/SeepwatchStandin
  program="$drive_c/Program Files/Seepwatch/seepwatch.exe"
  mkfifo "$e2e_dir/hold"
  exec 9<>"$e2e_dir/hold"
  export WINEDEBUG=-all,fixme+advapi,+eventlog
  wine_open || { echo "e2e: Wine does not start: see $e2e_trace" >&2; exit 1; }
  export WINEDEBUG=-all
}

# Ends this prefix's Wine and nothing else.
e2e_close() {
  trap - EXIT
  [ -n "${WINEPREFIX:-}" ] || return 0
  wineserver -k >/dev/null 2>&1 || true
  exec 9>&-
  wait "${e2e_keeper:-}" 2>/dev/null || true
}

# win PROGRAM ARGUMENTS...: runs it, line ends made Unix; the exit code is the program's. Never hangs: 120 s.
win() {
  win_code=0
  timeout 120 wine "$@" </dev/null 9>&- >"$e2e_dir/win.out" 2>"$e2e_dir/win.err" || win_code=$?
  tr -d '\r' <"$e2e_dir/win.out"
  tr -d '\r' <"$e2e_dir/win.err" >&2
  return $win_code
}
win_path() { printf 'Z:%s' "$1" | tr / '\\'; }
seepwatch() { win 'C:\Program Files\Seepwatch\seepwatch.exe' "$@"; }
# Wine's tasklist lists nothing; its wmic does, in UTF-16 of which only the ASCII part matters here.
alive_count() { win wmic process get Name 2>/dev/null | tr -d '\000' | awk -v name="$1" '$1 == name' | wc -l; }
is_alive() { [ "$(alive_count "$1")" -gt 0 ]; }
registry_has() { win reg query "$@" >/dev/null 2>&1; }

# --- the product and the stand-ins -------------------------------------------------------------------------------
built() {
  built_file=$(find "$e2e_build" \( -path "$e2e_build/e2e" -o -path "$e2e_build/wine-template" -o -name staging \) -prune -o \
    -name "$1" -type f -print | head -n 1)
  [ -n "$built_file" ] || { echo "e2e: $1 is not built in $e2e_build" >&2; exit 1; }
  printf '%s\n' "$built_file"
}
find_built() {
  msi=$(built 'seepwatch-*-x64.msi') && recorder=$(built wpr.exe) && event_api=$(built wevtapi.dll) &&
    leaker=$(built leaker.exe) && injector=$(built evtinject.exe) && control=$(built e2e_control.exe) &&
    eventtext=$(built e2e_eventtext.exe) || exit 1
}

# Stand-ins go where Windows has the real ones. Every file of the prefix is a hard link: remove, then copy.
# standin_recorder [BUILD]: as the wpr.exe of that build of Windows: 14393, 17763, 20348 (without BUILD) or 26100.
standin_recorder() {
  standin_version=$recorder
  case ${1:-20348} in 20348) ;; *) standin_version=$(built "wpr-$1.exe") || exit 1 ;; esac
  rm -f "$drive_c/windows/system32/wpr.exe"
  cp "$standin_version" "$drive_c/windows/system32/wpr.exe"
}
standin_no_recorder() { rm -f "$drive_c/windows/system32/wpr.exe"; }
standin_events() {
  rm -f "$drive_c/windows/system32/wevtapi.dll"
  cp "$event_api" "$drive_c/windows/system32/wevtapi.dll"
  win reg add 'HKCU\Software\Wine\DllOverrides' /v wevtapi /d native /f >/dev/null
}
# wpr_knob NAME=VALUE...: how the recorder shall misbehave from now on; none = not at all (tests/standin/README-recorder.md).
wpr_knob() { printf '%s\n' "$@" >"$standin/wpr-knobs.txt"; }
standins() { mkdir -p "$standin"; standin_recorder; standin_events; }

# write_config [MAXIMUM_S [EXTRA]]: a configuration with short times, so that a leak is a matter of seconds: called after
# 17 or 18 s of even growth (slower_verdict: 33 or 34, with a suspicion half way, as there is in life); a case waits 16 s for its process's successor. Growth of the system never counts: what Wine
# calls the system is the whole machine with all that runs on it. MAXIMUM_S: length of a recording. EXTRA: further
# members of "capture", each with its comma in front.
write_config() {
  mkdir -p "$data"
  rm -f "$data/seepwatch.json"
  cat >"$data/seepwatch.json" <<JSON
{
  "poll": { "interval_s": 1, "urgent_interval_s": 1 },
  "detector": { "bucket_s": 1, "observation_s": 16, "minimum_slope_bytes_per_hour": 1048576,
                "minimum_growth_bytes": 8388608, "minimum_system_growth_bytes": 1125899906842624 },
  "memory": { "interval_s": 2, "minimum_growth_bytes": 1048576 },
  "capture": { "maximum_s": ${1:-8}, "minimum_free_bytes": 0, "minimum_commit_bytes": 0, "recordings_per_day": 0, "cool_down_s": 5${2:-} }
}
JSON
}

slower_verdict() { sed -i 's/"observation_s": 16/"observation_s": 32/' "$data/seepwatch.json"; }

# e2e_install: the MSI without a start, the stand-ins, the fast configuration.
install_msi() { win msiexec /qn /i "$(win_path "$msi")" /l*v 'C:\msi.log' "$@" >/dev/null 2>&1; }
remove_msi() { win msiexec /qn /x "$(win_path "$msi")" /l*v 'C:\msi-remove.log' >/dev/null 2>&1; }
e2e_install() {
  standins
  install_msi NOSTART=1
  [ -f "$program" ] || { echo "e2e: the MSI did not install: see $drive_c/msi.log" >&2; exit 1; }
  write_config
}

service_state() { win sc query seepwatch 2>/dev/null | sed -n 's/.*STATE *: *[0-9]* *\([A-Z_]*\).*/\1/p'; }
service_is() { [ "$(service_state)" = "$1" ]; }
service_start() { win sc start seepwatch >/dev/null 2>&1 || true; within 20 service_is RUNNING; }
service_stop() { win sc stop seepwatch >/dev/null 2>&1 || true; within 20 service_is STOPPED; }
# Wine goes on saying RUNNING after a kill, so it is the process that must be gone; a start then works.
service_kill() { win taskkill /f /im seepwatch.exe >/dev/null 2>&1 || true; within 20 not is_alive seepwatch.exe; }
service_control() { win "$(win_path "$control")" seepwatch "$1"; }

# --- events ------------------------------------------------------------------------------------------------------
events() { sh "$e2e_here/events" "$e2e_trace"; }
e2e_mark=0
# From here on only newer events count.
mark_events() { e2e_mark=$(events | wc -l); }
# has_event ID [PATTERN]: is there a new one whose line matches? Leaves the first in $event. Both are extended patterns.
has_event() {
  event=$(events | tail -n "+$((e2e_mark + 1))" | grep -E "^$1\|" | grep -E -- "${2:-.}" | head -n 1) || true
  [ -n "$event" ]
}
# wait_for_event ID SECONDS [PATTERN]
wait_for_event() { within "$2" has_event "$1" "${3:-.}"; }
insert() { printf '%s\n' "$event" | cut -d'|' -f$(($1 + 2)); }

# check_event TEXT ID SECONDS [PATTERN]: waits; on failure shows what came instead.
check_event() {
  if wait_for_event "$2" "$3" "${4:-.}"; then pass "$1"; return 0; fi
  fail "$1: no event $2 within $3 s${4:+ matching $4}"
  events | tail -n "+$((e2e_mark + 1))" | cut -c1-200 | tail -n 8 | sed 's/^/                     | /'
  return 1
}

# The text of $event as the administrator reads it, from the message table of the installed program.
event_text() {
  printf '%s\n' "$event" | tr '|' '\n' >"$e2e_dir/event"
  set --
  { read -r event_id; read -r event_level; while IFS= read -r event_insert; do set -- "$@" "$event_insert"; done; } <"$e2e_dir/event"
  win "$(win_path "$eventtext")" 'C:\Program Files\Seepwatch\seepwatch.exe' "$event_level" "$event_id" "$@"
}

# The same on the screen, under its check.
show_event() { event_text | sed 's/^/                     | /'; }

# --- what a recording leaves behind ------------------------------------------------------------------------------
# The stand-in's log of its calls; the status of our own instance.
calls() { cat "$standin/wpr-calls.log" 2>/dev/null; }
recorder_status() { win 'C:\windows\system32\wpr.exe' -status -instancename Seepwatch 2>&1; }
recorder_idle() { recorder_status | grep -q 'not recording'; }
nothing_raw() { [ -z "$(find "$drive_c" -name 'WPR_initiated_*' -print 2>/dev/null)" ]; }
# No profile, nothing half-written, nothing of who reads a recording.
nothing_temporary() {
  find "$drive_c/windows/temp" "$drive_c/users" "$data" \( -iname '*seepwatch*.tmp' -o -name '*.wprp' -o -iname '*.part' \
    -o -iname '*.etl.part*' -o -name 'reading.*' -o -name 'seepwatch-trace-*' \) -print >"$e2e_dir/left"
  [ ! -s "$e2e_dir/left" ] || { cat "$e2e_dir/left"; return 1; }
}
image_options='HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Image File Execution Options'
no_tracing_flag() { ! win reg query "$image_options" /s 2>/dev/null | grep TracingFlags; }
# The path of a file that the service names, C:\..., on this side.
unix_path() { printf '%s%s' "$drive_c" "$(printf '%s' "$1" | sed 's/^[A-Za-z]://' | tr '\\' /)"; }

# --- programs under watch ----------------------------------------------------------------------------------------
# program_start NAME.exe ARGUMENTS...: the leaking program of tests/standin under that name, in the background. It
# prints its Windows process id first: in $program_pid.
program_start() {
  program_name=$1; shift
  [ -f "$e2e_dir/$program_name" ] || cp "$leaker" "$e2e_dir/$program_name"
  rm -f "$e2e_dir/$program_name.out"
  (exec wine "$(win_path "$e2e_dir/$program_name")" "$@" </dev/null >"$e2e_dir/$program_name.out" 2>&1 9>&-) &
  within 15 test -s "$e2e_dir/$program_name.out" || { fail "$program_name starts"; return 1; }
  program_pid=$(head -n 1 "$e2e_dir/$program_name.out" | tr -d '\r')
}
program_stop() { win taskkill /f /im "$1" >/dev/null 2>&1 || true; }
