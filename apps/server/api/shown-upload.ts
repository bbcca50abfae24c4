import { ERROR_CODES, LeewayError, type ErrorCode } from '#platform';
import type { BaselineUpload } from '#registry';
import { problemOf, type Problem } from '../http/problem.js';

/** An upload with its problem as the request itself was answered with it. */
export interface ShownUpload extends Omit<BaselineUpload, 'problem'> {
  readonly problem: Problem | null;
}

export function shownUpload({ problem, ...upload }: BaselineUpload, requestId: string): ShownUpload {
  if (problem === null) return { ...upload, problem: null };
  const { detail, places } = problem;
  return {
    ...upload,
    problem: problemOf(new LeewayError(codeOf(problem.code), detail, { places }), requestId),
  };
}

/** A code of a newer Leeway that this process does not know yet. */
function codeOf(code: string): ErrorCode {
  return ERROR_CODES.find((known) => known === code) ?? 'internal';
}
