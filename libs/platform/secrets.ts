import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** Where a secret is: an environment variable or a mounted file. The secret itself never appears in configuration. */
export const secretRefSchema = z
  .union([
    z.strictObject({ env: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/) }),
    z.strictObject({ file: z.string().min(1) }),
  ])
  .describe('Name of an environment variable ({ env }) or path of a file ({ file }) that holds the secret');

export type SecretRef = z.infer<typeof secretRefSchema>;

/**
 * The secret behind a reference.
 *
 * @throws Error that names the reference (never the secret) when it is unset, empty or unreadable
 */
export type ResolveSecret = (ref: SecretRef) => string;

/** Resolves references against an environment and the file system. */
export function secretResolver(env: Readonly<Record<string, string | undefined>>): ResolveSecret {
  return (ref) => {
    if ('env' in ref) {
      const value = env[ref.env];
      if (value === undefined || value === '')
        throw new Error(`the environment variable ${ref.env} is not set`);
      return value;
    }
    const value = readFileSync(ref.file, 'utf8').trim();
    if (value === '') throw new Error(`the secret file ${ref.file} is empty`);
    return value;
  };
}
