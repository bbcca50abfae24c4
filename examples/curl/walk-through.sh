#!/bin/sh
# From nothing to a drift verdict with curl: a model, what is normal, what is served, and how far it has drifted.
#
#   LEEWAY=http://127.0.0.1:8080 LEEWAY_KEY=lw_… sh walk-through.sh [model]
#
# It needs curl and awk, registers the model `curl-churn` (or the one that is named) and can be run again.
set -eu

api="${LEEWAY:-http://127.0.0.1:8080}/api/v1"
model=${1:-curl-churn}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Prints the answer. Fails, with Leeway's own words, on any status of 400 or more; waits and sends again on 429 and 503, as Retry-After says.
leeway() {
  path=$1
  shift
  curl --silent --show-error --fail-with-body --retry 5 --header "authorization: Bearer $LEEWAY_KEY" "$@" "$api$path"
  echo
}
json='content-type: application/json'

step() { printf '\n== %s\n' "$*"; }

# Rows of customers: their age around the mean that is given, every third one from Germany, and the model's score.
customers() {
  awk -v rows="$1" -v age="$2" -v seed="$3" 'BEGIN {
    srand(seed)
    for (i = 0; i < rows; i++) {
      years = age + 8 * (rand() + rand() + rand() + rand() - 2)
      printf "%.1f,%s,%.4f\n", years, (i % 3 == 0 ? "DE" : "FR"), 1 / (1 + exp(years / 30 - 1.5))
    }
  }'
}

step 'register the model'
# PUT: doing it twice changes nothing.
leeway "/models/$model" --request PUT --header "$json" --data '{ "task": "classification", "grain": "5m" }'

step 'register a version with its schema'
leeway "/models/$model/versions/v1" --request PUT --header "$json" --data '{ "columns": [
  { "name": "age",     "role": "feature", "type": "numeric" },
  { "name": "country", "role": "feature", "type": "categorical" },
  { "name": "score",   "role": "score",   "type": "numeric" } ] }'

step 'register the baseline: the training data'
baselines=$(leeway "/models/$model/versions/v1/baselines")
case $baselines in
*'"items":[]'*)
  { echo 'age,country,score' && customers 5000 40 1; } >"$work/train.csv"
  leeway "/models/$model/versions/v1/baselines" --header 'content-type: text/csv' --data-binary "@$work/train.csv"
  ;;
*) echo 'it has one' ;;
esac

step 'send what is served, many rows at a time'
# Customers are ten years older than those of the training data. The key makes it safe to send a payload again: it is counted once.
from=$(date -u +%Y-%m-%dT%H:00:00Z)
run=$(date +%s)-$$ # twice within a second is two runs
for payload in 1 2 3; do
  customers 1000 50 "$payload" | awk -F, -v id="$run-$payload" 'BEGIN { printf "{ \"rows\": [" } {
    printf "%s{ \"inferenceId\": \"%s-%d\", \"values\": { \"age\": %s, \"country\": \"%s\", \"score\": %s } }", (NR > 1 ? "," : ""), id, NR, $1, $2, $3
  } END { print "] }" }' >"$work/payload.json"
  for try in first second; do
    leeway "/models/$model/versions/v1/inferences" --header "$json" --header "idempotency-key: walk-$run-$payload" \
      --data-binary "@$work/payload.json"
  done
done

step 'a row that cannot be counted is named; the others are counted'
leeway "/models/$model/versions/v1/inferences" --header "$json" --data '{ "rows": [
  { "values": { "age": 44, "country": "DE", "score": 0.5 } },
  { "values": { "age": "forty", "country": "DE", "score": 0.5 } } ] }'

step 'how far has it drifted?'
to=$(date -u +%Y-%m-%dT23:59:59Z)
leeway "/models/$model/versions/v1/drift-evaluations" --header "$json" --data "{ \"from\": \"$from\", \"to\": \"$to\" }"
