"""Golden values of performance.json, by scikit-learn, SciPy and NumPy, and by nothing of ours.

    python generate_performance.py           writes performance.json beside this file
    python generate_performance.py --check   recomputes it, and exits 1 where a number differs by more than 1e-12

Rows are drawn from fixed seeds and stored, floats in full. A metric that is undefined is null; scikit-learn is asked for NaN
there (`zero_division=np.nan`), since its default is 0. The expected calibration error is not in scikit-learn: it is computed here
from its definition, bins (b, b + 1]/10. Intervals are SciPy's (Student, Wilson), and DeLong's from the kernel of all pairs.
"""

import json
import math
import sys
import warnings
from pathlib import Path

import numpy as np
import scipy
import sklearn
from scipy import stats
from sklearn import metrics
from sklearn.exceptions import UndefinedMetricWarning

FILE = Path(__file__).with_name("performance.json")
SEED = 20261125
CHECK_TOLERANCE = 1e-12
BINS = 10
Z = stats.norm.isf(0.025)


def main():
    warnings.simplefilter("ignore", UndefinedMetricWarning)
    warnings.simplefilter("ignore", UserWarning)
    golden = {
        "meta": {
            "script": "generate_performance.py",
            "scikit-learn": sklearn.__version__,
            "scipy": scipy.__version__,
            "numpy": np.__version__,
            "seed": SEED,
            "confidence": 0.95,
        },
        "binary": binary(),
        "multiClass": multi_class(),
        "regression": regression(),
        "tIsf": [[tail, df, stats.t.isf(tail / 2, df)] for df in [1, 2, 3.5, 10, 49, 333, 9999, 1e6]
                 for tail in [1e-12, 0.001, 0.01, 0.05, 0.1, 0.5, 0.9]],
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
    """As it will be read back: NumPy's numbers and arrays as Python's, NaN (undefined) as null. Infinities are refused."""
    if isinstance(value, dict):
        return {key: plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [plain(entry) for entry in value]
    if isinstance(value, (float, np.floating)):
        if math.isinf(value):
            raise ValueError("an infinite golden value")
        return None if math.isnan(value) else float(value)
    return value.item() if isinstance(value, np.generic) else value


def binary():
    cases = []

    def case(name, truth, scores, predicted=None):
        truth = np.asarray(truth, dtype=int)
        if predicted is None:
            predicted = (np.asarray(scores) >= 0.5).astype(int)
        cases.append({"name": name, "truth": truth, "predicted": predicted, "scores": scores,
                      **binary_metrics(truth, np.asarray(predicted), None if scores is None else np.asarray(scores))})

    for name, count, offset in [("balanced", 400, 0.0), ("rare, 2%", 900, -4.5), ("frequent, 95%", 400, 3.6), ("50 rows", 50, 0.5)]:
        rng = np.random.default_rng([SEED, count, int(10 * offset) + 100])
        logits = offset + 1.5 * rng.normal(size=count)
        scores = 1 / (1 + np.exp(-logits))
        case(name, rng.random(count) < scores, scores)
    rng = np.random.default_rng([SEED, 1])
    scores = rng.integers(0, 11, 500) / 10
    case("ties: scores of one digit", rng.random(500) < scores, scores)
    case("all scores equal", rng.random(60) < 0.4, np.full(60, 0.4))
    case("random scores", rng.random(300) < 0.3, rng.random(300))
    scores = rng.random(200)
    case("perfect", scores > 0.5, scores)
    case("always wrong", scores <= 0.5, scores)
    case("scores of exactly 0 and 1, some wrong", rng.random(120) < 0.5, rng.integers(0, 2, 120).astype(float))
    case("scores near 0", rng.random(700) < 0.01, 10 ** rng.uniform(-18, -1, 700))
    case("overconfident", rng.random(500) < 0.5 + 0.2 * (scores[rng.integers(0, 200, 500)] - 0.5), rng.beta(0.2, 0.2, 500))
    case("only positives", np.ones(40), rng.random(40))
    case("only negatives", np.zeros(40), rng.random(40))
    case("no predicted positives", rng.random(80) < 0.2, 0.4 * rng.random(80))
    case("without scores", rng.random(300) < 0.3, None, (rng.random(300) < 0.4).astype(int))
    case("predictions with a threshold of their own", rng.random(300) < 0.2, scores := rng.random(300), (scores > 0.8).astype(int))
    case("one row", [1], [0.7])
    return cases


def binary_metrics(truth, predicted, scores):
    tn, fp, fn, tp = metrics.confusion_matrix(truth, predicted, labels=[0, 1]).ravel()
    precision, recall, f1, _ = metrics.precision_recall_fscore_support(truth, predicted, average="binary", zero_division=np.nan)
    result = {
        "confusion": {"truePositives": tp, "falsePositives": fp, "falseNegatives": fn, "trueNegatives": tn},
        "accuracy": metrics.accuracy_score(truth, predicted),
        "precision": precision,
        "recall": recall,
        "f1": f1 if tp + fp + fn else math.nan,
        "accuracyInterval": wilson(tp + tn, len(truth)),
        "rocAuc": math.nan, "logLoss": math.nan, "brierScore": math.nan, "expectedCalibrationError": math.nan,
    }
    if scores is None:
        return result
    log_losses = [metrics.log_loss([y], [s], labels=[0, 1]) for y, s in zip(truth, scores)]
    return result | {
        "rocAuc": area(truth, scores),
        "rocAucInterval": delong(truth, scores),
        "logLoss": metrics.log_loss(truth, scores, labels=[0, 1]),
        "logLossInterval": student(np.array(log_losses)),
        "brierScore": metrics.brier_score_loss(truth, scores, pos_label=1, labels=[0, 1]),
        "brierScoreInterval": student((truth - scores) ** 2),
        "expectedCalibrationError": calibration_error(scores, truth),
    }


def area(truth, scores):
    return metrics.roc_auc_score(truth, scores) if 0 < np.sum(truth) < len(truth) else math.nan


def calibration_error(scores, hits):
    edges = np.array([b / BINS for b in range(1, BINS)])
    bins = np.searchsorted(edges, scores, side="left")
    return sum(np.mean(bins == b) * abs(np.mean(scores[bins == b]) - np.mean(hits[bins == b])) for b in np.unique(bins))


def wilson(k, n):
    interval = stats.binomtest(int(k), int(n)).proportion_ci(0.95, method="wilson")
    return [interval.low, interval.high]


def student(losses):
    """Null where the losses do not vary."""
    if len(losses) < 2 or np.ptp(losses) < 1e-12:
        return None
    return list(stats.t.interval(0.95, len(losses) - 1, np.mean(losses), stats.sem(losses)))


def delong(truth, scores):
    """The interval on the logit scale; null where the variance is 0."""
    x, y = scores[truth == 1], scores[truth == 0]
    if len(x) < 2 or len(y) < 2:
        return None
    kernel = (x[:, None] > y[None, :]) + 0.5 * (x[:, None] == y[None, :])
    auc = kernel.mean()
    variance = kernel.mean(axis=1).var(ddof=1) / len(x) + kernel.mean(axis=0).var(ddof=1) / len(y)
    if variance == 0 or auc in (0, 1):
        return None
    half = Z * math.sqrt(variance) / (auc * (1 - auc))
    return [1 / (1 + math.exp(-(math.log(auc / (1 - auc)) + step))) for step in (-half, half)]


def multi_class():
    cases = []

    def case(name, count, shares, sharpness, **options):
        rng = np.random.default_rng([SEED, count, len(shares)])
        classes = [f"class-{chr(97 + k)}" for k in range(len(shares))]
        logits = np.log(shares) + sharpness * rng.normal(size=(count, len(shares)))
        scores = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        digits = options.get("digits", 6)
        scores = np.round(scores, digits)
        scores[:, -1] = np.clip(np.round(1 - scores[:, :-1].sum(axis=1), digits), 0, 1)
        truth = np.array([rng.choice(len(shares), p=p / p.sum()) for p in scores])
        keep = ~np.isin(truth, options.get("absent", []))
        truth, scores = truth[keep], scores[keep]
        predicted = scores.argmax(axis=1)
        never = np.isin(predicted, options.get("neverPredicted", []))
        predicted[never] = 0
        cases.append({"name": name, "classes": classes, "truth": truth, "predicted": predicted,
                      "scores": scores.T if options.get("scored", True) else None,
                      **multi_class_metrics(truth, predicted, scores if options.get("scored", True) else None, len(classes))})

    case("3 classes", 400, [0.4, 0.3, 0.3], 1.5)
    case("3 classes, one rare", 600, [0.70, 0.28, 0.02], 1.0)
    case("3 classes, ties", 300, [0.5, 0.3, 0.2], 1.0, digits=1)
    case("3 classes without scores", 250, [0.4, 0.3, 0.3], 1.5, scored=False)
    case("3 classes, one never predicted", 240, [0.5, 0.3, 0.2], 1.0, neverPredicted=[2])
    case("4 classes, one not among the truths", 300, [0.4, 0.3, 0.2, 0.1], 1.2, absent=[3])
    case("4 classes, one neither truth nor prediction", 200, [0.4, 0.3, 0.2, 0.1], 1.2, absent=[3], neverPredicted=[3])
    case("10 classes", 800, [0.1] * 10, 2.0)
    case("10 classes, imbalanced", 700, 0.5 ** np.arange(1, 11), 1.5)
    case("10 classes, nearly perfect", 500, [0.1] * 10, 12.0)
    case("50 rows of 3 classes", 50, [0.5, 0.3, 0.2], 1.0)
    return cases


def multi_class_metrics(truth, predicted, scores, class_count):
    labels = np.arange(class_count)
    present = np.union1d(truth, predicted)
    by_class = metrics.precision_recall_fscore_support(truth, predicted, labels=labels, zero_division=np.nan)
    macro = metrics.precision_recall_fscore_support(truth, predicted, labels=present, average="macro", zero_division=np.nan)
    result = {
        "confusion": metrics.confusion_matrix(truth, predicted, labels=labels),
        "byClass": [{"precision": p, "recall": r, "f1": f if k in present else math.nan,
                     "rocAuc": math.nan if scores is None else area(truth == k, scores[:, k])}
                    for k, p, r, f in zip(labels, *by_class[:3])],
        "accuracy": metrics.accuracy_score(truth, predicted),
        "precision": macro[0], "recall": macro[1], "f1": macro[2],
        "rocAuc": math.nan, "logLoss": math.nan, "brierScore": math.nan, "expectedCalibrationError": math.nan,
    }
    if scores is None:
        return result
    areas = [area(truth == k, scores[:, k]) for k in labels]
    if len(np.unique(truth)) == class_count:
        whole = metrics.roc_auc_score(truth, scores, multi_class="ovr", average="macro", labels=labels)
    else:
        whole = np.nanmean(areas)
    hits = np.eye(class_count)[truth]
    return result | {
        "rocAuc": whole,
        "logLoss": metrics.log_loss(truth, scores, labels=labels),
        "brierScore": metrics.brier_score_loss(truth, scores, labels=labels, scale_by_half=False),
        "brierScoreInterval": student(((scores - hits) ** 2).sum(axis=1)),
        "expectedCalibrationError": calibration_error(scores.max(axis=1), (scores.argmax(axis=1) == truth).astype(float)),
    }


def regression():
    cases = []

    def case(name, truth, predicted):
        truth, predicted = np.asarray(truth, dtype=float), np.asarray(predicted, dtype=float)
        cases.append({"name": name, "truth": truth, "predicted": predicted, **regression_metrics(truth, predicted)})

    rng = np.random.default_rng([SEED, 2])
    y = 50 + 10 * rng.normal(size=500)
    case("plain", y, y + 1 + 3 * rng.normal(size=500))
    y = rng.standard_t(2, size=400)
    case("heavy tails", y, 0.8 * y + 0.3 * rng.standard_t(2, size=400))
    y = np.exp(2 * rng.normal(size=300))
    case("lognormal", y, y * np.exp(0.3 * rng.normal(size=300)))
    y = np.where(rng.random(300) < 0.3, 0, rng.poisson(4, 300)).astype(float)
    case("zeros among the truths", y, y + rng.normal(size=300))
    case("only zeros", np.zeros(30), rng.normal(size=30))
    case("constant truth", np.full(50, 3.7), 3.7 + rng.normal(size=50))
    case("constant prediction", rng.normal(size=50), np.full(50, 0.1))
    case("perfect", y := rng.normal(size=40), y)
    case("worse than the mean", rng.normal(size=80), 4 * rng.normal(size=80))
    y = 1e9 + rng.normal(size=300)
    case("far from 0", y, y + 0.1 * rng.normal(size=300))
    case("one row", [2.0], [2.5])
    y = 1 + rng.random(50)
    case("50 rows", y, y + 0.2 * rng.normal(size=50))
    return cases


def regression_metrics(truth, predicted):
    errors = predicted - truth
    with_truth = truth != 0
    relative = math.nan if not with_truth.any() else metrics.mean_absolute_percentage_error(truth[with_truth], predicted[with_truth])
    return {
        "zeroTruthCount": np.sum(~with_truth),
        "meanAbsoluteError": metrics.mean_absolute_error(truth, predicted),
        "meanAbsoluteErrorInterval": student(np.abs(errors)),
        "rootMeanSquaredError": metrics.root_mean_squared_error(truth, predicted),
        "meanAbsolutePercentageError": relative if with_truth.all() else math.nan,
        "meanAbsolutePercentageErrorOfNonZero": relative,
        "rSquared": metrics.r2_score(truth, predicted, force_finite=False) if np.ptp(truth) > 0 else math.nan,
        "bias": np.mean(errors),
        "biasInterval": student(errors),
    }


def differences(stored, computed, path):
    if isinstance(stored, dict) and isinstance(computed, dict) and stored.keys() == computed.keys():
        for key in stored.keys() - {"meta"}:
            yield from differences(stored[key], computed[key], f"{path}/{key}")
    elif isinstance(stored, list) and isinstance(computed, list) and len(stored) == len(computed):
        for i, pair in enumerate(zip(stored, computed)):
            yield from differences(*pair, f"{path}/{i}")
    elif isinstance(stored, (int, float)) and isinstance(computed, (int, float)):
        if not math.isclose(stored, computed, rel_tol=CHECK_TOLERANCE, abs_tol=1e-15):
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
