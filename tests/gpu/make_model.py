#!/usr/bin/env python3
"""Write a model folder of a real shape with random weights, made on the GPU: it measures speed and memory, not quality.

usage: make_model.py tinyllama-1.1b|mistral-7b OUT      (needs torch and transformers)
"""
import os
import sys

import torch
from transformers import AutoModelForCausalLM, LlamaConfig, MistralConfig

SHAPES = {
    "tinyllama-1.1b": LlamaConfig(
        hidden_size=2048, intermediate_size=5632, num_hidden_layers=22, num_attention_heads=32,
        num_key_value_heads=4, vocab_size=32000, max_position_embeddings=2048),
    "mistral-7b": MistralConfig(
        hidden_size=4096, intermediate_size=14336, num_hidden_layers=32, num_attention_heads=32,
        num_key_value_heads=8, vocab_size=32000, max_position_embeddings=32768, sliding_window=4096),
}

shape, out = sys.argv[1:]
torch.manual_seed(1)
os.makedirs(out, exist_ok=True)
with torch.device("cuda"):
    model = AutoModelForCausalLM.from_config(SHAPES[shape], dtype=torch.bfloat16)
model.save_pretrained(out, max_shard_size="5GB")
print(out, sum(p.numel() for p in model.parameters()))
