#!/usr/bin/env python3
"""Makes a baseline profile for Leeway from training data in CSV or Parquet, so that a few kB are sent instead of the data.

    python baseline_profile.py train.parquet --version-json version.json > profile.json
    curl -X POST $LEEWAY/api/v1/models/fraud/versions/v1/baselines -H "authorization: Bearer $KEY" \\
         -H 'content-type: application/json' --data-binary @profile.json

version.json is what GET /api/v1/models/fraud/versions lists of the version, or the body that it was created with: the file
with `columns`, each with a name, role and type. The same data gives the same grid and counts as an upload of the file
itself. docs/baseline-profile.md has the form, for making profiles elsewhere. Needs pandas and pyarrow; one column is
worked on at a time.
"""

import argparse
import json
import math
import re
import sys
import unicodedata
from collections import Counter

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

FORMAT = "leeway-baseline-profile/1"

# The sizes of Leeway's grids.
MAX_EDGES = 1023
QUANTILE_CELLS = 940
EQUAL_WIDTH_CELLS = 64
GUARDS = [2.0**exponent for exponent in range(-3, 3)]
MAX_DISCRETE_VALUES = 50
MAX_CATEGORIES = 1000
MAX_UNLISTED = 100
MAX_VOCABULARY = 10_000
MAX_SEGMENTS = 100
OWN_SEGMENT_NAMES = {"all", "other", "unknown", "missing"}
# Longer strings are of a wrong type; in UTF-16 code units, as JavaScript counts.
MAX_CATEGORY_LENGTH = 1_000
MAX_TEXT_LENGTH = 100_000

INVALID = object()
"""A cell of a wrong type. None is a missing one."""


# Cells, as Leeway reads them.

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
PREFIXED = re.compile(r"0([xX][0-9a-fA-F]+|[oO][0-7]+|[bB][01]+)", re.ASCII)
BLANKS = "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"


def number_of_text(text):
    """A field of CSV as a number: decimal notation, with blanks around it or not."""
    if text == "":
        return math.nan
    stripped = text.strip(BLANKS)
    if NUMBER.fullmatch(stripped):
        return float(stripped)
    if PREFIXED.fullmatch(stripped):
        return float(int(stripped, 0))
    return math.inf


def code_units(text):
    """The length of a text as JavaScript has it."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def is_storable(text):
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def string_cell(text, kind):
    if kind == "boolean":
        lower = text.lower()
        return lower if lower in ("true", "false") else INVALID
    longest = MAX_TEXT_LENGTH if kind == "text" else MAX_CATEGORY_LENGTH
    return text if code_units(text) <= longest and is_storable(text) else INVALID


def numbers_of(column, is_csv):
    """The cells as doubles: NaN is missing, infinite is invalid."""
    if is_csv:
        return np.fromiter((number_of_text(text) for text in column), dtype=np.float64, count=len(column))
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        texts = column.to_pylist()
        return np.array([math.nan if text is None else number_of_text(text or "x") for text in texts])
    return column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False).astype(np.float64)


def strings_of(column, kind, is_csv):
    """The cells as strings; None is missing."""
    if is_csv:
        memory = {"": None}
        values = column
    else:
        memory = {None: None}
        if pa.types.is_boolean(column.type):
            column = pa.array([None if value is None else str(value).lower() for value in column.to_pylist()])
        elif pa.types.is_floating(column.type):
            column = pa.array([None if value is None else repr(value) for value in column.to_pylist()])
        elif not pa.types.is_string(column.type):
            column = column.cast(pa.string())
        values = column.to_pylist()
    cells = []
    for value in values:
        if value not in memory:
            memory[value] = string_cell(value, kind)
            if kind == "text" and len(memory) > 100_000:
                memory = {key: memory[key] for key in ("" if is_csv else None,) if key in memory} | {value: memory[value]}
        cells.append(memory[value])
    return cells


# Grids and counts of numbers.


def cells_of(edges, values):
    """Cell k holds what is above edge k-1 and not above edge k."""
    return np.searchsorted(edges, values, side="left")


def order_statistic(ordered, k, parts):
    return float(ordered[-((-k * len(ordered)) // parts) - 1])


def next_down(x):
    return float(np.nextafter(x, -np.inf))


def grid_of(ordered):
    """The edges of Leeway's grid for these finite values in ascending order, its deciles, and its discrete values."""
    if len(ordered) == 0:
        return np.array([]), [], None
    distinct = np.unique(ordered)
    discrete = [float(value) + 0.0 for value in distinct] if len(distinct) <= MAX_DISCRETE_VALUES else None
    edges = set()

    def add(edge):
        if math.isfinite(edge):
            edges.add(edge + 0.0)

    def add_atom(value):
        add(next_down(value))
        add(value)

    low, high = float(ordered[0]), float(ordered[-1])
    add_atom(low)
    if low != high:
        for i in range(1, EQUAL_WIDTH_CELLS):
            share = i / EQUAL_WIDTH_CELLS
            add(low * (1 - share) + high * share)
        add(high)
        for distance in ((high - low) * guard for guard in GUARDS):
            add(high + distance)
            add(low - distance)
    previous = math.nan
    for k in range(1, QUANTILE_CELLS):
        quantile = order_statistic(ordered, k, QUANTILE_CELLS)
        if quantile == previous:
            add_atom(quantile)
        else:
            add(quantile)
        previous = quantile
    for value in discrete or []:
        add_atom(value)
    return split_heavy_cells(ordered, sorted(edges)), deciles_of(ordered), discrete


