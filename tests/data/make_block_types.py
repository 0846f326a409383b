#!/usr/bin/env python3
"""Reference values for the quantised types of GGUF files: random blocks, and what the `gguf` package makes of them.

usage: make_block_types.py OUT.safetensors      (needs gguf, numpy and safetensors)

"<type>.bytes" uint8 and "<type>.values" float32 for each type. The bytes are random but for the fp16 scales, which are set
to numbers of the size that models have: a random half could be infinite.
"""
import sys

import numpy as np
from gguf import GGMLQuantizationType as Type
from gguf.constants import GGML_QUANT_SIZES
from gguf.quants import dequantize
from safetensors.numpy import save_file

# Where the fp16 scales stand in a block.
HALVES = {"Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0], "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208]}
BLOCKS = 3

random = np.random.default_rng(5)
tensors = {}
for name, places in HALVES.items():
    size = GGML_QUANT_SIZES[Type[name]][1]
    blocks = random.integers(0, 256, (BLOCKS, size), dtype=np.uint8)
    for place in places:
        blocks[:, place : place + 2] = random.normal(0, 0.02, (BLOCKS, 1)).astype(np.float16).view(np.uint8)
    tensors[name + ".bytes"] = blocks
    tensors[name + ".values"] = dequantize(blocks, Type[name]).astype(np.float32)
save_file(tensors, sys.argv[1])
