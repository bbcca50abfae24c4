import { execFile } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { cruise, type ICruiseOptions, type ICruiseResult, type IFlattenedRuleSet } from 'dependency-cruiser';

const ROOT = resolve(import.meta.dirname, '..');
const PARTS = ['apps', 'libs', 'migrations', 'test'];
const CRUISE_TIMEOUT_MS = 60_000;

interface RuleFile {
  readonly forbidden: NonNullable<IFlattenedRuleSet['forbidden']>;
  readonly options: ICruiseOptions;
}
const rules = createRequire(import.meta.url)(join(ROOT, '.dependency-cruiser.cjs')) as RuleFile;

/** Every import of the tree under `root`, judged by the rules; `#room` is the source of the room, not its build. */
async function cruiseTree(root: string): Promise<ICruiseResult> {
  const rooms = readdirSync(join(root, 'libs'));
  const alias = Object.fromEntries(rooms.map((room) => [`#${room}$`, join(root, 'libs', room, 'index.ts')]));
  // The fixtures have no tsconfig, and no rule needs it.
  const { tsConfig: _unused, ...options } = rules.options;
  const parts = readdirSync(root).filter((part) => PARTS.includes(part));
  const { output } = await cruise(
    parts,
    { ...options, baseDir: root, validate: true, ruleSet: { forbidden: rules.forbidden } },
    { alias, bustTheCache: true },
  );
  if (typeof output === 'string') throw new Error(output);
  return output;
}

