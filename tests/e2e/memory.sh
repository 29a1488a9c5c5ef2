#!/bin/sh
# Which kind of memory leaks: three programs leak at the same time, each in its own way, and each is told as what it is.
# Wine's processes have no list of heaps in their PEB, so two of the programs lay out NT-shaped heaps in their own memory
# (tests/standin/README-leaker.md); the third one is as Wine makes it, and must not be guessed at.
#   sh tests/e2e/memory.sh
set -u
. "$(dirname "$0")/lib.sh"

look() { seepwatch memory --pid "$1" --json >"$e2e_dir/look.json" 2>"$e2e_dir/look.err"; }
# row WORDS: committed bytes of that row of VMMap's table, of the process looked at last.
row() {
  tr -d '\n\t' <"$e2e_dir/look.json" | grep -oE "\"$1\": *\\{[^}]*\\}" | tail -n 1 |
    grep -oE '"committed_bytes": *[0-9]+' | grep -oE '[0-9]+$'
}
in_table() { tr -d '\n\t ' <"$e2e_dir/look.json" | grep -q "$1"; }
# both PID ROW SECONDS: that row, so many seconds apart, in $before and $after. Fails when a look does, or has no such row.
both() {
  look "$1" && before=$(row "$2") && sleep "$3" && look "$1" && after=$(row "$2") ||
    { echo "$2 of $1 is not told: $(cat "$e2e_dir/look.err")"; return 1; }
  echo "$2 of $1: $before, $after"
}
# grows PID ROW: by 4 MB or more. stays PID ROW: by less than 1 MB.
grows() { both "$1" "$2" 8 && [ $((after - before)) -ge 4194304 ]; }
stays() { both "$1" "$2" 4 && [ $((after - before)) -lt 1048576 ]; }
# gone PID: the verb's own exit code for what is not there, and its words. Wine may give the PID to the very next program,
# the verb itself among them: to be tried again.
gone() {
  gone_code=0
  look "$1" || gone_code=$?
  cat "$e2e_dir/look.err"
  [ "$gone_code" -eq 3 ] && grep -q "^seepwatch: memory: looking at process $1: no such process\$" "$e2e_dir/look.err"
}
# kind_is PROGRAM KIND: all of its cases have this kind, in the column of that name, and there is one.
kind_is() {
  seepwatch leaks --csv 2>/dev/null | awk -F, -v program="$1" -v kind="$2" '
    NR == 1 { for (i = 1; i <= NF; i++) column[$i] = i; next }
    $column["process"] == program { cases++; others += $column["kind"] != kind }
    END { exit !("kind" in column && cases > 0 && others == 0) }'
}

e2e_open memory
e2e_install
slower_verdict
say "A server on which three programs leak 60 MB a minute each: one from its heap, one with VirtualAlloc, one nobody can see into."
check "the service starts" service_start
mark_events
program_start heaps.exe --kind nt-heap --mb-per-minute 60 --seconds 240 && heaps_pid=$program_pid
program_start pages.exe --kind virtualalloc --nt-heap --mb-per-minute 60 --seconds 240 && pages_pid=$program_pid
program_start plain.exe --kind virtualalloc --mb-per-minute 60 --seconds 240 && plain_pid=$program_pid

say "The administrator asks with the verb."
check "heaps.exe: the heap grows" grows "$heaps_pid" Heap
check "all of its heaps could be read" in_table '"heap_inventory_complete":true'
check "its Private Data does not" stays "$heaps_pid" 'Private Data'
check "pages.exe: Private Data grows" grows "$pages_pid" 'Private Data'
check "its heap does not" stays "$pages_pid" Heap
check "plain.exe can be looked at" look "$plain_pid"
check "and the verb says that its heaps are not all known" in_table '"heap_inventory_complete":false'
seepwatch memory --pid "$plain_pid" 2>&1 | sed -n '/^Heaps/,$p' | sed 's/^/                     | /'
seepwatch memory --pid "$heaps_pid" 2>&1 | sed 's/^/                     | /'

say "The service finds the leaks and says what kind of memory each is."
check_event "event 200 for heaps.exe" 200 90 '\|heaps\.exe\|' && show_event
check_match "Heap" '^Heap, [0-9]+ percent sure: .* from malloc, new or HeapAlloc' "$(insert 4)"
check_event "event 200 for pages.exe" 200 60 '\|pages\.exe\|' && show_event
check_match "Private Data" '^Private Data, [0-9]+ percent sure: memory it gets from Windows directly' "$(insert 4)"
check_event "event 200 for plain.exe" 200 60 '\|plain\.exe\|' && show_event
check_match "undetermined, and why" '^undetermined: ' "$(insert 4)"
check "the case of heaps.exe: Heap" within 60 kind_is heaps.exe 'Heap'
check "the case of pages.exe: Private Data" within 30 kind_is pages.exe 'Private Data'
check "the case of plain.exe stays undetermined" kind_is plain.exe undetermined
seepwatch leaks 2>&1 | sed 's/^/                     | /'

say "What is recorded follows from it: one at a time, the heap by its own calls, everything else by VirtualAlloc."
check_event "event 300 for heaps.exe" 300 60 '\|heaps\.exe\|' && show_event
check_match "its heap is recorded, while it runs" '^the heap calls of this process' "$(insert 3)"
check_event "event 300 for pages.exe" 300 60 '\|pages\.exe\|'
check_match "VirtualAlloc alone" '^VirtualAllocation$' "$(insert 3)"
check_event "event 301 for heaps.exe" 301 60 '\|heaps\.exe\|' && show_event
check_match "the file's name says so" '-heap\.etl\.gz$' "$(insert 3)"
check_event "event 301 for pages.exe" 301 60 '\|pages\.exe\|'
check_match "so does the other's" '-virtualalloc\.etl\.gz$' "$(insert 3)"
seepwatch captures list 2>&1 | sed 's/^/                     | /'
check_match "and the list of recordings" 'heap .*heaps\.exe' "$(seepwatch captures list 2>/dev/null)"

say "A process that ends while it is looked at is no mishap."
for program in heaps.exe pages.exe plain.exe; do program_stop $program; done
check "heaps.exe is no more: the verb says so, exit code 3" within 15 gone "$heaps_pid"
sleep 3
check "the service runs on" service_is RUNNING
check "and stops" service_stop
e2e_finish
