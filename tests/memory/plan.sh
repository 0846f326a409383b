#!/bin/bash
# What `attune plan` predicts beside what is measured, as a table of Markdown:
#
#   tests/memory/plan.sh FOLDER     a folder of models: small-110m, smollm2-135m, tinyllama-1.1b
#   SHORT=1 tests/memory/plan.sh    the sample's model alone, some minutes
#
# The rows of `bench` are the training loop alone on rows of one length; those of `train` are whole runs on the sample data, with
# validation, samples and checkpoints. Measured is the process's high-water mark (VmHWM). Fails where a figure is off by a tenth.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
attune=${ATTUNE:-$here/build/release/bin/attune}
models=${1:-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

number() { sed -nE "s/.*\"$1\":([0-9.e+-]+).*/\1/p"; }

row() { # WHAT PREDICTED MEASURED
    awk -v what="$1" -v predicted="$2" -v measured="$3" 'BEGIN {
        error = predicted / measured - 1
        printf "| %s | %.3f | %.3f | %+.1f %% |\n", what, predicted, measured, 100 * error
        exit error > 0.1 || error < -0.1 }' || failed=1
}

bench() { # MODEL LENGTH BATCH RANK [SETTING...]
    local model=$1 length=$2 batch=$3 rank=$4 sets=() text=""
    shift 4
    for setting in "$@"; do sets+=(--set "$setting"); text+=", $setting"; done
    local path=$model
    if [ -n "$models" ] && [ -d "$models/$model" ]; then path=$models/$model; fi
    local json
    json=$("$attune" bench train --model "$path" --seq "$length" --batch "$batch" --rank "$rank" --steps 2 --json "${sets[@]}")
    row "$model, $batch x $length, r $rank$text" "$(number planned_memory_gib <<<"$json")" "$(number peak_memory_gib <<<"$json")"
}

run() { # [SETTING...]
    local sets=() text=""
    for setting in "$@"; do sets+=(--set "$setting"); text+=", $setting"; done
    rm -f "$work"/p.attune*
    "$attune" init "$work/p.attune" >/dev/null
    "$attune" import "$work/p.attune" "$here/resources/samples/support_emails.jsonl" >/dev/null
    local model=smollm2-135m-instruct predicted measured
    predicted=$("$attune" plan --model $model --project "$work/p.attune" --json "${sets[@]}" | number total_gib)
    "$attune" train "$work/p.attune" --model $model --set max_steps=6 --set save_steps=2 --set eval_steps=100 "${sets[@]}" \
        --events "$work/events" >/dev/null 2>&1
    measured=$(grep '"event":"step"' "$work/events" | tail -1 | number memory_gib)
    rm -f "$work/events"
    row "train on the sample data$text" "$predicted" "$measured"
}

echo "| what | predicted, GiB | measured, GiB | error |"
echo "|---|---|---|---|"
if [ -n "$models" ]; then
    bench small-110m 512 1 16
    bench small-110m 128 4 16
    bench small-110m 512 1 16 gradient_checkpointing=true
    bench small-110m 512 4 64
    bench small-110m 1024 2 16 gradient_checkpointing=true quantization=none
    bench small-110m 512 2 16 compute_dtype=float32
    bench small-110m 512 4 16 lora_dropout=0.1 target_modules=q_proj,v_proj
    bench small-110m 512 2 8 use_dora=true optim=adamw_8bit
    bench smollm2-135m 256 2 16
    bench smollm2-135m 1024 1 16 gradient_checkpointing=true
    bench smollm2-135m 512 2 8 quantization=none
    bench tinyllama-1.1b 256 1 16
    bench tinyllama-1.1b 256 1 64 gradient_checkpointing=true
    bench tinyllama-1.1b 128 1 16 quantization=none
fi
bench smollm2-135m-instruct 256 2 16
bench smollm2-135m-instruct 128 4 8 lora_dropout=0.05
run
run per_device_train_batch_size=2 gradient_checkpointing=true quantization=none
exit $failed
