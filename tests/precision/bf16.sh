#!/bin/bash
# Whether training in bfloat16 goes where float32 goes: 100 steps of the bundled model in NF4 on the shortest rows of the sample
# data, in both; fails where the mean losses of the last ten steps differ by a hundredth or more. Some minutes.
#
#   tests/precision/bf16.sh [KEY=VALUE...]     settings of both runs
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
attune=${ATTUNE:-$here/build/release/bin/attune}
steps=100
last=10
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# As many rows as steps, each of which is seen once.
grep '"split": "train"' "$here/resources/samples/support_emails.jsonl" | awk '{ print length, $0 }' | sort -sn |
    cut -d' ' -f2- | sed -n "1,${steps}p" > "$work/rows.jsonl"
"$attune" init "$work/p.attune" > "$work/log"
"$attune" import "$work/p.attune" "$work/rows.jsonl" >> "$work/log"

sets=()
for setting in quantization=nf4 max_steps=$steps per_device_train_batch_size=1 gradient_accumulation_steps=1 lora_r=8 \
    learning_rate=2e-4 "$@"; do
    sets+=(--set "$setting")
done

mean() { # TYPE: the mean loss of the last steps
    "$attune" train "$work/p.attune" --model smollm2-135m-instruct --name "$1" --events "$work/$1.jsonl" \
        --set compute_dtype="$1" "${sets[@]}" >> "$work/log"
    sed -nE 's/.*"event":"step".*"loss":([0-9.e+-]+).*/\1/p' "$work/$1.jsonl" | awk -v steps=$steps -v last=$last '
        NR > steps - last { sum += $1 }
        END { if (NR != steps) exit 1; printf "%.6f", sum / last }'
}

wide=$(mean float32)
narrow=$(mean bfloat16)
awk -v wide="$wide" -v narrow="$narrow" 'BEGIN {
    off = narrow / wide - 1
    printf "float32 %.4f, bfloat16 %.4f: %+.2f %%\n", wide, narrow, 100 * off
    exit off >= 0.01 || off <= -0.01 }'
