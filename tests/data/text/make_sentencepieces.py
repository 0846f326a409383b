#!/usr/bin/env python3
"""sentencepiece models of several makes, the tokenizer.json that transformers makes of each, and the ids of the model.

usage: make_sentencepieces.py OUT.json        (needs: transformers 5.24, tokenizers 0.23, sentencepiece 0.2, protobuf)

OUT.json is a list of {"name", "model": tokenizer.model in base64, "tokenizer": tokenizer.json, "cases": [{"text", "ids"}]};
ids are sentencepiece's own. "of" stands where "model" would: a folder of tests/data/parity whose tokenizer.model it is.
The vocabularies are trained here, on sentences made here.
"""
import base64, json, os, random, sys, tempfile
import sentencepiece as spm
from sentencepiece import sentencepiece_model_pb2 as pb
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

HERE = os.path.dirname(os.path.abspath(__file__))
MARK = "\u2581"
WORDS = "the order parcel refund invoice it's we'll they've don't café naïve Émile 東京 ラーメン привет 42 2024 1,000 3.14 $5 foo_bar x==y {\"a\": [1, 2]} 🙂 hello world".split(" ")
TEXTS = ["", " ", "   ", "Hello world", " leading", "two  spaces", "three   spaces ", "tab\tand\nnew\r\nline\n\n\nend\n", "café cafe\u0301 Å ﬁ ½", "東京ラーメン🙂👍🏽", "x" * 70, "ab" * 40,
         "<s> </s> <unk> <0x41>", "{\"intent\": \"refund\", \"id\": 42}", "\u00a0nbsp\u3000full\u200bzero", "\u2581mark\u2581\u2581", "we'll WE'LL 1234567890", "\x7f\x80ÿ\U0010ffff", "hello,user-defined<sep>hello <sep> x"]


def train(folder, **kw):
    r = random.Random(5); src = os.path.join(folder, "corpus"); prefix = os.path.join(folder, "m")
    with open(src, "w") as f: f.writelines(" ".join(r.choice(WORDS) for _ in range(r.randint(3, 12))) + r.choice(["", ".", "!", "  ?"]) + "\n" for _ in range(800))
    options = dict(input=src, model_prefix=prefix, vocab_size=400, character_coverage=0.98, unk_id=0, bos_id=1, eos_id=2, pad_id=-1, normalization_rule_name="identity", remove_extra_whitespaces=False, minloglevel=2)
    spm.SentencePieceTrainer.train(**{**options, **kw})
    proto = pb.ModelProto(); proto.ParseFromString(open(prefix + ".model", "rb").read())
    proto.trainer_spec.ClearField("input"); proto.trainer_spec.ClearField("model_prefix")
    return proto.SerializeToString()


def convert(model, form):
    """form: legacy (normalizer Prepend and Replace, as published Llama files), first (Metaspace, as transformers writes today), never (Replace alone, as Gemma)."""
    proto = pb.ModelProto(); proto.ParseFromString(model)
    normal = {p.piece: i for i, p in enumerate(proto.pieces) if p.type == 1}
    fallback = proto.trainer_spec.byte_fallback
    if proto.trainer_spec.model_type == 1:
        t = Tokenizer(models.Unigram([(p.piece, p.score) for p in proto.pieces], unk_id=0, byte_fallback=fallback))
    else:
        pairs = sorted((-proto.pieces[i].score, len(x[:k]), x[:k], x[k:]) for x, i in normal.items() for k in range(1, len(x)) if x[:k] in normal and x[k:] in normal)
        t = Tokenizer(models.BPE({p.piece: i for i, p in enumerate(proto.pieces)}, [(l, r) for *_, l, r in pairs], unk_token="<unk>", fuse_unk=True, byte_fallback=fallback))
    steps = [normalizers.Precompiled(proto.normalizer_spec.precompiled_charsmap)] if proto.normalizer_spec.precompiled_charsmap else []
    if proto.normalizer_spec.remove_extra_whitespaces: steps += [normalizers.Replace(Regex(r"\A +| +\z"), ""), normalizers.Replace(Regex(" {2,}"), " ")]
    if form == "legacy": steps += [normalizers.Prepend(MARK)]
    if form != "first": steps += [normalizers.Replace(" ", MARK)]
    if form == "first": t.pre_tokenizer = pre_tokenizers.Metaspace(replacement=MARK, prepend_scheme="first", split=False)
    if form == "never": t.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    if steps: t.normalizer = normalizers.Sequence(steps)
    strip = [] if form == "never" else [decoders.Strip(content=" ", left=1)]
    t.decoder = decoders.Sequence([decoders.Replace(MARK, " "), decoders.ByteFallback(), decoders.Fuse(), *strip])
    from tokenizers import AddedToken
    for p in proto.pieces:
        if p.type in (2, 3, 4): (t.add_special_tokens if p.type != 4 else t.add_tokens)([AddedToken(p.piece, normalized=False, special=p.type != 4)])
    t.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    return json.loads(t.to_str())


def random_texts(r, n):
    parts = WORDS + TEXTS + list(" \n\t'é<>1") + ["  ", "\r\n", "東", "qx"]
    return ["".join(r.choice(parts) + r.choice(["", " "]) for _ in range(r.randint(1, 10))) for _ in range(n)]


def all_kinds(folder):
    byte = dict(model_type="bpe", byte_fallback=True, split_digits=True)
    yield "llama", train(folder, **byte), "legacy"
    yield "llama-metaspace", train(folder, **byte), "first"
    yield "gemma", train(folder, add_dummy_prefix=False, user_defined_symbols=["<sep>"], **byte), "never"
    yield "bpe-unknown", train(folder, model_type="bpe", vocab_size=150), "legacy"
    yield "unigram", train(folder, model_type="unigram", byte_fallback=True, vocab_size=330), "legacy"
    rules = os.path.join(folder, "rules.tsv"); open(rules, "w").write("41 30A\tC5\n65 301\tE9\nFB01\t66 69\n3000\t20\nA0\t20\nD\t20\nA\t20\n9\t20\n")
    yield "unigram-rules", train(folder, model_type="unigram", vocab_size=80, normalization_rule_tsv=rules, remove_extra_whitespaces=True, normalization_rule_name="user_defined"), "first"


if __name__ == "__main__":
    r, made = random.Random(1), []
    n = int(sys.argv[2]) if len(sys.argv) > 2 else 12
    with tempfile.TemporaryDirectory() as folder:
        for name, model, form in all_kinds(folder):
            sp = spm.SentencePieceProcessor(model_proto=model)
            made.append(dict(name=name, model=base64.b64encode(model).decode(), tokenizer=convert(model, form), cases=[dict(text=x, ids=sp.encode(x)) for x in TEXTS + random_texts(r, n)]))
    for case in ("llama-gqa", "mistral-window", "qwen3"):
        folder = os.path.join(HERE, "..", "parity", case); model = open(os.path.join(folder, "model", "tokenizer.model"), "rb").read()
        cases = [dict(text=c["text"], ids=c["sentencepiece_ids"]) for c in json.load(open(os.path.join(folder, "tokens.json")))]
        for form in ("legacy", "first"): made.append(dict(name=f"{case} {form}", of=case, tokenizer=convert(model, form), cases=cases))
    with open(sys.argv[1], "w") as f: json.dump(made, f, ensure_ascii=False, separators=(",", ":"))
