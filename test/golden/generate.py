"""Golden values of scipy.json, by SciPy and NumPy, and by nothing of ours.

    python generate.py           writes scipy.json beside this file
    python generate.py --check   recomputes it, and exits 1 where a number differs by more than 1e-12

Samples are drawn from fixed seeds and stored, or follow a rule of whole numbers that is stored, so that a reader needs
no random generator. Floats are stored in full.
"""

import json
import math
import sys
from pathlib import Path

import numpy as np
import scipy
from scipy import stats
from scipy.spatial.distance import jensenshannon

FILE = Path(__file__).with_name("scipy.json")
SEED = 20261123
CHECK_TOLERANCE = 1e-12
# The smallest p-value that keeps all its digits as a double.
SMALLEST_P = 1e-305
# Above it SciPy's exact p takes long, and so would ours.
MAX_EXACT_POINTS = 4_000_000


def main():
    golden = {
        "meta": {
            "script": "generate.py",
            "scipy": scipy.__version__,
            "numpy": np.__version__,
            "seed": SEED,
            "rule": "value i of n is (i * multiplier + offset) mod modulus",
        },
        "kstwoSf": kstwo_sf(),
        "chi2Sf": chi2_sf(),
        "chi2Isf": chi2_isf(),
        "tSf": t_sf(),
        "normSf": [[z, float(stats.norm.sf(z))] for z in [-8, -3, -1.5, 0, 0.1, 1, 1.96, 3, 5, 8, 14, 21, 30, 37]],
        "normPpf": [[p, float(stats.norm.ppf(p))] for p in [1e-300, 1e-100, 1e-20, 1e-6, 0.001, 0.025, 0.07, 0.08, 0.3,
                                                            0.5, 0.6, 0.92, 0.93, 0.975, 0.999, 0.999999]],
        "binomPmf": binom_pmf(),
        "contingency": contingency(),
        "falseDiscovery": false_discovery(),
        "wilson": wilson(),
        "fisher": fisher(),
        "samples": samples(),
    }
    if "--check" in sys.argv:
        sys.exit(report(list(differences(json.loads(FILE.read_text()), plain(golden), ""))))
    rows = ",\n".join(f'"{key}": {lines(value)}' for key, value in plain(golden).items())
    FILE.write_text("{\n" + rows + "\n}\n")


def lines(value):
    """A list with an entry a line, so that a change of one case is a change of one line."""
    if not isinstance(value, list):
        return json.dumps(value)
    return "[\n" + ",\n".join(json.dumps(entry) for entry in value) + "\n]"


def plain(value):
    """As it will be read back: NumPy's numbers and arrays as Python's. NaN and infinities are refused."""
    return json.loads(json.dumps(value, allow_nan=False, default=lambda x: x.tolist()))


def kstwo_sf():
    """[n, x, sf] from the bulk to sf of about 1e-100 (n·x² = 115) and 1e-300 (345)."""
    rows = []
    for n in [1, 2, 3, 5, 10, 35, 77, 139, 140, 141, 200, 400, 500, 1000, 3000, 5000, 10_000, 100_000, 1_000_000]:
        for nxx in [0.05, 0.15, 0.3, 0.6, 0.9, 1.3, 2.1, 2.3, 3.9, 4.1, 7, 20, 50, 115, 230, 345]:
            is_slow = n > 10_000 and nxx < 0.1
            x = math.sqrt(nxx / n)
            if x < 1 and not is_slow:
                rows.append([n, x, stats.kstwo.sf(x, n)])
        if n <= 1000:
            rows += [[n, x, stats.kstwo.sf(x, n)] for x in [0.35, 0.49, 0.5, 0.6, 0.75, 0.9, 0.99]]
    return [[n, x, p] for n, x, p in rows if p > SMALLEST_P]


def chi2_sf():
    rows = []
    for df in [1, 2, 3, 5, 9, 10, 31, 99, 333, 999, 1000, 10_000, 1_000_000]:
        for tail in [1e-300, 1e-100, 1e-20, 1e-6, 0.01, 0.05, 0.3, 0.7, 0.99]:
            x = float(f"{stats.chi2.isf(tail, df):.9g}")
            rows.append([x, df, stats.chi2.sf(x, df)])
    return rows


def chi2_isf():
    return [[tail, df, stats.chi2.isf(tail, df)]
            for df in [1, 2, 3, 9, 10, 99, 100, 999, 1000, 1_000_000]
            for tail in [1e-300, 1e-100, 1e-20, 1e-6, 0.01, 0.05, 0.3, 0.7, 0.99]]


def t_sf():
    """[t, df, sf], one-sided."""
    rows = []
    for df in [0.5, 1, 1.5, 2, 3.7, 5, 10, 29.3, 100, 333.3, 1000, 9999, 10_001, 100_000, 1_000_000, 1e9]:
        for tail in [1e-300, 1e-100, 1e-20, 1e-6, 0.01, 0.1, 0.3, 0.49]:
            t = stats.t.isf(tail, df)
            # Where its square overflows SciPy has 0 for sf, and some t of isf come out infinite.
            if 0 < t < 1e150:
                t = float(f"{t:.7g}")
                rows.append([t, df, stats.t.sf(t, df)])
    return rows


