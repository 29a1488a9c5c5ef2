#!/bin/sh
# The MSI over an older one: the service comes back running, the administrator's configuration and the history are kept,
# one product is left, and an older MSI is refused afterwards.   sh tests/e2e/upgrade.sh
set -u
. "$(dirname "$0")/lib.sh"

products() { win reg query 'HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall' /s 2>/dev/null | grep -c 'DisplayName.*Seepwatch'; }

e2e_open upgrade
say "An older version runs, with a configuration of the administrator's."
e2e_install
check "the service starts" service_start
check_event "event 100" 100 10
check "there is a history" within 10 test -s "$data/seepwatch.db"
config_before=$(cksum <"$data/seepwatch.json")

say "The next version is installed over it."
check "an MSI of it is made" sh "$e2e_root/installer/build-msi" "$program" 99.0.0 "$e2e_dir/staging" "$e2e_dir/next.msi"
mark_events
check "msiexec takes it" win msiexec /qn /i "$(win_path "$e2e_dir/next.msi")" /l*v 'C:\msi-next.log'
check "the service runs" within 10 service_is RUNNING
check_event "event 100 of the new one" 100 10
check_match "the path of the service is quoted" 'REG_(EXPAND_)?SZ +"C:.Program Files.Seepwatch.seepwatch.exe" service' \
  "$(win reg query 'HKLM\SYSTEM\CurrentControlSet\Services\seepwatch' /v ImagePath)"
check_match "the configuration is the administrator's" "^$config_before\$" "$(cksum <"$data/seepwatch.json")"
check_match "one product is installed" '^1$' "$(products)"

say "Somebody tries the older MSI again."
install_msi
check_match "nothing changes: one product" '^1$' "$(products)"
check "and the service runs" service_is RUNNING

say "It is removed while the service runs."
check "msiexec removes it" win msiexec /qn /x "$(win_path "$e2e_dir/next.msi")"
check "the service is gone" not registry_has 'HKLM\SYSTEM\CurrentControlSet\Services\seepwatch'
check "the program folder is gone" absent "$drive_c/Program Files/Seepwatch"
check "the configuration stays" test -f "$data/seepwatch.json"
e2e_finish
