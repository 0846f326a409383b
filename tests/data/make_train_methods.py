#!/usr/bin/env python3
"""Reference runs of the training methods beyond plain LoRA, by transformers, peft and bitsandbytes.

usage: make_train_methods.py        (beside tests/data/parity, whose models and rows it trains on)

Writes train_methods/CASE/ with adapter_in/ and adapter_out/ (PEFT folders) and trajectory.json (settings, steps), in the form
of parity/SHAPE/lora. LoRA's B is not zero at the start, so that a wrong scale shows at once. bitsandbytes' 8-bit AdamW needs
a GPU, so that case runs its published algorithm (Dettmers et al. 2022) in plain torch with bitsandbytes' own code map, each
parameter's blocks laid out as Attune lays them out: one flat vector, per group of projections A above A, then the B's.
Needs: torch transformers peft bitsandbytes.
"""
import json, math, os, shutil

import bitsandbytes.functional as bnb
import torch
from peft import LoraConfig, get_peft_model
from peft.optimizers import create_loraplus_optimizer
from transformers import AutoModelForCausalLM, get_scheduler

HERE = os.path.dirname(os.path.abspath(__file__))
SEVEN = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
STEPS, RATE = 12, 5e-3

CASES = {
    "rslora": dict(peft=dict(use_rslora=True)),
    "dora": dict(peft=dict(use_dora=True)),
    "dora-bias": dict(shape="llama-sharded-bias", peft=dict(use_dora=True)),
    "pattern": dict(peft=dict(target_modules=r".*\.0\.self_attn\.(q|v)_proj|.*\.1\.mlp\..*_proj"),
                    settings=dict(target_modules=r".*\.0\.self_attn\.(q|v)_proj|.*\.1\.mlp\..*_proj")),
    "layers": dict(peft=dict(target_modules=["q_proj", "down_proj"], layers_to_transform=[1]),
                   settings=dict(target_modules="q_proj,down_proj", layers_to_transform="1")),
    "decay": dict(adam=dict(weight_decay=0.1, betas=(0.8, 0.95), eps=1e-6), schedule="linear", warmup_ratio=0.25,
                  settings=dict(weight_decay=0.1, adam_beta1=0.8, adam_beta2=0.95, adam_epsilon=1e-6)),
    "loraplus": dict(loraplus=8.0, settings=dict(loraplus_lr_ratio=8.0)),
    "last-answer": dict(last=True, settings=dict(mask_history=True)),
    "adamw-8bit": dict(eight_bit=True, settings=dict(optim="adamw_8bit")),
}


