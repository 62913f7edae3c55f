#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Interpolated modified Kneser-Ney by its definition (Chen and Goodman 1998), to compare `rnncore ngram` with.

kneser-ney.py TEXT ORDER [TEST]: prints log10 P of every word (and sentence end) of TEST, one a line; TEST is TEXT by default.
"""
import math
import sys
from collections import Counter, defaultdict

text, order = sys.argv[1], int(sys.argv[2])
test = sys.argv[3] if len(sys.argv) > 3 else text


def sentences(path):
    return [line.split() for line in open(path, encoding="utf-8") if line.split()]


# how often the text has each n-gram that ends in a word or </s>
raw = [Counter() for _ in range(order + 1)]
for words in sentences(text):
    words = ["<s>"] + words + ["</s>"]
    for end in range(1, len(words)):
        for n in range(1, min(order, end + 1) + 1):
            raw[n][tuple(words[end + 1 - n:end + 1])] += 1

# adjusted counts: what stands before counts, but for the highest order and behind <s>
count = [None] + [dict(raw[n]) for n in range(1, order + 1)]
for n in range(1, order):
    before = defaultdict(set)
    for gram in raw[n + 1]:
        before[gram[1:]].add(gram[0])
    for gram in count[n]:
        if gram[0] != "<s>":
            count[n][gram] = len(before[gram])

discount = [None] * (order + 1)
for n in range(1, order + 1):
    t = Counter(count[n].values())
    y = t[1] / (t[1] + 2 * t[2]) if t[1] else 0
    d = [0, *(k - (k + 1) * y * t[k + 1] / t[k] if t[k] else -1 for k in (1, 2, 3))]
    good = all(0 <= d[k] <= k for k in (1, 2, 3)) and t[1] and t[2] and t[3]
    discount[n] = d if good else [0, 0.5, 1, 1.5]

# of each context: the sum of its counts and of their discounts
total = [Counter() for _ in range(order + 1)]
taken = [Counter() for _ in range(order + 1)]
for n in range(1, order + 1):
    for gram, c in count[n].items():
        total[n][gram[:-1]] += c
        taken[n][gram[:-1]] += discount[n][min(c, 3)]
vocabulary = {gram[0] for gram in raw[1]} | {"<unk>"}


def probability(context, word):
    if len(context) == 0:
        lower = 1 / len(vocabulary)
    else:
        lower = probability(context[1:], word)
    n = len(context) + 1
    if context not in total[n]:
        return lower
    c = count[n].get(context + (word,), 0)
    return (c - discount[n][min(c, 3)] + taken[n][context] * lower) / total[n][context]


for words in sentences(test):
    history = ("<s>",)
    for word in words + ["</s>"]:
        if (word,) not in raw[1]:
            word = "<unk>"
        print("%.8f" % math.log10(probability(history[-(order - 1):] if order > 1 else (), word)))
        history += (word,)
