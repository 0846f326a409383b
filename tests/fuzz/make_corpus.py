#!/usr/bin/env python3
"""Writes the seeds of corpus/ that hold bytes no editor shows: safetensors, GGUF, sentencepiece, adapters. The others are
text, and are changed by hand; sentencepiece/characters was trained by the sentencepiece package on a few lines, with four
rules in normalization_rule_tsv. Needs nothing beyond Python."""
import json
import pathlib
import struct

CORPUS = pathlib.Path(__file__).parent / "corpus"


def write(target, name, content):
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)


def safetensors(tensors, metadata=None):
    header, data = {}, b""
    if metadata:
        header["__metadata__"] = metadata
    for name, (kind, shape, content) in tensors.items():
        header[name] = {"dtype": kind, "shape": shape, "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    text = json.dumps(header, separators=(",", ":")).encode()
    return struct.pack("<Q", len(text)) + text + data


def text(value):
    return struct.pack("<Q", len(value)) + value


def gguf(values, tensors=()):
    """values: (key, type number, bytes); tensors: (name, shape, type number, offset, bytes)."""
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(values))
    for key, kind, content in values:
        head += text(key) + struct.pack("<I", kind) + content
    for name, shape, kind, offset, _ in tensors:
        head += text(name) + struct.pack("<I", len(shape)) + struct.pack(f"<{len(shape)}Q", *shape)
        head += struct.pack("<IQ", kind, offset)
    if not tensors:
        return head
    head += b"\0" * (-len(head) % 32)
    for *_, offset, content in tensors:
        head += content + b"\0" * (-len(content) % 32)
    return head


def texts(values):
    return struct.pack("<IQ", 8, len(values)) + b"".join(text(v) for v in values)


def numbers(kind, form, values):
    return struct.pack("<IQ", kind, len(values)) + struct.pack(f"<{len(values)}{form}", *values)


def varint(value):
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def field(number, content):
    if isinstance(content, int):
        return varint(number << 3) + varint(content)
    if isinstance(content, float):
        return varint(number << 3 | 5) + struct.pack("<f", content)
    return varint(number << 3 | 2) + varint(len(content)) + content


def sentencepiece(model_type, pieces, normalizer=b""):
    out = b"".join(field(1, field(1, p) + field(2, float(score)) + field(3, kind)) for p, score, kind in pieces)
    out += field(2, field(3, model_type) + field(35, 1 if model_type == 2 else 0) + field(40, 0) + field(41, 1) + field(42, 2))
    return out + field(3, field(1, b"identity") + normalizer)


write("safetensors", "two", safetensors({"a": ("F32", [2, 2], struct.pack("<4f", 1, 2, 3, 4)),
                                         "b": ("BF16", [3], b"\x80\x3f" * 3)}, {"format": "pt"}))
