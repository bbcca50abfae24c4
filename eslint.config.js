import eslint from '@eslint/js';
import tseslint from 'typescript-eslint';

const SPECS = ['**/*.spec.ts', 'test/**/*.ts'];

/** Time, chance and the environment are arguments. Only platform, which makes them, may ask the machine. */
const AMBIENT = [
  {
    selector: "CallExpression[callee.object.name='Date'][callee.property.name='now']",
    message: 'Time is an argument: take an Instant, or the Clock of #platform (its now()).',
  },
  {
    selector: "NewExpression[callee.name='Date'][arguments.length=0]",
    message: 'Time is an argument: take an Instant, or the Clock of #platform (its now()).',
  },
  {
    selector: "CallExpression[callee.object.name='Math'][callee.property.name='random']",
    message: 'Chance is an argument: take a seeded generator, or use node:crypto for ids and secrets.',
  },
  {
    selector: "MemberExpression[object.name='process'][property.name='env']",
    message: 'The environment is read once, by parseEnvironment of #platform: take the value as an argument.',
  },
];

const MODULE_SHAPE = [
  {
    selector: 'ExportAllDeclaration',
    message: 'Name what leaves the room, so that its door can be read: export { a, b } from …',
  },
  {
    selector: 'ExportDefaultDeclaration',
    message: 'Use a named export: it has one name everywhere.',
  },
];

const PURE = {
  patterns: [
    { group: ['node:*'], message: 'This room computes: I/O belongs to the room or app that calls it.' },
    {
      group: ['@nestjs/*', 'typeorm'],
      message: 'This room is plain TypeScript: it must not know the framework or the database.',
    },
  ],
};

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', 'coverage/', '.leeway/', '.kafka-test/', '.venv-test/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    files: ['**/*.ts'],
    extends: [eslint.configs.recommended, tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      eqeqeq: ['error', 'always'],
      'no-restricted-syntax': ['error', ...MODULE_SHAPE],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/no-unnecessary-condition': [
        'error',
        { allowConstantLoopConditions: 'only-allowed-literals' },
      ],
      '@typescript-eslint/no-unnecessary-type-arguments': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/prefer-readonly': 'error',
      '@typescript-eslint/prefer-optional-chain': 'error',
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/return-await': ['error', 'in-try-catch'],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/use-unknown-in-catch-callback-variable': 'error',
      // Implementing an asynchronous interface without waiting for anything is no mistake.
      '@typescript-eslint/require-await': 'off',
    },
  },
  {
    // Nest injects by the classes that stand in the constructor; a type-only import would erase them.
    files: ['apps/server/**/*.ts'],
    rules: { '@typescript-eslint/consistent-type-imports': 'off' },
  },
  {
    files: ['libs/**/*.ts'],
    ignores: SPECS,
    rules: { 'no-console': 'error' },
  },
  {
    files: ['libs/**/*.ts'],
    ignores: [...SPECS, 'libs/platform/**'],
    rules: { 'no-restricted-syntax': ['error', ...MODULE_SHAPE, ...AMBIENT] },
  },
  {
    files: ['libs/stats/**/*.ts', 'libs/payloads/**/*.ts', 'libs/diagnosis/**/*.ts'],
    ignores: SPECS,
    rules: { 'no-restricted-imports': ['error', PURE] },
  },
  {
    files: ['libs/stats/**/*.ts', 'libs/payloads/**/*.ts'],
    rules: {
      // Indexed numeric loops: the bounds are in the loop's head, and the compiler cannot see them.
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
  {
    files: SPECS,
    rules: {
      // A spec reads answers whose shape is what it checks.
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/no-unnecessary-condition': 'off',
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  {
    files: ['**/*.js', '**/*.cjs'],
    extends: [eslint.configs.recommended],
    languageOptions: { globals: { module: 'writable', require: 'readonly', process: 'readonly' } },
  },
  {
    files: ['**/*.mjs'],
    extends: [eslint.configs.recommended],
    languageOptions: {
      globals: Object.fromEntries(
        [
          ...['AbortController', 'AbortSignal', 'Buffer', 'URL', 'clearTimeout', 'console', 'fetch'],
          ...['performance', 'process', 'setTimeout'],
        ].map((name) => [name, 'readonly']),
      ),
    },
  },
);