def split_heavy_cells(ordered, edges):
    """Spends the edges that are left on cells with the most values: what stands at a cell's right edge gets one of its own."""
    ends = np.searchsorted(ordered, edges, side="right")
    candidates = []
    start = 0
    for k, (edge, end) in enumerate(zip(edges, ends.tolist())):
        below = next_down(edge)
        if end - start > 1 and not (k > 0 and below == edges[k - 1]):
            candidates.append((-(end - start), below))
        start = end
    candidates.sort()
    extra = [below for _, below in candidates[: max(0, MAX_EDGES - len(edges))] if math.isfinite(below)]
    return np.array(sorted(edges + extra))


def deciles_of(ordered):
    high = float(ordered[-1])
    deciles = dict.fromkeys(order_statistic(ordered, k, 10) + 0.0 for k in range(1, 10))
    below = sorted(edge for edge in deciles if edge < high)
    return below or [high + 0.0]


def numeric_summary(values):
    """What Leeway keeps of finite values, in their order."""
    edges, deciles, discrete = grid_of(np.sort(values))
    cells = cells_of(edges, values)
    count = len(values)
    mean = float(values.mean()) if count else 0.0
    return {
        "edges": edges.tolist(),
        "decileEdges": deciles,
        "discreteValues": discrete,
        "counts": np.bincount(cells, minlength=len(edges) + 1).tolist(),
        "sums": np.bincount(cells, weights=values, minlength=len(edges) + 1).tolist(),
        "mean": mean,
        "m2": float(np.square(values - mean).sum()),
        "min": float(values.min()) + 0.0 if count else None,
        "max": float(values.max()) + 0.0 if count else None,
    }


def numeric_column(name, numbers):
    finite = numbers[np.isfinite(numbers)]
    missing = int(np.isnan(numbers).sum())
    return {
        "name": name,
        "kind": "numeric",
        "missingCount": missing,
        "invalidCount": len(numbers) - len(finite) - missing,
        **numeric_summary(finite),
    }


# Categories and texts.


def by_code_units(text):
    """Sorts as JavaScript compares strings."""
    return text.encode("utf-16-be", "surrogatepass")


def ranked(counts):
    """Most frequent first, ties by code units."""
    return sorted(counts.items(), key=lambda entry: (-entry[1], by_code_units(entry[0])))


def rows_of(name, kind, cells):
    return {
        "name": name,
        "kind": kind,
        "missingCount": sum(cell is None for cell in cells),
        "invalidCount": sum(cell is INVALID for cell in cells),
    }


def counted(entries):
    return [{"value": value, "count": count} for value, count in entries]


def categorical_column(name, cells):
    ordered = ranked(Counter(cell for cell in cells if cell is not None and cell is not INVALID))
    rest = ordered[MAX_CATEGORIES:]
    return {
        **rows_of(name, "categorical", cells),
        "categories": counted(ordered[:MAX_CATEGORIES]),
        "otherCount": sum(count for _, count in rest),
        "unlisted": counted(rest[:MAX_UNLISTED]),
    }


class Letters(dict):
    """Which characters make words: letters and digits of every script."""

    def __missing__(self, character):
        self[character] = is_letter = unicodedata.category(character)[0] in "LN"
        return is_letter


LETTERS = Letters()
MAX_KEY_LENGTH = 256


def tokens_of(text):
    """Runs of letters and digits, in lower case."""
    spaced = "".join(character if LETTERS[character] else " " for character in text.lower())
    return [category_key(token) for token in spaced.split(" ") if token]


