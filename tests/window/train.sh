#!/usr/bin/env bash
# Trains and compares by keys alone, as a person does who was told nothing: sample project, Start, stop, resume, a killed
# window, resume again, finish, "Compare now", one question to both. Each step leaves a picture.
#
#   tests/window/train.sh           the run that the form offers, unchanged: half an hour or more on two cores
#   tests/window/train.sh --short   the same with fewer and smaller steps typed into the form: some minutes
# environment:
#   SIZE       WIDTHxHEIGHT of the window (default: 1440x900)
#   THEME      light or dark (default: light)
#   PICTURES   where the pictures go
#   FIRST      seconds that the first point of the curve may take (default: 15)
#   LONGEST    milliseconds that the window may be away while it trains (default: none, it is only said)

set -euo pipefail

short=
case "${1:-}" in
--short) short=yes ;;
"") ;;
*) echo "usage: tests/window/train.sh [--short]" >&2 && exit 2 ;;
esac

# shellcheck source=tests/window/lib.sh
. "$(dirname "$0")/lib.sh"

size=${SIZE:-1440x900}
theme=${THEME:-light}
patient=${short:+900} # seconds for what takes a part of a run, on a machine that is busy otherwise
patient=${patient:-3600}

# --- what the project file says of run 1; states as RunState has them ---
steps() { ask "SELECT COUNT(*) FROM metrics WHERE run = 1 AND name = 'loss'" 2>/dev/null || echo 0; }
lastStep() { ask "SELECT COALESCE(MAX(step), 0) FROM metrics WHERE run = 1 AND name = 'loss'"; }
totalSteps() { ask "SELECT CAST(value AS INTEGER) FROM metrics WHERE run = 1 AND name = 'total_steps'"; }
newestCheckpoint() { ask "SELECT COALESCE(MAX(step), -1) FROM checkpoints WHERE run = 1 AND state IS NOT NULL"; }
hasSteps() { [ "$(steps)" -ge "$1" ]; }
isPast() { [ "$(lastStep)" -gt "$1" ]; }
stateIs() { [ "$(ask "SELECT state FROM runs WHERE id = 1")" = "$1" ]; }
stopped() { stateIs 2; }
finished() { stateIs 1; }
# column COUNT: so many columns of the newest transcript have an answer.
answeredColumns() {
    ask "SELECT COUNT(*) FROM transcripts, json_each(transcripts.body, '\$.columns')
         WHERE transcripts.id = (SELECT MAX(id) FROM transcripts)
           AND json_extract(json_each.value, '\$.conversation[#-1].role') = 'assistant'
           AND json_extract(json_each.value, '\$.conversation[#-1].content') <> ''"
}
bothAnswered() { [ "$(answeredColumns)" = 2 ]; }

# --- how long the window's event loop was away (stalls.c) ---
stalls=
watchStalls()
{
    local library=$home/stalls.so
    command -v cc >/dev/null || return 0
    cc -O2 -shared -fPIC -o "$library" "$checkout/tests/window/stalls.c" -ldl
    stalls=$home/stalls
    : >"$stalls"
    studioWith=(STALLS="$stalls" LD_PRELOAD="$library")
}

# sayStalls WHEN: the longest one since the last call; its milliseconds go to $longest. Of no stall did the program itself
# compute longer than what is said last; the rest is waiting for a core.
longest=0
computing=0
sayStalls()
{
    [ -n "$stalls" ] || return 0
    longest=$(sort -k3,3 -n "$stalls" | tail -1 | cut -d' ' -f3)
    longest=${longest:-0}
    computing=$(sort -k4,4 -n "$stalls" | tail -1 | cut -d' ' -f4)
    say "  longest stall of the window $1: $longest ms, at most ${computing:-0} of them computing"
    : >"$stalls"
}

memory() { awk '/^VmRSS/ { printf "%.0f MiB", $2 / 1024 }' "/proc/$studioPid/status"; }

needTools
startDisplay "$((${size%x*} + 20))x$((${size#*x} + 40))"
watchStalls

open() # a window of the wanted size, in the wanted theme
{
    startStudio "$@"
    xdotool windowsize --sync "$window" "${size%x*}" "${size#*x}"
    [ "$theme" = light ] || act "Theme: dark"
}

say "The sample project"
open
shot start-page
act "Open the sample project"
project=$XDG_DATA_HOME/attune/samples/support-mail.attune
waitFor "the sample project" test -s "$project"
sleep 3
shot data
sayStalls "up to here"

say "Start"
keys ctrl+2
sleep 1
shot new-run
if [ -n "$short" ]; then
    setting() { act "All settings of the next run"; write "$1"; keys Tab ctrl+a; write "$2"; }
    setting max_steps 16
    setting per_device_train_batch_size 2
    setting eval_steps 16
    shot short-settings
fi
began=$(date +%s)
sayStalls "while the form is filled in"
keys ctrl+Return
sleep 2
shot starting
WAIT=${FIRST:-15} waitFor "the first point of the curve within ${FIRST:-15} s" hasSteps 1
say "  held: the curve moves $(($(date +%s) - began)) s after Start"
WAIT=$patient waitFor "some more points" hasSteps 4
sleep 1
shot training
keys ctrl+1 Down Down Down
sleep 1
keys ctrl+2
sleep 1
sayStalls "while it trains"
[ -z "${LONGEST:-}" ] || [ "${longest%.*}" -le "$LONGEST" ] || fail "the window was away for $longest ms."

say "Stop"
act "Stop, keep a checkpoint"
WAIT=60 waitFor "the run to stop" stopped
sleep 1
shot stopped
at=$(lastStep)
[ "$(newestCheckpoint)" = "$at" ] || fail "stopped at step $at without a checkpoint of it."
say "  held: stopped at step $at of $(totalSteps), with a checkpoint to go on from"

say "Resume"
act "Resume the run"
WAIT=60 waitFor "the run to go on" isPast "$((at + 1))"
shot resumed
say "  held: it goes on"

say "kill -9"
killStudio
[ "$(ask "PRAGMA integrity_check")" = ok ] || fail "the project file is damaged."
open "$project"
sayStalls "while it opens again"
sleep 6 # a run counts as cut off when it has been silent for some seconds
shot offers-to-resume
keys ctrl+2
sleep 1
shot offers-to-resume-in-train
at=$(lastStep)
act "Resume the run"
WAIT=60 waitFor "the run to go on" isPast "$at"
shot resumed-again
say "  held: it goes on, and is past step $at where it was killed"
WAIT=$patient waitFor "the run to finish" finished
sleep 2
shot finished
sayStalls "while the run goes on to its end"
expect "every step is there once" "SELECT COUNT(*) FROM metrics WHERE run = 1 AND name = 'loss'" "$(totalSteps)"

say "Compare now"
act "Compare with the base"
sleep 2
shot compare
act "Word diff on or off"
write "Hello, my order 12-3456 came with a broken lamp. Can you send a new one by Friday?"
keys ctrl+Return
sleep 1
shot streaming-1
sleep 1.5
shot streaming-2
WAIT=180 waitFor "two answers" bothAnswered
sleep 1
shot difference
say "  held: both answered, and the transcript is in the file; the studio holds $(memory)"
sayStalls "while both answer"
say "All held. Pictures: $pictures"
