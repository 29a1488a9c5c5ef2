#!/bin/sh
# Prometheus' own checks of its rules: promtool.sh RULES TESTS FOLDER
# Exit code 77 (skipped, and why) where promtool can not be had.
set -u
here=$(cd "$(dirname "$0")" && pwd)
rules=$1
tests=$2
folder=$3
mkdir -p "$folder" || exit 1
cd "$folder" || exit 1

promtool=$(sh "$here/../../config/build/promtool") || exit

# The tests name the rules without a folder: both lie in one.
cp "$rules" "$tests" . || exit 1
"$promtool" check rules "$(basename "$rules")" || exit 1
"$promtool" test rules "$(basename "$tests")" || exit 1

# The tests must notice each rule that is weaker than it is written: one that fires without its threshold, without looking
# whether the service runs, or at once. Each change is made on its own, in each alert and recording where there is one to make.
count=$(grep -c '^ *expr: ' "$rules")
[ "$count" -ge 10 ] || { echo "promtool.sh: only $count rules in $rules" >&2; exit 1; }
mutants=0
rule=1
while [ "$rule" -le "$count" ]; do
  for change in 's/ > [0-9* ]*[0-9]/ > -1/' 's/ >= [0-9]*$/ >= 0/' 's/ < [0-9* ]*[0-9]/ < 1e15/' 's/ == 0$/ >= 0/' \
    's/_up == \([01]\) and/_up >= 0 and/' 's/ and on (instance) instance:seepwatch_alive:up//' 's/ <= 900$/ <= 1e15/' \
    's/_up == 1 unless/_up >= 0 unless/' 's/ unless on (instance) .*//' 's/{file=~[^}]*}//' 's/for: [0-9]*m/for: 0m/'; do
    awk -v rule="$rule" '/^ *expr: / { at++ } at == rule { print }' "$rules" | sed '1,2!d' >rule.txt
    sed "$change" rule.txt | cmp -s - rule.txt && continue
    awk -v rule="$rule" '/^ *expr: / { at++; line = 0 } { line++ } at == rule && line <= 2 { print "@" $0; next } { print " " $0 }' \
      "$rules" | sed -e "/^@/$change" -e 's/^[@ ]//' >"$(basename "$rules")"
    mutants=$((mutants + 1))
    if "$promtool" test rules "$(basename "$tests")" >/dev/null 2>&1; then
      echo "no test notices $change in:" >&2
      cat rule.txt >&2
      exit 1
    fi
  done
  rule=$((rule + 1))
done
echo "$mutants weakened rules, each noticed"
[ "$mutants" -ge 20 ]
