#!/usr/bin/env python3
"""Byte-level BPE tokenizers of several makes, and what the tokenizers library says about awkward texts.

usage: make_tokenizers.py OUT.json        (needs: tokenizers 0.23)

OUT.json is a list of {"name", "tokenizer": tokenizer.json, "cases": [{"text", "ids", "begins"}]}; begins are byte offsets
of the characters in which the tokens begin, or null where the library loses count (bytes without a token) or counts finer
than a user-perceived character (texts that normalisation changes). The vocabularies are trained here, on sentences made here.
"""
import json, random, sys, unicodedata
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

WORDS = "the order parcel refund invoice it's we'll they've IT'S don't café naïve Émile 東京 ラーメン привет مرحبا 한국어 हिन्दी 42 2024 1,000 3.14 $5 foo_bar x==y {\"a\": [1, 2]} 🙂 👍🏽 ½ ² ٣ Ⅷ".split(" ")
LLAMA3 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
QWEN2 = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")
TEXTS = ["", " ", "Hello world", "  two  spaces ", "tab\tand\nnew\r\nline\n\n\nend\n", "   42", "a  12b", "1234567", "½²٣Ⅷ① 一二", "we'll WE'LL it's IT'S 'Tis ' s", "café cafe\u0301 Å Å ﬁ",
         "각 각 ẛ̣ q̣̇ क़", "東京ラーメン🙂👍🏽👨‍👩‍👧", "x" * 70, "ab" * 40, "<|a|>", "text<|a|>text <|a|>  <|b|> x", "in<|left|>side  <|left|>  <|right|>  y", "<|a|<|a|>|><|ab|><|a|><|A|>", "hello user hello", "\u00a0nbsp\u2003em\u3000full\u180emong\u200bzero\x85nel\x1cfs",
         "\x00\x04\x7f\x80ÿ", "\U0001d7d8\U0010ffff", "{\"intent\": \"refund\", \"id\": 42}\n", "a\u0301\u0323b\u0323\u0301", "e\n\u0301\u0323"]


def corpus(r): return [" ".join(r.choice(WORDS) for _ in range(r.randint(3, 12))) + r.choice(["", ".", "!\n", "\n\n", "  ", "?"]) for _ in range(800)]


def build(pre, normalizer=None, alphabet=None, size=420, **model):
    t = Tokenizer(models.BPE(**model))
    t.pre_tokenizer = pre; t.decoder = decoders.ByteLevel()
    if normalizer: t.normalizer = normalizer
    t.train_from_iterator(corpus(random.Random(5)), trainers.BpeTrainer(vocab_size=size, initial_alphabet=pre_tokenizers.ByteLevel.alphabet() if alphabet is None else alphabet, special_tokens=[], show_progress=False))
    return t


def split(pattern, behavior="isolated", invert=False):
    return pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(pattern), behavior, invert=invert), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])


def special(t, *texts, **kw): t.add_tokens([AddedToken(x, normalized=False, special=True, **kw) for x in texts])


def all_kinds():
    level = lambda: pre_tokenizers.ByteLevel(add_prefix_space=False)
    t = build(level()); special(t, "<|a|>", "<|ab|>", "<|b|>"); yield "gpt2", t
    t = build(pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), level()]), alphabet=[c for c in pre_tokenizers.ByteLevel.alphabet() if c not in "Ą\u00f1Ć"])
    special(t, "<|a|>"); special(t, "<|left|>", lstrip=True); special(t, "<|right|>", rstrip=True); yield "smollm", t
    t = build(split(LLAMA3), ignore_merges=True); special(t, "<|a|>"); t.add_tokens([AddedToken("user", normalized=False)])
    t.post_processor = processors.TemplateProcessing(single="<|a|> $A", special_tokens=[("<|a|>", t.token_to_id("<|a|>"))]); yield "llama3", t
    t = build(split(QWEN2), normalizer=normalizers.NFC()); special(t, "<|a|>", "<|b|>"); yield "qwen2", t
    t = build(split(QWEN2, "removed", True)); yield "inverted", t
    t = build(pre_tokenizers.Sequence([pre_tokenizers.Split(" ", "isolated"), pre_tokenizers.Digits(individual_digits=False), level()])); yield "literal", t


def cases(t, texts):
    out = []
    for x in texts:
        e = t.encode(x, add_special_tokens=False)
        countable = t.decode(e.ids, skip_special_tokens=False) == x == unicodedata.normalize("NFC", x)
        out.append(dict(text=x, ids=e.ids, begins=[len(x[:a].encode()) for a, _ in e.offsets] if countable else None))
    return out


def random_texts(r, n):
    parts = WORDS + TEXTS + list(" \n\t'<|>aA1\u0301\u0323é가각") + ["  ", "\r\n", "<|a|>", "<|left|>", "<|right|>", "'s", "'LL", "user", "\u1100\u1161\u11a8", "\u0915\u093c"]
    return ["".join(r.choice(parts) for _ in range(r.randint(1, 12))) for _ in range(n)]


if __name__ == "__main__":
    r = random.Random(1)
    n = int(sys.argv[2]) if len(sys.argv) > 2 else 12
    made = [dict(name=name, tokenizer=json.loads(t.to_str()), cases=cases(t, TEXTS + random_texts(r, n))) for name, t in all_kinds()]
    with open(sys.argv[1], "w") as f: json.dump(made, f, ensure_ascii=False, separators=(",", ":"))