const violationsOf = (result: ICruiseResult): string[] =>
  result.summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} -> ${to}`).toSorted();

type Files = Readonly<Record<string, string>>;

/** A tree that keeps every rule; each case below breaks it in one place. */
const SOUND: Files = {
  'libs/stats/index.ts': "export { psi } from './psi.js';",
  'libs/stats/psi.ts': 'export const psi = 1;',
  'libs/payloads/index.ts': 'export const decode = 1;',
  'libs/platform/index.ts': 'export interface Clock { now(): number }',
  'libs/registry/index.ts':
    "import { psi } from '#stats';\nimport type { Clock } from '#platform';\nexport const baseline = (clock: Clock) => psi + clock.now();",
  'libs/registry/registry.spec.ts':
    "import { rules } from '#rules';\nimport { scene } from '../../test/scene.js';\nexport const seen = [rules, scene];",
  'libs/rules/index.ts': "import { baseline } from '#registry';\nexport const rules = baseline;",
  'apps/server/main.ts':
    "import { rules } from '#rules';\nimport { MIGRATIONS } from '../../migrations/index.js';\nexport const started = [rules, MIGRATIONS];",
  'apps/demo/main.ts': 'export const demo = 1;',
  'migrations/index.ts': 'export const MIGRATIONS = [];',
  'test/scene.ts': "import { baseline } from '#registry';\nexport const scene = baseline;",
};

describe('the arrows between the rooms', () => {
  const planted: string[] = [];
  const plant = (change: Files): string => {
    const root = realpathSync(mkdtempSync(join(tmpdir(), 'leeway-boundaries-')));
    planted.push(root);
    copyFileSync(join(ROOT, 'package.json'), join(root, 'package.json'));
    for (const [path, text] of Object.entries({ ...SOUND, ...change })) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    return root;
  };
  afterAll(() => planted.forEach((root) => rmSync(root, { recursive: true, force: true })));

  it(
    'hold in this tree',
    async () => {
      expect(violationsOf(await cruiseTree(ROOT))).toEqual([]);
    },
    CRUISE_TIMEOUT_MS,
  );

  it(
    'are seen: every #room leads to the source of that room',
    async () => {
      const { modules } = await cruiseTree(ROOT);
      const named = modules.flatMap(({ dependencies }) =>
        dependencies.filter(({ module }) => module.startsWith('#')),
      );
      const astray = named.filter(({ module, resolved }) => resolved !== `libs/${module.slice(1)}/index.ts`);
      expect(astray.map(({ module, resolved }) => `${module} -> ${resolved}`)).toEqual([]);
      expect(new Set(named.map(({ module }) => module))).toEqual(
        new Set(readdirSync(join(ROOT, 'libs')).map((room) => `#${room}`)),
      );
    },
    CRUISE_TIMEOUT_MS,
  );

  it(
    'hold in a sound tree',
    async () => {
      expect(violationsOf(await cruiseTree(plant({})))).toEqual([]);
    },
    CRUISE_TIMEOUT_MS,
  );

  it.each<[sentence: string, change: Files, violations: string[]]>([
    [
      'stats imports platform',
      {
        'libs/stats/psi.ts':
          "import { Clock } from '#platform';\nexport const psi = (clock: Clock) => clock.now();",
      },
      ['arrows-of-stats: libs/stats/psi.ts -> libs/platform/index.ts'],
    ],
    [
      'stats imports a type of platform only',
      {
        'libs/stats/psi.ts':
          "import type { Clock } from '#platform';\nexport const psi = (clock: Clock) => clock.now();",
      },
      ['arrows-of-stats: libs/stats/psi.ts -> libs/platform/index.ts'],
    ],
    [
      'platform knows a domain',
      { 'libs/platform/index.ts': "export { psi } from '#stats';\nexport interface Clock { now(): number }" },
      ['arrows-of-platform: libs/platform/index.ts -> libs/stats/index.ts'],
    ],
    [
      'a room climbs into another through the window',
      { 'libs/registry/index.ts': "import { psi } from '../stats/psi.js';\nexport const baseline = psi;" },
      [
        'door-by-its-name: libs/registry/index.ts -> libs/stats/psi.ts',
        'through-the-window: libs/registry/index.ts -> libs/stats/psi.ts',
      ],
    ],
    [
      'a room comes to the door by a path',
      { 'libs/registry/index.ts': "import { psi } from '../stats/index.js';\nexport const baseline = psi;" },
      ['door-by-its-name: libs/registry/index.ts -> libs/stats/index.ts'],
    ],
    [
      'an app climbs in through the window',
      {
        'apps/server/main.ts': "import { psi } from '../../libs/stats/psi.js';\nexport const started = psi;",
      },
      [
        'door-by-its-name: apps/server/main.ts -> libs/stats/psi.ts',
        'through-the-window-from-outside: apps/server/main.ts -> libs/stats/psi.ts',
      ],
    ],
    [
      'an import is made dynamically',
      {
        'libs/registry/index.ts': "export const baseline = await import('#rules');",
        'libs/rules/index.ts': 'export const rules = 1;',
      },
      ['arrows-of-registry: libs/registry/index.ts -> libs/rules/index.ts'],
    ],
    [
      'two files of a room need each other',
      {
        'libs/stats/psi.ts': "import { bins } from './bins.js';\nexport const psi = bins;",
        'libs/stats/bins.ts': "import { psi } from './psi.js';\nexport const bins = psi;",
      },
      ['no-cycle: libs/stats/bins.ts -> libs/stats/psi.ts'],
    ],
    [
      'two rooms need each other',
      {
        'libs/rules/index.ts': "export { started } from '../retraining/index.js';",
        'libs/retraining/index.ts':
          "import { started as rules } from '#rules';\nexport const started = rules;",
      },
      [
        'arrows-of-retraining: libs/retraining/index.ts -> libs/rules/index.ts',
        'door-by-its-name: libs/rules/index.ts -> libs/retraining/index.ts',
        'no-cycle: libs/retraining/index.ts -> libs/rules/index.ts',
      ],
    ],
    [
      'a room imports a program',
      {
        'libs/rules/index.ts': "import { demo } from '../../apps/demo/main.js';\nexport const rules = demo;",
      },
      ['libs-below-apps: libs/rules/index.ts -> apps/demo/main.ts'],
    ],
    [
      'a room imports a test helper',
      { 'libs/rules/index.ts': "import { scene } from '../../test/scene.js';\nexport const rules = scene;" },
      ['no-test-code-in-the-product: libs/rules/index.ts -> test/scene.ts'],
    ],
    [
      'a migration imports a room',
      { 'migrations/index.ts': "import { psi } from '#stats';\nexport const MIGRATIONS = [psi];" },
      ['migrations-stand-alone: migrations/index.ts -> libs/stats/index.ts'],
    ],
    [
      'the demo imports the server',
      { 'apps/demo/main.ts': "import { started } from '../server/main.js';\nexport const demo = started;" },
      ['apps-meet-over-http: apps/demo/main.ts -> apps/server/main.ts'],
    ],
    [
      'a pure room reads a file',
      {
        'libs/payloads/index.ts':
          "import { readFileSync } from 'node:fs';\nexport const decode = readFileSync;",
      },
      ['pure-rooms-do-no-io: libs/payloads/index.ts -> fs'],
    ],
    [
      'a room is not in the table',
      { 'libs/helpers/index.ts': "import { psi } from '#stats';\nexport const helper = psi;" },
      ['room-without-arrows: libs/helpers/index.ts -> libs/stats/index.ts'],
    ],
    [
      'an import leads nowhere',
      { 'libs/rules/index.ts': "import { gone } from '#gone';\nexport const rules = gone;" },
      ['unresolvable: libs/rules/index.ts -> #gone'],
    ],
  ])(
    'are reported broken when %s',
    async (_sentence, change, violations) => {
      expect(violationsOf(await cruiseTree(plant(change)))).toEqual(violations);
    },
    CRUISE_TIMEOUT_MS,
  );
});

