import type { NamedColumn } from '../../columns.js';
import { checkLength } from '../checked-batch.js';
import { normalFactor } from '../intervals.js';
import type { RegressionPerformance } from '../performance.js';
import { RegressionAccumulator } from '../regression-accumulator.js';
import { boostedTrees, type RowParts } from './boosting/boosted-trees.js';
import { binsOf, checkFeatureRows, type Feature, featureOf, quantileEdges } from './boosting/features.js';
import type { BinnedRows } from './boosting/grow-tree.js';
import { keptFeatures } from './boosting/kept-features.js';
import { type Tree, treeValue } from './boosting/tree.js';
import {
  ESTIMATOR_VERSION,
  type Fitted,
  type LabelledFeatures,
  type LossModel,
  type LossSkill,
  type RegressionEstimator,
} from './estimate.js';
import { rowHash } from './row-hash.js';

/** Rows of a baseline below which held-out rows, a fifth, say nothing. */
const MIN_BASELINE_ROWS = 250;
/** Rows of a baseline that are learned from, chosen by a hash of their place: it bounds the time. */
const MAX_FITTED_ROWS = 50_000;
/** Of an estimator's JSON; trees that do not fit are left out, the last first. */
const MAX_JSON_LENGTH = 200_000;
/** Fifths of the rows: three to learn from, one to stop by, one held out. */
const PARTS = 5;
/** Of the test whether the trees beat the constant, one-sided. */
const SKILL_CONFIDENCE = 0.9;

/**
 * What the errors of a regression are estimated with, learned from a baseline with features, predictions and ground truth (direct loss
 * estimation): trees that predict the absolute and the squared error of a row.
 *
 * Deterministic. Rows without a finite truth and prediction, or whose squared error is beyond the doubles, are left out; a baseline of
 * more than 50,000 rows is sampled. Text columns are no features; a cell that is not finite is missing. Cost: 11 s for 50,000 rows of
 * 300 columns, 0.1 s for 6,000 of 3.
 * Source: NannyML, direct loss estimation; `docs/statistics.md` says where it fails.
 * @throws RangeError if the columns, the truth and the prediction differ in length
 */
export function fitRegressionEstimator(rows: LabelledFeatures): Fitted<RegressionEstimator> {
  checkFeatureRows(rows);
  checkLength('truth', rows.truth.length, rows.predicted.length);
  const usable = usableRows(rows);
  if (usable.length === 0) return { estimator: null, reason: 'no-predictions' };
  if (usable.length < MIN_BASELINE_ROWS) return { estimator: null, reason: 'too-few-rows' };
  const baseline = new RegressionAccumulator();
  baseline.add(rows);
  return { estimator: fitted(rows, usable, baseline.performance()), reason: null };
}

function usableRows({ truth, predicted }: LabelledFeatures): Uint32Array {
  return Uint32Array.from(truth.keys()).filter((row) =>
    Number.isFinite((predicted[row]! - truth[row]!) ** 2),
  );
}

function fitted(
  rows: LabelledFeatures,
  usable: Uint32Array,
  baseline: RegressionPerformance,
): RegressionEstimator {
  const sample = picked(rows, usable.length <= MAX_FITTED_ROWS ? usable : sampled(usable));
  const parts = rowParts(sample.truth.length);
  const absolute = sample.truth.map((y, row) => Math.abs(sample.predicted[row]! - y));
  const features = featuresOf(sample, absolute, parts.training);
  const data = { bins: features.map((feature) => binsOf(feature, sample)) };
  const models = [absolute, absolute.map((e) => e * e)].map((losses) => lossModel(data, losses, parts));
  return withinSize({
    kind: 'regression',
    version: ESTIMATOR_VERSION,
    rowCount: usable.length,
    features,
    absolute: models[0]!,
    squared: models[1]!,
    baseline,
  });
}

/** Those with the smallest hashes, in their order. */
function sampled(rows: Uint32Array): Uint32Array {
  const hashes = Float64Array.from(rows, rowHash).sort();
  const limit = hashes[MAX_FITTED_ROWS]!;
  return rows.filter((row) => rowHash(row) < limit);
}

/** These rows of all columns but text. */
function picked({ features, predicted, truth }: LabelledFeatures, rows: Uint32Array): LabelledFeatures {
  const numbers = (values: Float64Array): Float64Array => Float64Array.from(rows, (row) => values[row]!);
  return {
    predicted: numbers(predicted),
    truth: numbers(truth),
    features: features.flatMap(({ name, values }): NamedColumn[] => {
      if (values.kind === 'text') return [];
      if (values.kind === 'numeric') return [{ name, values: { ...values, values: numbers(values.values) } }];
      const cells = Array.from(rows, (row) => values.values[row] ?? null);
      return [{ name, values: { ...values, values: cells } }];
    }),
  };
}

interface FittedParts extends RowParts {
  readonly heldOut: Uint32Array;
}

