"""Texts for tokenizers: several scripts, emoji, control characters, white space of all kinds, long words."""

import random

SCRIPTS = [
    "the quick Brown fox's JUMPS over don't I'LL we've lazy dogs returning",
    "Привет мир Ёлка ЖУРНАЛ Київ",
    "Ελληνικά ΚΌΣΜΟΣ άνθρωπος",
    "naïve Straße ÀÉÎÕÜ ŁÓDŹ İstanbul ñandú Ǆ ﬁn",
    "日本語のテキスト 中文文本 漢字かな交じり文",
    "한국어 텍스트 안녕하세요",
    "עברית العربية مرحبا",
    "हिन्दी नमस्ते ไทย ภาษา",
    "e\u0301 a\u0308\u0323 o\u0302\u0301 n\u0303 \u1e9b\u0323 Å ﷺ ㎏ ① ²½ Ⅷ",
    "😀 👨‍👩‍👧‍👦 🏳️‍🌈 🇩🇪 👍🏽 ☃️",
    "12345 1,234.56 3.14e-10 ٣٤٥ 007 0x1F",
    "... !!! --- *** ``` $$$ «quoted» “x” ‘y’ — … 。，！？（）",
    "def f(x): return x**2 + {'a': [1, 2]} # ok? std::vector<int>",
]
SPACES = [" ", " ", " ", "  ", "     ", "\t", "\n", "\r\n", "\n\n", "\u00a0", "\u2003", "\u3000", "\u2028", "\u1680", "\x0b", "\x85", ""]
STRANGE = ["\x01", "\x7f", "\x1b[0m", "\u200b", "\u200d", "\ufeff", "\ufffd", "\u00ad", "\ue000", "▁", "Ġ", "##", "\u0301", "\U0001d54f"]


def varied(seed, extra=(), count=1000):
    """`count` texts; `extra`: strings that stand in some of them, such as special tokens."""
    rng = random.Random(seed)
    words = [word for script in SCRIPTS for word in script.split(" ")]
    letters = [c for c in "".join(SCRIPTS) if c != " "]

    def word():
        kind = rng.random()
        if kind < 0.6:
            return rng.choice(words)
        if kind < 0.8:
            return "".join(rng.choice(letters) for _ in range(rng.randint(1, 12)))
        if kind < 0.88:
            return rng.choice(STRANGE)
        if kind < 0.92 and extra:
            return rng.choice(extra)
        if kind < 0.94:
            return rng.choice(words)[:2] * rng.randint(20, 120)
        return rng.choice(words).upper()

    texts = ["", " ", "   ", "\n", "a", "a" * 99, "a" * 100, "a" * 101, "é" * 100, "ab " * 50]
    while len(texts) < count:
        texts.append("".join(word() + rng.choice(SPACES) for _ in range(rng.randint(1, 14))))
    return texts
