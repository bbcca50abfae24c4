import { z } from 'zod';

const ROLES = ['api', 'ingest', 'worker'] as const;
export type Role = (typeof ROLES)[number];

/** The environment as Leeway reads it, once, at start. */
export interface Environment {
  readonly host: string;
  readonly port: number;
  readonly roles: ReadonlySet<Role>;
  readonly dataDir: string;
  readonly configPath: string | null;
  readonly adminKey: string | null;
  readonly logLevel: string;
  readonly logFormat: 'json' | 'pretty';
  readonly publicUrl: string | null;
  readonly databaseUrl: string | null;
}

const environmentSchema = z.object({
  LEEWAY_HOST: z.string().min(1).default('127.0.0.1'),
  LEEWAY_PORT: z.coerce.number().int().min(0).max(65_535).default(8080),
  LEEWAY_ROLES: z
    .string()
    .default('api,ingest,worker')
    .transform((text) => text.split(',').map((role) => role.trim()))
    .pipe(z.array(z.enum(ROLES)).min(1)),
  LEEWAY_DATA_DIR: z.string().min(1).default('./.leeway'),
  LEEWAY_CONFIG: z.string().min(1).optional(),
  LEEWAY_ADMIN_KEY: z.string().min(24, 'must have at least 24 characters').max(200).optional(),
  LEEWAY_LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  LEEWAY_LOG_FORMAT: z.enum(['json', 'pretty']).default('json'),
  LEEWAY_PUBLIC_URL: z.url().optional(),
  DATABASE_URL: z
    .url()
    .regex(/^postgres(ql)?:/, 'must begin with postgres:// or postgresql://')
    .optional(),
});

/** The names of every variable that `parseEnvironment` reads. */
export const ENVIRONMENT_VARIABLES: readonly string[] = Object.keys(environmentSchema.shape);

/** Either the parsed value or every problem that was found. */
export type Parsed<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problems: readonly string[] };

/** Reads the environment and names every problem, so that one restart is enough to fix them all. */
export function parseEnvironment(env: Readonly<Record<string, string | undefined>>): Parsed<Environment> {
  const unknown = Object.keys(env)
    .filter((name) => name.startsWith('LEEWAY_') && !ENVIRONMENT_VARIABLES.includes(name))
    .filter((name) => name !== 'LEEWAY_REQUIRE_REAL')
    .map((name) => `${name} is not a setting of Leeway; known are ${ENVIRONMENT_VARIABLES.join(', ')}`);
  // An empty variable is an unset one: compose files and CI systems cannot always leave one out.
  const present = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const result = environmentSchema.safeParse(present);
  const problems = [
    ...(result.success
      ? []
      : result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`)),
    ...unknown,
  ];
  if (!result.success || problems.length > 0) return { ok: false, problems };
  const read = result.data;
  return {
    ok: true,
    value: {
      host: read.LEEWAY_HOST,
      port: read.LEEWAY_PORT,
      roles: new Set(read.LEEWAY_ROLES),
      dataDir: read.LEEWAY_DATA_DIR,
      configPath: read.LEEWAY_CONFIG ?? null,
      adminKey: read.LEEWAY_ADMIN_KEY ?? null,
      logLevel: read.LEEWAY_LOG_LEVEL,
      logFormat: read.LEEWAY_LOG_FORMAT,
      publicUrl: read.LEEWAY_PUBLIC_URL?.replace(/\/$/, '') ?? null,
      databaseUrl: read.DATABASE_URL ?? null,
    },
  };
}
