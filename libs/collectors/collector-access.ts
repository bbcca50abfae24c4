import { readFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { z } from 'zod';
import { secretRefSchema, type ResolveSecret } from '#platform';

const headerNameSchema = z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'must be a header name');
const pathSchema = z.string().min(1).max(4_096);

/** How a collector shows who it is. */
export const accessFields = {
  headers: z
    .record(headerNameSchema, z.string())
    .default({})
    .describe('Sent with each request, for example X-Scope-OrgID'),
  bearerToken: secretRefSchema
    .optional()
    .describe('Read again for each round, so a file may hold a token that rotates'),
  basicAuth: z
    .strictObject({
      username: z
        .string()
        .min(1)
        .regex(/^[^:]*$/, 'must not have a colon'),
      password: secretRefSchema,
    })
    .optional(),
};

export const tlsSchema = z
  .strictObject({
    caFile: pathSchema.optional().describe('PEM file of the authorities to trust, instead of the usual ones'),
    certFile: pathSchema.optional().describe("PEM file of Leeway's certificate"),
    keyFile: pathSchema.optional().describe('PEM file of its key'),
    serverName: z
      .string()
      .min(1)
      .max(253)
      .optional()
      .describe('The name in the certificate of the server, when it is not that of the URL'),
  })
  .refine(({ certFile, keyFile }) => (certFile === undefined) === (keyFile === undefined), {
    message: 'needs certFile and keyFile together',
  });
export type TlsSpec = z.infer<typeof tlsSchema>;

export interface AccessSpec {
  readonly headers: Readonly<Record<string, string>>;
  readonly bearerToken?: z.infer<typeof secretRefSchema> | undefined;
  readonly basicAuth?:
    { readonly username: string; readonly password: z.infer<typeof secretRefSchema> } | undefined;
}

/** The two ways to say who we are exclude each other: both are the Authorization header. */
export function hasOneIdentity({ bearerToken, basicAuth }: AccessSpec): boolean {
  return bearerToken === undefined || basicAuth === undefined;
}

/**
 * The headers of a request, with the secrets as they are now.
 *
 * @throws Error that names the reference when a secret cannot be read
 */
export function accessHeaders(spec: AccessSpec, resolveSecret: ResolveSecret): Record<string, string> {
  const headers: Record<string, string> = { ...spec.headers };
  if (spec.bearerToken !== undefined) headers['authorization'] = `Bearer ${resolveSecret(spec.bearerToken)}`;
  if (spec.basicAuth !== undefined) {
    const pair = `${spec.basicAuth.username}:${resolveSecret(spec.basicAuth.password)}`;
    headers['authorization'] = `Basic ${Buffer.from(pair, 'utf8').toString('base64')}`;
  }
  return headers;
}

/**
 * Connections with these certificates. The files are read now: a rotated certificate needs a new agent.
 *
 * @throws Error of Node when a file cannot be read or holds no PEM
 */
export function tlsAgent({ caFile, certFile, keyFile, serverName }: TlsSpec): Agent {
  const read = (file: string): Buffer => readFileSync(file);
  return new Agent({
    keepAlive: true,
    ...(caFile === undefined ? {} : { ca: read(caFile) }),
    ...(certFile === undefined ? {} : { cert: read(certFile) }),
    ...(keyFile === undefined ? {} : { key: read(keyFile) }),
    ...(serverName === undefined ? {} : { servername: serverName }),
  });
}