def binom_pmf():
    return [[k, n, p, stats.binom.pmf(k, n, p)]
            for k, n, p in [(0, 5, 0.3), (5, 5, 0.3), (3, 10, 0.5), (1, 1000, 0.001), (40, 100, 0.01),
                            (5000, 10_000, 0.5), (300, 100_000, 0.002), (999_000, 1_000_000, 0.999)]]


def contingency():
    """Two rows of counts: Pearson's χ² and G, without continuity correction, empty columns left out."""
    rng = np.random.default_rng(SEED)
    tables = [([10, 20], [20, 10]), ([5, 0, 3], [0, 7, 2]), ([1000, 2000, 3000], [1000, 2000, 3001]), ([50, 0], [45, 5])]
    for bins, n, m in [(3, 100, 50), (10, 1000, 1000), (10, 10_000, 300), (50, 5000, 4000), (10, 10**6, 10**6)]:
        for drift in [0, 0.3]:
            shares = rng.dirichlet(np.ones(bins))
            other = shares * np.exp(drift * rng.normal(size=bins))
            tables.append((rng.multinomial(n, shares).tolist(), rng.multinomial(m, other / other.sum()).tolist()))
    return [{"baseline": b, "window": c, **both_tests(b, c), **distances(b, c)} for b, c in tables]


def both_tests(b, c):
    table = np.array([b, c])
    table = table[:, table.sum(axis=0) > 0]
    if table.shape[1] < 2:
        return {"chi2": 0, "dof": 0, "p": 1, "g": 0, "gP": 1}
    pearson = stats.chi2_contingency(table, correction=False)
    ratio = stats.chi2_contingency(table, correction=False, lambda_="log-likelihood")
    return {"chi2": pearson.statistic, "dof": pearson.dof, "p": pearson.pvalue, "g": ratio.statistic, "gP": ratio.pvalue}


def distances(b, c):
    p, q = np.array(b) / sum(b), np.array(c) / sum(c)
    delta = 0.5 / min(sum(b), sum(c))
    smooth = [(share + delta) / (1 + len(b) * delta) for share in (p, q)]
    filled = [np.where(share == 0, 1e-4, share) for share in (p, q)]
    return {
        "psi": psi(*smooth),
        "psiEpsilon": psi(*filled),
        "jensenShannon": jensenshannon(p, q, base=2),
        "hellinger": np.linalg.norm(np.sqrt(p) - np.sqrt(q)) / math.sqrt(2),
        "totalVariation": np.abs(p - q).sum() / 2,
        "lInfinity": np.abs(p - q).max(),
    }


def psi(p, q):
    return float(((p - q) * np.log(p / q)).sum())


def false_discovery():
    rng = np.random.default_rng(SEED)
    lists = [[0.01, 0.04, 0.03, 0.5], [1.0, 1.0], [0.05], [0.001] * 5, rng.uniform(size=30).tolist(),
             (rng.uniform(size=100) ** 3).tolist(), [1e-300, 1e-20, 0.2, 0.9]]
    return [{"p": p, "adjusted": stats.false_discovery_control(p, method="bh")} for p in lists]


def wilson():
    """[x, n, confidence, low, high]."""
    rows = []
    for x, n in [(0, 1), (0, 20), (20, 20), (1, 10), (50, 100), (3, 1000), (999_999, 1_000_000), (123, 4567)]:
        for confidence in [0.8, 0.95, 0.999]:
            ci = stats.binomtest(x, n).proportion_ci(confidence_level=confidence, method="wilson")
            rows.append([x, n, confidence, ci.low, ci.high])
    return rows


def fisher():
    """[x, n, y, m, p of a rise from x/n to y/m]."""
    return [[x, n, y, m, stats.fisher_exact([[y, m - y], [x, n - x]], alternative="greater").pvalue]
            for x, n, y, m in [(5, 1000, 3, 50), (0, 100, 5, 50), (50, 100, 30, 50), (10, 10_000, 0, 500), (0, 10**6, 20, 1000),
                               (400, 1000, 380, 900), (1, 2, 1, 2), (20, 20, 19, 20), (0, 5000, 200, 5000)]]


