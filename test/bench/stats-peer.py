"""The peer of stats.ts: the same work on the same numbers by NumPy, SciPy and pandas, timed here.

Reads one JSON request a line, `{"task": …, …}`, and answers each with one line, `{"seconds": …, "value": …}`. Before the
first it writes the versions of the libraries that it can import. Arrays come as files of doubles and are kept; only the
work itself is timed, by the wall clock.
"""

import importlib
import json
import sys
import time

VERSIONS = {}
for name in ("numpy", "scipy", "pandas", "pyarrow"):
    try:
        VERSIONS[name] = importlib.import_module(name).__version__
    except ImportError:
        VERSIONS[name] = None

if VERSIONS["numpy"]:
    import numpy as np
if VERSIONS["scipy"]:
    from scipy import stats
    from scipy.spatial.distance import jensenshannon
if VERSIONS["pandas"]:
    import pandas as pd

ARRAYS = {}


def array(path):
    if path not in ARRAYS:
        ARRAYS[path] = np.fromfile(path, dtype="<f8")
    return ARRAYS[path]


def bin_values(values, edges):
    values, edges = array(values), array(edges)
    cells = len(edges) + 1

    def work():
        cell = np.searchsorted(edges, values)
        return np.bincount(cell, minlength=cells), np.bincount(cell, weights=values, minlength=cells)

    return work, lambda result: [int(result[0].max()), float(result[1].sum())]


def ks(baseline, window):
    baseline, window = array(baseline), array(window)
    return lambda: stats.ks_2samp(baseline, window), lambda result: float(result.statistic)


def metrics(baseline, window):
    """What compareProfiles gives and SciPy has: KS, rank sum and Welch's t with their p-values, Wasserstein, Fisher's test of
    both outer twentieths, and PSI, Jensen-Shannon, Hellinger, total variation and the largest change on deciles."""
    baseline, window = array(baseline), array(window)

    def work():
        deciles = np.quantile(baseline, np.arange(1, 10) / 10)
        edges = np.concatenate([[-np.inf], deciles, [np.inf]])
        p = np.histogram(baseline, edges)[0] / len(baseline)
        q = np.histogram(window, edges)[0] / len(window)
        low, high = np.quantile(baseline, [0.05, 0.95])
        for side in (lambda x: np.count_nonzero(x <= low), lambda x: np.count_nonzero(x > high)):
            b, w = int(side(baseline)), int(side(window))
            stats.fisher_exact([[b, len(baseline) - b], [w, len(window) - w]])
        ranks = stats.mannwhitneyu(window, baseline, method="asymptotic", use_continuity=False)
        return {
            "psi": np.sum((p - q) * np.log(p / q)),
            "jensenShannon": jensenshannon(p, q, base=2),
            "hellinger": np.sqrt(np.sum((np.sqrt(p) - np.sqrt(q)) ** 2) / 2),
            "totalVariation": np.sum(np.abs(p - q)) / 2,
            "lInfinity": np.max(np.abs(p - q)),
            "superiority": ranks.statistic / len(baseline) / len(window),
            "ks": stats.ks_2samp(baseline, window).statistic,
            "wasserstein": stats.wasserstein_distance(baseline, window),
            "welch": stats.ttest_ind(baseline, window, equal_var=False).statistic,
        }

    return work, lambda result: {name: float(value) for name, value in result.items()}


def quantiles(path, cells, reader):
    """Reads a file of numeric columns, and finds the quantiles of each."""
    levels = np.arange(1, cells) / cells
    read = pd.read_csv if reader == "csv" else pd.read_parquet
    return lambda: read(path).quantile(levels), lambda result: float(result.iloc[(cells - 1) // 2, 0])


TASKS = {"bin": bin_values, "ks": ks, "metrics": metrics, "quantiles": quantiles}


def answer(line):
    request = json.loads(line)
    work, summary = TASKS[request.pop("task")](**request)
    start = time.perf_counter()
    result = work()
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "value": summary(result)}


print(json.dumps(VERSIONS), flush=True)
for line in sys.stdin:
    print(json.dumps(answer(line)), flush=True)
