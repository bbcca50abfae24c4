#!/usr/bin/env node
import { CommanderError } from 'commander';
import { Refusal } from './api.js';
import { createProgram } from './program.js';
import { WrongUsage } from './tools.js';

const EXIT = { done: 0, refused: 1, wrongUsage: 2 } as const;

const program = createProgram({
  env: process.env,
  out: (text) => process.stdout.write(text),
  remark: (text) => process.stderr.write(text),
});
try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = exitOf(error);
}

/** The exit code of a failure, after it was told on standard error. commander has told its own. */
function exitOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.wrongUsage;
  if (error instanceof WrongUsage) {
    process.stderr.write(`error: ${error.message}\n`);
    return EXIT.wrongUsage;
  }
  if (!(error instanceof Refusal)) throw error;
  const isJson = program.opts<{ json?: true }>().json === true && error.problem !== null;
  process.stderr.write(isJson ? `${JSON.stringify(error.problem)}\n` : `error: ${error.message}\n`);
  return EXIT.refused;
}