interface LintCase {
  readonly promise: string;
  /** A file of the project in whose place the text is linted. */
  readonly path: string;
  readonly text: string;
  readonly reported: readonly string[];
}

/** Lints every text of standard input in one process: ESLint loads its configuration in a way that Jest cannot. */
const LINT_SCRIPT = `
  import { text } from 'node:stream/consumers';
  import { ESLint } from 'eslint';
  const eslint = new ESLint();
  const reported = [];
  for (const { path, text: code } of JSON.parse(await text(process.stdin))) {
    const [file] = await eslint.lintText(code, { filePath: path });
    reported.push(file.messages.map(({ ruleId, line, message }) => line + ' ' + (ruleId ?? message)));
  }
  console.log(JSON.stringify(reported));`;

function lint(cases: readonly LintCase[]): Promise<string[][]> {
  return new Promise((done, fail) => {
    const child = execFile(
      process.execPath,
      ['--input-type=module', '--eval', LINT_SCRIPT],
      { cwd: ROOT },
      (error, stdout) => {
        if (error === null) done(JSON.parse(stdout) as string[][]);
        else fail(new Error('ESLint did not run', { cause: error }));
      },
    );
    child.stdin?.end(JSON.stringify(cases));
  });
}

describe('the lint rules', () => {
  const AMBIENT = [
    'export const at = Date.now();',
    'export const made = new Date();',
    'export const chance = Math.random();',
    'export const home = process.env;',
  ];
  const cases: readonly LintCase[] = [
    {
      promise: "the machine's clock, chance and environment are not read in a room",
      path: 'libs/drift/index.ts',
      text: AMBIENT.join('\n'),
      reported: [
        '1 no-restricted-syntax',
        '2 no-restricted-syntax',
        '3 no-restricted-syntax',
        '4 no-restricted-syntax',
      ],
    },
    {
      promise: 'platform may read them',
      path: 'libs/platform/index.ts',
      text: AMBIENT.join('\n'),
      reported: [],
    },
    {
      promise: 'the date of a given instant is no clock',
      path: 'libs/drift/index.ts',
      text: 'export const at = new Date(0);',
      reported: [],
    },
    {
      promise: 'a pure room imports no I/O and no framework',
      path: 'libs/stats/index.ts',
      text: "import 'node:fs';\nimport 'typeorm';\nimport '@nestjs/common';",
      reported: ['1 no-restricted-imports', '2 no-restricted-imports', '3 no-restricted-imports'],
    },
    {
      promise: 'a door names what leaves it',
      path: 'libs/drift/index.ts',
      text: "export * from './monitors.js';\nexport default 1;",
      reported: ['1 no-restricted-syntax', '2 no-restricted-syntax'],
    },
    {
      promise: 'a promise is not left alone',
      path: 'libs/drift/index.ts',
      text: 'Promise.resolve(1);',
      reported: ['1 @typescript-eslint/no-floating-promises'],
    },
    {
      promise: 'a union is handled to its last member',
      path: 'libs/drift/index.ts',
      text: "export function judge(kind: 'a' | 'b'): number {\n  switch (kind) {\n    case 'a':\n      return 1;\n  }\n  return 2;\n}",
      reported: ['2 @typescript-eslint/switch-exhaustiveness-check'],
    },
    {
      promise: 'a room does not print',
      path: 'libs/drift/index.ts',
      text: 'console.log(1);',
      reported: ['1 no-console'],
    },
  ];
  let reported: ReadonlyMap<LintCase, string[]>;
  beforeAll(async () => {
    const results = await lint(cases);
    reported = new Map(cases.map((each, index) => [each, results[index] ?? []]));
  }, CRUISE_TIMEOUT_MS);

  it.each(cases)('say that $promise', (each) => {
    expect(reported.get(each)).toEqual(each.reported);
  });
});