FAMILIES = {
    "normal": lambda rng, n, shift: np.round(rng.normal(size=n) + shift, 2),
    "lognormal": lambda rng, n, shift: np.round(rng.lognormal(size=n) * math.exp(shift), 3),
    "integers": lambda rng, n, shift: rng.poisson(3 + 2 * shift, size=n).astype(float),
    "zero-inflated": lambda rng, n, shift: np.where(rng.uniform(size=n) < 0.6 - 0.2 * shift, 0, np.round(rng.exponential(5, n), 1)),
    "heavy-tailed": lambda rng, n, shift: np.round(rng.standard_cauchy(n) + shift, 2),
}
SIZES = [(2, 3), (7, 5), (30, 30), (60, 45), (200, 120), (400, 33)]
# n, m and rules (multiplier, offset, modulus) of both samples.
RULES = [
    (1, 1, (1, 0, 2), (1, 1, 2)),
    (1, 3000, (1, 150, 10_007), (7919, 3, 10_007)),
    (3000, 1000, (7919, 0, 10_007), (104_729, 11, 10_007)),
    (3000, 1000, (7919, 0, 10_007), (104_729, 11, 12_007)),
    (2000, 2000, (7919, 0, 10_007), (104_729, 11, 11_003)),
    (2000, 2000, (1, 0, 4000), (1, 1000, 4000)),
    (1000, 1000, (1, 0, 4000), (1, 900, 4000)),
    (1999, 2000, (31, 0, 997), (37, 0, 1009)),
    (1500, 2500, (31, 0, 97), (37, 0, 101)),
    (3000, 3000, (7919, 0, 10_007), (104_729, 11, 10_303)),
    (3000, 2999, (1, 0, 5000), (1, 450, 5000)),
    (20_000, 30_000, (7919, 0, 100_003), (104_729, 11, 100_003)),
    (20_000, 30_000, (7919, 0, 100_003), (104_729, 11, 102_001)),
    (20_000, 30_000, (31, 0, 10), (37, 0, 11)),
    (100, 3000, (7919, 0, 10_007), (104_729, 11, 19_001)),
    (512, 768, (77, 0, 1031), (99, 5, 1201)),
]


def samples():
    rng = np.random.default_rng(SEED)
    cases = []
    for name, draw in FAMILIES.items():
        for i, (n, m) in enumerate(SIZES):
            a, b = draw(rng, n, 0), draw(rng, m, [0, 0.5, 1.5][i % 3])
            cases.append({"name": f"{name}, {n} and {m}", "a": a + 0.0, "b": b + 0.0, **sample_tests(a, b)})
    for n, m, first, second in RULES:
        a, b = ruled(n, *first), ruled(m, *second)
        cases.append({"name": f"rules {first} and {second}, {n} and {m}", "n": n, "m": m, "ruleA": first, "ruleB": second,
                      **sample_tests(a, b)})
    return cases


def ruled(n, multiplier, offset, modulus):
    return ((np.arange(n) * multiplier + offset) % modulus).astype(float)


def sample_tests(a, b):
    with np.errstate(divide="ignore"):
        asymptotic = stats.ks_2samp(a, b, method="asymp")
    result = {"ks": asymptotic.statistic, "wasserstein": stats.wasserstein_distance(a, b),
              **decile_tests(a, b)}
    if len(a) > 1 and len(b) > 1:
        # At 1 and 1, round(nm/(n+m)) is 0, which kstwo does not know.
        result["ksAsymptoticP"] = asymptotic.pvalue
    if len(a) * len(b) <= MAX_EXACT_POINTS:
        result["ksExactP"] = stats.ks_2samp(a, b, method="exact").pvalue
    if len(np.unique(np.concatenate([a, b]))) > 1:
        ranks = stats.mannwhitneyu(b, a, method="asymptotic", use_continuity=False)
        result |= {"superiority": ranks.statistic / (len(a) * len(b)), "rankSumP": ranks.pvalue}
    if min(len(a), len(b)) > 1 and a.std() + b.std() > 0:
        welch = stats.ttest_ind(a, b, equal_var=False)
        result |= {"t": welch.statistic, "df": welch.df, "tP": welch.pvalue}
    if a.std() > 0:
        result["wassersteinInDeviations"] = result["wasserstein"] / a.std()
    return result


def decile_tests(a, b):
    """Bins between the order statistics x_(ceil(k n / 10)) of the first sample, those not below its maximum dropped."""
    ordered = np.sort(a)
    edges = np.unique([ordered[math.ceil(k * len(a) / 10) - 1] for k in range(1, 10)])
    below = edges[edges < ordered[-1]]
    edges = below if len(below) else ordered[-1:]
    counts = [np.bincount(np.searchsorted(edges, x, side="left"), minlength=len(edges) + 1).tolist() for x in (a, b)]
    return {"edges": edges + 0.0, "bins": counts, **both_tests(*counts), **distances(*counts)}


def differences(stored, computed, path):
    if isinstance(stored, dict) and isinstance(computed, dict) and stored.keys() == computed.keys():
        for key in stored.keys() - {"meta"}:
            yield from differences(stored[key], computed[key], f"{path}/{key}")
    elif isinstance(stored, list) and isinstance(computed, list) and len(stored) == len(computed):
        for i, pair in enumerate(zip(stored, computed)):
            yield from differences(*pair, f"{path}/{i}")
    elif isinstance(stored, (int, float)) and isinstance(computed, (int, float)):
        if not math.isclose(stored, computed, rel_tol=CHECK_TOLERANCE, abs_tol=1e-307):
            yield f"{path}: {stored} is stored, {computed} computed"
    elif stored != computed:
        yield f"{path}: {stored} is stored, {computed} computed"


def report(found):
    for line in found:
        print(line)
    print(f"{len(found)} differences")
    return 1 if found else 0


if __name__ == "__main__":
    main()
