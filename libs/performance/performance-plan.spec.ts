import { describe, expect, it } from '@jest/globals';
import { modelSchema, versionSchema, type Version } from '#registry';
import { classNamer, performancePlan } from './performance-plan.js';

const column = (text: string): object => {
  const [name = '', role, type, scored] = text.split(' ');
  return { name, role, type, ...(scored === undefined ? {} : { class: scored }) };
};

function version(task: string, columns: string[], model: object = {}): Version {
  const spec = modelSchema.parse({ name: 'm', task, ...model });
  return {
    ...versionSchema.parse({ name: 'v', columns: columns.map(column) }),
    id: '1',
    createdAt: '',
    model: { ...spec, id: '1', grainMs: 60_000, createdAt: '' },
  };
}

describe('what the performance of a version is', () => {
  it.each<[what: string, columns: string[], model: object, plan: object]>([
    [
      'a boolean prediction with a score: of true',
      ['late prediction boolean', 'risk score numeric'],
      {},
      { task: { kind: 'binary', positiveClass: 'true' }, scores: [{ name: 'risk' }] },
    ],
    ['a score alone: of 1', ['risk score numeric'], {}, { prediction: null, task: { positiveClass: '1' } }],
    [
      'a score and a numeric truth: only 0 and 1 are truths',
      ['risk score numeric', 'delay groundTruth numeric'],
      {},
      { task: { positiveClass: '1' }, truthClasses: ['1', '0'] },
    ],
    [
      'a score that names its class',
      ['class prediction categorical', 'risk score numeric late'],
      {},
      { task: { kind: 'binary', positiveClass: 'late' }, truthClasses: null },
    ],
    [
      'a model that names its positive class, and two scores',
      ['class prediction categorical', 'a score numeric no', 'b score numeric yes'],
      { performance: { positiveClass: 'yes' } },
      { task: { kind: 'binary', positiveClass: 'yes' }, scores: [{ name: 'b' }] },
    ],
    [
      'scores of several classes',
      ['class prediction categorical', 'a score numeric cat', 'b score numeric dog'],
      {},
      { task: { kind: 'multi-class', classes: ['cat', 'dog'] }, scores: [{ name: 'a' }, { name: 'b' }] },
    ],
    [
      'a category without a score',
      ['class prediction categorical'],
      {},
      { task: { kind: 'multi-class', classes: [] } },
    ],
    [
      'a category with a score of an unknown class: the score says nothing',
      ['class prediction categorical', 'risk score numeric'],
      {},
      { task: { kind: 'multi-class', classes: [] }, scores: [] },
    ],
  ])('%s', (_, columns, model, plan) => {
    expect(performancePlan(version('classification', columns, model))).toMatchObject(plan);
  });

  it.each<[reason: string, task: string, columns: string[], model: object]>([
    ['no-task', 'other', ['y prediction numeric'], {}],
    ['no-prediction', 'classification', ['x feature numeric'], {}],
    ['no-prediction', 'classification', ['y prediction text'], {}],
    ['no-prediction', 'regression', ['y prediction categorical'], {}],
    ['no-prediction', 'classification', ['a score numeric', 'b score numeric'], {}],
    ['prediction-redacted', 'regression', ['y prediction numeric'], { capture: { redactedColumns: ['y'] } }],
  ])('is %s of a %s with %j', (reason, task, columns, model) => {
    expect(performancePlan(version(task, columns, model))).toEqual({ kind: 'none', reason });
  });

  it.each<[columns: string[], given: string, named: string]>([
    [['y prediction boolean'], '1', 'true'],
    [['y prediction boolean'], 'false', 'false'],
    [['y prediction numeric', 'p score numeric'], 'true', '1'],
    [['y prediction numeric', 'p score numeric'], '2', '2'],
    [['p score numeric'], 'false', '0'],
    [['y prediction categorical', 'p score numeric true'], '1', 'true'],
    [['y prediction categorical'], '1', '1'],
    [['y prediction categorical'], 'true', 'true'],
  ])('of %j: the class %s is %s', (columns, given, named) => {
    const plan = performancePlan(version('classification', columns));
    if (plan.kind !== 'classification') throw new Error(plan.kind);
    expect(classNamer(plan)(given)).toBe(named);
  });
});