write("safetensors", "kinds", safetensors({k: (k, [2], b"\0\x3c" * (n // 2) if n > 1 else b"\1\0")
                                           for k, n in [("F16", 4), ("F64", 16), ("I64", 16), ("I32", 8), ("I16", 4)]}
                                          | {"U8": ("U8", [2], b"ab"), "BOOL": ("BOOL", [1], b"\1"),
                                             "F8": ("F8_E4M3", [1], b"\1"), "none": ("F32", [0], b"")}))
write("safetensors", "empty", safetensors({}))

shape = [(b"general.architecture", 8, text(b"llama")), (b"llama.block_count", 4, struct.pack("<I", 2)),
         (b"llama.embedding_length", 4, struct.pack("<I", 64)), (b"llama.feed_forward_length", 4, struct.pack("<I", 192)),
         (b"llama.attention.head_count", 4, struct.pack("<I", 4)), (b"llama.context_length", 4, struct.pack("<I", 64)),
         (b"llama.attention.layer_norm_rms_epsilon", 6, struct.pack("<f", 1e-5)), (b"llama.vocab_size", 4, struct.pack("<I", 6)),
         (b"llama.rope.freq_base", 6, struct.pack("<f", 1e4))]
bpe = [(b"tokenizer.ggml.model", 8, text(b"gpt2")), (b"tokenizer.ggml.pre", 8, text(b"smollm")),
       (b"tokenizer.ggml.tokens", 9, texts([b"a", b"b", b"ab", b"<s>", b"</s>"])), (b"tokenizer.ggml.merges", 9, texts([b"a b"])),
       (b"tokenizer.ggml.token_type", 9, numbers(5, "i", [1, 1, 1, 3, 3])),
       (b"tokenizer.ggml.bos_token_id", 4, struct.pack("<I", 3)), (b"tokenizer.ggml.eos_token_id", 4, struct.pack("<I", 4)),
       (b"tokenizer.ggml.add_bos_token", 7, b"\1"), (b"tokenizer.chat_template", 8, text(b"{{ messages }}"))]
spm = [(b"tokenizer.ggml.model", 8, text(b"llama")),
       (b"tokenizer.ggml.tokens", 9, texts([b"<unk>", b"<s>", b"</s>", b"\xe2\x96\x81", b"a", b"\xe2\x96\x81a", b"<0x0A>"])),
       (b"tokenizer.ggml.scores", 9, numbers(6, "f", [0, 0, 0, -1, -2, -3, 0])),
       (b"tokenizer.ggml.token_type", 9, numbers(5, "i", [2, 3, 3, 1, 1, 1, 6]))]
write("gguf", "bpe", gguf(shape + bpe))
write("gguf", "sentencepiece", gguf(shape + spm))
write("gguf", "tensors", gguf(shape[:1], [(b"f32", [2, 2], 0, 0, struct.pack("<4f", 1, 2, 3, 4)),
                                          (b"q8_0", [32], 8, 32, b"\0\x3c" + bytes(range(32))),
                                          (b"q4_0", [32], 2, 96, b"\0\x3c" + bytes(16)),
                                          (b"q6_K", [256], 14, 128, bytes(210))]))

pieces = [(b"<unk>", 0, 2), (b"<s>", 0, 3), (b"</s>", 0, 3), (b"\xe2\x96\x81", -1, 1), (b"H", -2, 1), (b"e", -2, 1),
          (b"l", -2, 1), (b"o", -2, 1), (b"ll", -3, 1), (b"\xe2\x96\x81H", -4, 1)]
bytes_too = pieces + [(b"<0x%02X>" % b, 0, 6) for b in range(256)]
write("sentencepiece", "unigram", sentencepiece(1, pieces))
write("sentencepiece", "bpe_bytes", sentencepiece(2, bytes_too))
write("sentencepiece", "user_defined", sentencepiece(1, pieces + [(b"[x]", 0, 4), (b"gone", 0, 5)], field(3, 0) + field(4, 0)))

config = {"peft_type": "LORA", "r": 1, "lora_alpha": 2, "lora_dropout": 0.0, "target_modules": ["q_proj"], "bias": "none",
          "base_model_name_or_path": "m"}
pair = {f"base_model.model.model.layers.{layer}.self_attn.q_proj.lora_{side}.weight":
        ("F32", [1, 4] if side == "A" else [4, 1], struct.pack("<4f", 1, 2, 3, 4)) for layer in (0, 1) for side in "AB"}
write("adapter", "q_proj", json.dumps(config).encode() + b"\0" + safetensors(pair))
write("adapter", "dora", json.dumps(config | {"use_dora": True, "use_rslora": True}).encode() + b"\0" + safetensors(
    pair | {f"base_model.model.model.layers.{layer}.self_attn.q_proj.lora_magnitude_vector":
            ("F32", [4], struct.pack("<4f", 1, 1, 1, 1)) for layer in (0, 1)}))

write("encoding", "utf16", b"\1\3" + "Grüße \U0001f600\n".encode("utf-16-le"))
write("encoding", "big_endian", b"\3\1" + "Grüße \U0001f600\n".encode("utf-16-be"))
write("encoding", "latin1", b"\0\2" + "Grüße \x80\x81 end".encode("latin-1"))
write("encoding", "half", b"\1\1" + b"\x3d\xd8a\0\0")
