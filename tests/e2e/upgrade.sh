#!/bin/sh
# The MSI over an older one: the service comes back running, the administrator's configuration and the history are kept,
# one product is left, and an older MSI is refused afterwards. The older version is today's program with what an earlier
# one left behind: its configuration, with keys that are gone, and its database.   sh tests/e2e/upgrade.sh
set -u
. "$(dirname "$0")/lib.sh"

products() { win reg query 'HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall' /s 2>/dev/null | grep -c 'DisplayName.*Seepwatch'; }
old_leaks() { seepwatch leaks --csv >"$e2e_dir/leaks.csv" && [ "$(wc -l <"$e2e_dir/leaks.csv")" -eq 4 ]; }
set_aside() { ls "$data" | grep -q 'seepwatch\.db\.damaged'; }
write_old_config() {
  rm -f "$data/seepwatch.json"
  cat >"$data/seepwatch.json" <<'JSON'
{
  "poll": { "interval_s": 1, "urgent_interval_s": 1 },
  "detector": { "window_s": 7200, "start_up_s": 1800, "confirmations": 3, "minimum_growth_bytes": 67108864 }
}
JSON
}

e2e_open upgrade
say "An older version runs, with a configuration of the administrator's."
e2e_install
check "the service starts" service_start
check_event "event 100" 100 10
check "there is a history" within 10 test -s "$data/seepwatch.db"
service_stop
write_old_config
rm -f "$data/seepwatch.db"*
gzip -dc "$e2e_root/tests/fixtures/store/version2.db.gz" >"$data/seepwatch.db"
config_before=$(cksum <"$data/seepwatch.json")

say "The next version is installed over it."
check "an MSI of it is made" sh "$e2e_root/installer/build-msi" "$program" 99.0.0 "$e2e_dir/staging" "$e2e_dir/next.msi"
mark_events
check "msiexec takes it" win msiexec /qn /i "$(win_path "$e2e_dir/next.msi")" /l*v 'C:\msi-next.log'
check "the service runs" within 10 service_is RUNNING
check_event "event 100 of the new one" 100 10
if check_event "event 102 takes the configuration of the older version" 102 10; then
  show_event
  check_match "with recording on, as it was" 'recording on' "$(insert 2)"
  check_match "and says what has no effect any more" 'keys of an earlier version without effect 3$' "$(insert 2)"
fi
check_match "config check says the same" 'is fine: .*without effect 3$' \
  "$(seepwatch config check 'C:\ProgramData\Seepwatch\seepwatch.json' 2>&1 | tr -d '\r')"
check "the leaks of the older version are kept" old_leaks
check_match "and count as leaks: it knew nothing else" '^3$' "$(cut -d, -f14 "$e2e_dir/leaks.csv" | grep -c '^leak$')"
check "the history goes on in the old file" within 10 seepwatch history --csv --hours 1
check "nothing was set aside" not set_aside
check_match "the path of the service is quoted" 'REG_(EXPAND_)?SZ +"C:.Program Files.Seepwatch.seepwatch.exe" service' \
  "$(win reg query 'HKLM\SYSTEM\CurrentControlSet\Services\seepwatch' /v ImagePath)"
check_match "the configuration is the administrator's" "^$config_before\$" "$(cksum <"$data/seepwatch.json")"
check_match "one product is installed" '^1$' "$(products)"

say "The administrator brings the configuration up to date."
mark_events
write_config
config_before=$(cksum <"$data/seepwatch.json")
check "paramchange is accepted" service_control 6
check_event "event 102 takes it" 102 10 && check_match "with nothing left over" "images ignored [0-9]*$" "$(insert 2)"

say "Somebody tries the older MSI again."
install_msi
check_match "nothing changes: one product" '^1$' "$(products)"
check "and the service runs" service_is RUNNING

say "It is removed while the service runs."
check "msiexec removes it" win msiexec /qn /x "$(win_path "$e2e_dir/next.msi")"
check "the service is gone" not registry_has 'HKLM\SYSTEM\CurrentControlSet\Services\seepwatch'
check "the program folder is gone" absent "$drive_c/Program Files/Seepwatch"
check_match "the configuration stays" "^$config_before\$" "$(cksum <"$data/seepwatch.json")"
e2e_finish
