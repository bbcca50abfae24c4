/**
 * Which room may import which. The same table stands in docs/architecture.md; test/boundaries.spec.ts runs it on the
 * tree and on planted violations. Arrows point one way, and a room is entered only by its door: `#room`, its index.ts.
 */
const ARROWS = {
  stats: [],
  payloads: [],
  platform: [],
  registry: ['platform', 'stats', 'payloads'],
  'ground-truth': ['platform', 'registry', 'payloads'],
  ingest: ['platform', 'registry', 'payloads', 'stats', 'ground-truth', 'signals'],
  signals: ['platform'],
  collectors: ['platform', 'signals', 'registry'],
  drift: ['platform', 'registry', 'ingest', 'stats', 'signals'],
  performance: ['platform', 'registry', 'payloads', 'ingest', 'ground-truth', 'stats', 'signals'],
  diagnosis: ['platform', 'registry', 'stats', 'drift'],
  rollouts: ['platform', 'registry', 'ingest', 'stats', 'performance'],
  notify: ['platform'],
  retraining: ['platform', 'registry', 'notify', 'ingest', 'diagnosis'],
  rules: ['platform', 'registry', 'signals', 'notify', 'diagnosis', 'drift', 'retraining'],
  exposition: ['platform', 'signals', 'retraining', 'rules'],
};

/** Rooms that only compute: no I/O, no framework, no database. */
const PURE_ROOMS = ['stats', 'payloads'];

const SPEC = '\\.spec\\.ts$';
const ROOMS = Object.keys(ARROWS);

/** Room specs may set the scene with any room, through its door; the code of a room may not. */
const arrowsOf = (room) => ({
  name: `arrows-of-${room}`,
  comment: `${room} imports ${ARROWS[room].length === 0 ? 'no other room' : `only ${ARROWS[room].join(', ')}`}.`,
  severity: 'error',
  from: { path: `^libs/${room}/`, pathNot: SPEC },
  to: { path: '^libs/', pathNot: `^libs/(${[room, ...ARROWS[room]].join('|')})/` },
});

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    ...ROOMS.map(arrowsOf),
    {
      name: 'room-without-arrows',
      comment:
        'A folder in libs is a room: give it a line in the table of this file and a responsibility in docs/architecture.md.',
      severity: 'error',
      from: { path: '^libs/', pathNot: `^libs/(${ROOMS.join('|')})/` },
      to: {},
    },
    {
      name: 'through-the-window',
      comment:
        'A room is entered by its door: import from #room, and export what others need in its index.ts.',
      severity: 'error',
      from: { path: '^libs/([^/]+)/' },
      to: { path: '^libs/', pathNot: '^libs/($1/|[^/]+/index\\.ts$)' },
    },
    {
      name: 'through-the-window-from-outside',
      comment:
        'A room is entered by its door: import from #room, and export what others need in its index.ts.',
      severity: 'error',
      from: { path: '^(apps|migrations|test)/' },
      to: { path: '^libs/', pathNot: '^libs/[^/]+/index\\.ts$' },
    },
    {
      name: 'door-by-its-name',
      comment:
        'Another room is imported as #room, not by a relative path: the name is what the table speaks of.',
      severity: 'error',
      from: { path: '^(apps|migrations|test|libs/[^/]+)/' },
      to: { path: '^libs/', pathNot: '^$1/', dependencyTypesNot: ['aliased'] },
    },
    {
      name: 'libs-below-apps',
      comment: 'Rooms know nothing of the programs and migrations that use them.',
      severity: 'error',
      from: { path: '^libs/', pathNot: SPEC },
      to: { path: '^(apps|migrations)/' },
    },
    {
      name: 'no-test-code-in-the-product',
      comment: 'What ships does not import specs or test helpers.',
      severity: 'error',
      from: { path: '^(apps|libs|migrations)/', pathNot: SPEC },
      to: { path: `^test/|${SPEC}` },
    },
    {
      name: 'apps-meet-over-http',
      comment: 'Programs do not import each other: the demo sees the server as any user does.',
      severity: 'error',
      from: { path: '^apps/([^/]+)/', pathNot: SPEC },
      to: { path: '^apps/', pathNot: '^apps/$1/' },
    },
    {
      name: 'migrations-stand-alone',
      comment: "A migration must still run when today's code is gone.",
      severity: 'error',
      from: { path: '^migrations/' },
      to: { path: '^(apps|libs|test)/' },
    },
    {
      name: 'pure-rooms-do-no-io',
      comment: 'stats and payloads compute; they neither read nor write, and know no framework.',
      severity: 'error',
      from: { path: `^libs/(${PURE_ROOMS.join('|')})/`, pathNot: SPEC },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'no-dev-dependency-in-the-product',
      comment: 'The runtime image has production dependencies only.',
      severity: 'error',
      from: { path: '^(apps|libs|migrations)/', pathNot: SPEC },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-cycle',
      comment: 'Two files that import each other are one file, or have a third one inside them.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'unresolvable',
      comment: 'An import that leads nowhere would slip past every other rule.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'into-the-build',
      comment:
        'An import that resolves into dist is one whose room these rules cannot see: cruise with the aliases of test/boundaries.spec.ts.',
      severity: 'error',
      from: {},
      to: { path: '^dist/' },
    },
  ],
  options: {
    doNotFollow: { path: ['node_modules', '^dist/'] },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    detectJSDocImports: false,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