function rowParts(rowCount: number): FittedParts {
  const rows = Uint32Array.from({ length: rowCount }, (_, row) => row);
  const partOf = (row: number): number => rowHash(row) % PARTS;
  return {
    training: rows.filter((row) => partOf(row) >= 2),
    validation: rows.filter((row) => partOf(row) === 1),
    heldOut: rows.filter((row) => partOf(row) === 0),
  };
}

/** The columns in their order, and the prediction last; edges and orders of categories are those of the training rows. */
function featuresOf(rows: LabelledFeatures, losses: Float64Array, training: Uint32Array): Feature[] {
  const { features, predicted } = picked(rows, training);
  const trainingLosses = Float64Array.from(training, (row) => losses[row]!);
  return [
    ...features.flatMap((column) => featureOf(column, trainingLosses) ?? []),
    { kind: 'prediction', edges: quantileEdges(predicted) },
  ];
}

/** A model of one loss; losses are divided by their mean, so that their squares stay within the doubles. */
function lossModel(data: BinnedRows, losses: Float64Array, parts: FittedParts): LossModel {
  const scale = meanOf(losses, parts.training);
  if (!(scale > 0)) return constantModel(0, parts.heldOut.length);
  const scaled = losses.map((loss) => loss / scale);
  const trees = boostedTrees(data, scaled, parts);
  const predicted = predictions(data, trees, parts.heldOut);
  const heldOut = Float64Array.from(parts.heldOut, (row) => scaled[row]!);
  const skill = lossSkill(heldOut, predicted);
  const used = skill.beatsConstant ? predicted : predicted.fill(1);
  return {
    scale,
    trees: skill.beatsConstant ? trees : [],
    skill,
    relativeVariance: relativeVariance(heldOut, used),
  };
}

function constantModel(scale: number, heldOutCount: number): LossModel {
  return { scale, trees: [], skill: { heldOutCount, skill: 0, beatsConstant: false }, relativeVariance: 0 };
}

function meanOf(losses: Float64Array, rows: Uint32Array): number {
  let mean = 0;
  for (const row of rows) mean += losses[row]! / rows.length;
  return mean;
}

function predictions(data: BinnedRows, trees: readonly Tree[], rows: Uint32Array): Float64Array {
  return Float64Array.from(rows, (row) => predictedLoss(trees, (feature) => data.bins[feature]![row]!));
}

/** exp(Σ trees), in units of the scale. */
export function predictedLoss(trees: readonly Tree[], binOf: (feature: number) => number): number {
  let log = 0;
  for (const tree of trees) log += treeValue(tree, binOf);
  return Math.exp(log);
}

function lossSkill(losses: Float64Array, predicted: Float64Array): LossSkill {
  const n = losses.length;
  let [constant, gain, gainSquares] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    const ofConstant = deviance(losses[i]!, 1);
    const difference = ofConstant - deviance(losses[i]!, predicted[i]!);
    constant += ofConstant;
    gain += difference;
    gainSquares += difference * difference;
  }
  const error = Math.sqrt(Math.max(0, gainSquares - (gain * gain) / n));
  return {
    heldOutCount: n,
    skill: constant > 0 ? gain / constant : 0,
    beatsConstant: gain > normalFactor(SKILL_CONFIDENCE) * error,
  };
}

/** Half the Poisson deviance, at least 0, and 0 where the prediction is the loss. */
function deviance(loss: number, predicted: number): number {
  return (loss > 0 ? loss * Math.log(loss / predicted) : 0) - (loss - predicted);
}

function relativeVariance(losses: Float64Array, predicted: Float64Array): number {
  let [errors, squares] = [0, 0];
  for (let i = 0; i < losses.length; i++) {
    errors += (losses[i]! - predicted[i]!) ** 2;
    squares += predicted[i]! ** 2;
  }
  return squares > 0 ? errors / squares : 0;
}

/** With the features that its trees use, and without the last trees while its JSON is too long. */
function withinSize(estimator: RegressionEstimator): RegressionEstimator {
  let { absolute, squared } = estimator;
  for (;;) {
    const kept = keptFeatures({ features: estimator.features, trees: [absolute.trees, squared.trees] });
    const compact = {
      ...estimator,
      features: kept.features,
      absolute: { ...absolute, trees: kept.trees[0]! },
      squared: { ...squared, trees: kept.trees[1]! },
    };
    const isBare = absolute.trees.length + squared.trees.length === 0;
    if (isBare || JSON.stringify(compact).length <= MAX_JSON_LENGTH) return compact;
    absolute = shortened(absolute);
    squared = shortened(squared);
  }
}

/** Without the last tenth of its trees, at least one. */
function shortened(model: LossModel): LossModel {
  const count = model.trees.length - Math.max(1, Math.floor(model.trees.length / 10));
  return { ...model, trees: model.trees.slice(0, Math.max(0, count)) };
}