def category_key(token):
    """A long token is cut and marked by its hash (FNV-1a of its code units as varints)."""
    units = np.frombuffer(token.encode("utf-16-le", "surrogatepass"), dtype="<u2")
    if len(units) <= MAX_KEY_LENGTH:
        return token
    digest = 0xCBF29CE484222325
    for value in (len(units), *units.tolist()):
        while True:
            byte = value & 0x7F | (0x80 if value >= 0x80 else 0)
            digest = ((digest ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
            value >>= 7
            if value == 0:
                break
    start = units[: MAX_KEY_LENGTH - 17].tobytes().decode("utf-16-le", "surrogatepass")
    return f"{start}#{digest:016x}"


def text_column(name, cells):
    texts = [cell for cell in cells if cell is not None and cell is not INVALID]
    uses, several, last = Counter(), set(), {}
    for number, text in enumerate(texts):
        for token in tokens_of(text):
            uses[token] += 1
            if last.setdefault(token, number) != number:
                several.add(token)
    ordered = ranked(uses)
    vocabulary = {token for token, _ in ordered[:MAX_VOCABULARY]}
    unseen_squared = unseen_by_tokens = tokens_squared = unseen_count = 0
    for text in texts:
        tokens = tokens_of(text)
        unseen = sum(token not in vocabulary for token in tokens)
        unseen_count += unseen
        unseen_squared += unseen * unseen
        unseen_by_tokens += unseen * len(tokens)
        tokens_squared += len(tokens) ** 2
    return {
        **rows_of(name, "text", cells),
        "lengths": numeric_summary(np.array([code_units(text) for text in texts], dtype=np.float64)),
        "vocabulary": [token for token, _ in ordered[:MAX_VOCABULARY]],
        "tokenCount": sum(uses.values()),
        "expectedUnseenCount": sum(
            count for token, count in uses.items() if token not in vocabulary or token not in several
        ),
        "emptyCount": sum(text.strip(BLANKS) == "" for text in texts),
        "unseenTokens": counted(ordered[MAX_VOCABULARY : MAX_VOCABULARY + MAX_UNLISTED]),
        "unseenTokenCount": unseen_count,
        "unseenSquared": unseen_squared,
        "unseenByTokens": unseen_by_tokens,
        "tokensSquared": tokens_squared,
    }


# Segments.


def js_number(value):
    """A number as JavaScript writes it in the name of a segment."""
    if value == int(value) and abs(value) < 1e21:
        return str(int(value))
    text = repr(value)
    if "e" not in text:
        return text
    digits, exponent = text.split("e")
    if -7 < int(exponent) < 0:
        return f"{value:.{len(digits.replace('.', '').lstrip('-')) - 1 - int(exponent)}f}"
    return f"{digits}e{'+' if int(exponent) > 0 else '-'}{abs(int(exponent))}"


def segment_name(texts):
    """The value, or several joined by `|`. Values that read as a name of Leeway's own are escaped, so that no two segments are one."""
    if len(texts) == 1:
        text = texts[0]
        return "missing" if text is None else "\\" + text if text in OWN_SEGMENT_NAMES or text.startswith("\\") else text
    return "|".join("missing" if text is None else "\\missing" if text == "missing" else re.sub(r"([\\|])", r"\\\1", text) for text in texts)


def segment_names(columns):
    """The most frequent segments; none where a cell is of a wrong type, since its row has no segment."""
    names = Counter()
    for cells in zip(*columns):
        if any(cell is INVALID or cell == math.inf or cell == -math.inf for cell in cells):
            return []
        texts = [None if cell is None or cell != cell else cell if isinstance(cell, str) else js_number(cell) for cell in cells]
        names[segment_name(texts)] += 1
    return [name for name, _ in ranked(names)[:MAX_SEGMENTS]]


# The file.


class Table:
    """The columns of a CSV or Parquet file, one at a time."""

    def __init__(self, path):
        self.path = path
        self.is_csv = not path.endswith((".parquet", ".pq"))
        if self.is_csv:
            self.frame = pd.read_csv(path, dtype=str, na_filter=False, skip_blank_lines=False, encoding="utf-8-sig")
            self.frame.columns = [name.strip() for name in self.frame.columns]
            self.names = list(self.frame.columns)
        else:
            self.names = pq.read_schema(path).names

    def column(self, name):
        if self.is_csv:
            return self.frame[name].tolist()
        return pq.read_table(self.path, columns=[name]).column(0).combine_chunks()


def profile_of(path, columns):
    """The profile of a file by the columns of a version."""
    table = Table(path)
    lacking = [c["name"] for c in columns if c["name"] not in table.names and c["role"] != "groundTruth"]
    if lacking:
        raise SystemExit(f"{path} has no column {', '.join(lacking)}; it has {', '.join(table.names)}")
    summaries, segments, row_count = [], [], 0
    for column in columns:
        name, kind = column["name"], column["type"]
        if name not in table.names:
            continue
        cells = numbers_of(table.column(name), table.is_csv) if kind == "numeric" else strings_of(table.column(name), kind, table.is_csv)
        row_count = len(cells)
        if column["role"] == "segment":
            segments.append(cells.tolist() if kind == "numeric" else cells)
        make = {"numeric": numeric_column, "text": text_column}.get(kind, categorical_column)
        summaries.append(make(name, cells))
    profile = {"format": FORMAT, "rowCount": row_count, "columns": summaries}
    return {**profile, "segments": segment_names(segments)} if segments else profile


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("data", help="training data, .csv or .parquet")
    parser.add_argument("--version-json", required=True, help="file with the `columns` of the version")
    parser.add_argument("--importances", help="file with { feature: weight }")
    arguments = parser.parse_args()
    with open(arguments.version_json, encoding="utf-8") as file:
        columns = json.load(file)["columns"]
    body = {"profile": profile_of(arguments.data, columns)}
    if arguments.importances:
        with open(arguments.importances, encoding="utf-8") as file:
            body["importances"] = json.load(file)
    json.dump(body, sys.stdout, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


if __name__ == "__main__":
    main()