class EightBit:
    """AdamW with both means in 8 bits a value, blocks of 256."""

    def __init__(self, model):
        self.params = {n: p for n, p in model.named_parameters() if p.requires_grad}
        self.order = []
        layers = 1 + max(int(n.split(".layers.")[1].split(".")[0]) for n in self.params)
        for layer in range(layers):
            for group in (["q_proj", "k_proj", "v_proj"], ["o_proj"], ["gate_proj", "up_proj"], ["down_proj"]):
                for side in ("lora_A", "lora_B"):
                    self.order += [n for g in group for n in self.params
                                   if f".layers.{layer}." in n and f".{g}." in n and side in n]
        assert sorted(self.order) == sorted(self.params)
        self.count = sum(self.params[n].numel() for n in self.order)
        self.padded = -(-self.count // 256) * 256
        self.maps = [bnb.create_dynamic_map(signed=True), bnb.create_dynamic_map(signed=False)]
        self.states = [torch.zeros(self.padded // 256, 256) for _ in range(2)]
        self.step_count = 0
        self.param_groups = [dict(lr=0.0)]

    def rounded(self, values, code):
        largest = values.abs().amax(1, keepdim=True)
        scaled = values / largest.clamp_min(1e-38)
        index = torch.bucketize(scaled, (code[1:] + code[:-1]) / 2)
        wrong = code[index] * scaled < 0
        index = torch.where(wrong, torch.where(scaled > 0, index + 1, index - 1), index)
        return code[index] * largest

    def step(self):
        self.step_count += 1
        flat = lambda t: torch.nn.functional.pad(torch.cat([t(n).reshape(-1) for n in self.order]),
                                                 (0, self.padded - self.count)).view(-1, 256)
        g = flat(lambda n: self.params[n].grad)
        first = 0.9 * self.states[0] + 0.1 * g
        second = 0.999 * self.states[1] + 0.001 * g * g
        denominator = (second.sqrt() / math.sqrt(1 - 0.999 ** self.step_count)) + 1e-8
        update = (self.param_groups[0]["lr"] / (1 - 0.9 ** self.step_count)) * first / denominator
        self.states = [self.rounded(first, self.maps[0]), self.rounded(second, self.maps[1])]
        at = 0
        with torch.no_grad():
            for n in self.order:
                p = self.params[n]
                p -= update.reshape(-1)[at:at + p.numel()].view_as(p)
                at += p.numel()

    def zero_grad(self):
        for p in self.params.values():
            p.grad = None


def rows_of(folder, last):
    rows = []
    for chat in json.load(open(f"{folder}/chat.json"))[:16]:
        ids, mask = chat["ids"][:200], list(chat["assistant_mask"])[:200]
        if last:
            end = max(i for i, m in enumerate(mask) if m)
            begin = end
            while begin > 0 and mask[begin - 1]:
                begin -= 1
            mask = [int(begin <= i <= end) for i in range(len(mask))]
        rows.append((ids, [i if m else -100 for i, m in zip(ids, mask)]))
    return rows


def run(name, case):
    torch.manual_seed(11)
    shape = case.get("shape", "llama-gqa")
    source, out = f"{HERE}/parity/{shape}", f"{HERE}/train_methods/{name}"
    shutil.rmtree(out, ignore_errors=True)
    base = AutoModelForCausalLM.from_pretrained(f"{source}/model", dtype=torch.float32, attn_implementation="eager")
    config = dict(r=4, lora_alpha=8, lora_dropout=0.0, target_modules=SEVEN, task_type="CAUSAL_LM") | case.get("peft", {})
    model = get_peft_model(base, LoraConfig(**config))
    with torch.no_grad():
        for n, p in model.named_parameters():
            if "lora_B" in n:
                p.normal_(0, 0.02)
            if "lora_magnitude" in n:
                p.mul_(1 + 0.1 * torch.randn_like(p))
    model.save_pretrained(f"{out}/adapter_in")
    params = [p for p in model.parameters() if p.requires_grad]
    if case.get("eight_bit"):
        optimizer = EightBit(model)
    elif "loraplus" in case:
        optimizer = create_loraplus_optimizer(model, torch.optim.AdamW, lr=RATE, loraplus_lr_ratio=case["loraplus"],
                                              loraplus_weight_decay=0.0, weight_decay=0.0)
    else:
        optimizer = torch.optim.AdamW(params, lr=RATE, **(dict(weight_decay=0.0) | case.get("adam", {})))
    kind, warm = case.get("schedule", "cosine"), case.get("warmup_ratio", 3 / STEPS)
    probe = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    scheduler = get_scheduler(kind, probe, math.ceil(warm * STEPS), STEPS)
    initial = [g["lr"] for g in optimizer.param_groups] if not case.get("eight_bit") else [RATE]
    rows, log, k = rows_of(source, case.get("last")), [], 0
    for step in range(STEPS):
        factor = scheduler.get_last_lr()[0]
        for g, rate in zip(optimizer.param_groups, initial):
            g["lr"] = rate * factor
        window = [rows[(k + j) % len(rows)] for j in range(2)]
        k += 2
        n = sum(sum(l != -100 for l in labels[1:]) for _, labels in window)
        total = 0.0
        for ids, labels in window:
            logits = model(input_ids=torch.tensor([ids])).logits[0, :-1]
            loss = torch.nn.functional.cross_entropy(logits, torch.tensor(labels[1:]), ignore_index=-100, reduction="sum") / n
            loss.backward()
            total += loss.item()
        norm = torch.nn.utils.clip_grad_norm_(params, 1.0).item()
        optimizer.step()
        optimizer.zero_grad()
        probe.step()
        scheduler.step()
        log.append(dict(step=step + 1, loss=total, learning_rate=RATE * factor, grad_norm=norm, supervised_tokens=n))
    model.save_pretrained(f"{out}/adapter_out")
    settings = dict(lora_r=4, lora_alpha=8, lora_dropout=0.0, target_modules="all-linear", learning_rate=RATE,
                    lr_scheduler_type=kind, warmup_ratio=warm, max_steps=STEPS, per_device_train_batch_size=1,
                    gradient_accumulation_steps=2, max_length=200, max_grad_norm=1.0, weight_decay=0.0, shuffle=False,
                    compute_dtype="float32", quantization="none", use_rslora=bool(config.get("use_rslora")),
                    use_dora=bool(config.get("use_dora"))) | case.get("settings", {})
    json.dump(dict(shape=shape, settings=settings, steps=log), open(f"{out}/trajectory.json", "w"), indent=1)
    for side in ("adapter_in", "adapter_out"):
        os.remove(f"{out}/{side}/README.md")
        path = f"{out}/{side}/adapter_config.json"
        config_json = json.load(open(path))
        config_json["base_model_name_or_path"] = "model"
        json.dump(config_json, open(path, "w"), indent=1)
    print(name, log[0]["loss"], "->", log[-1]["loss"])


for case_name, case in CASES.items():
    run(case_name, case)
