import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { Clock } from './clock.js';
import type { Sql } from './database.js';
import { LeewayError } from './errors.js';

/** What a key may do: send inferences, read everything, change everything. `admin` includes the other two. */
export const SCOPES = ['ingest', 'read', 'admin'] as const;
export type Scope = (typeof SCOPES)[number];

export const apiKeySchema = z.strictObject({
  name: z.string().min(1).max(100).describe('What uses the key, for people'),
  scopes: z.array(z.enum(SCOPES)).min(1),
});
export type ApiKeySpec = z.infer<typeof apiKeySchema>;

export interface ApiKey {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly createdAt: string;
}

/**
 * How long a key that was looked up is trusted without asking the database again; also the longest that a deleted key
 * still works on another replica. Shorter costs a query per request, longer lets a leaked key live.
 */
const CACHE_MS = 10_000;
/**
 * How long a key that was verified is taken without hashing it again; a deleted one works that much longer on another replica.
 * A second is enough for a sender of thousands of requests.
 */
const VERIFIED_MS = 1_000;
/** Refused keys are not remembered, and known ones are few; this only bounds a mistake. */
const MAX_CACHED_KEYS = 1_000;
/** Random bytes of a generated secret: too many to guess, so a fast hash is enough. */
const SECRET_BYTES = 32;
/** The row of the key from LEEWAY_ADMIN_KEY, which may have any form. */
const ADMIN_KEY_ID = 'environment-admin';
const GENERATED_KEY = /^lw_([0-9a-f]{12})_([A-Za-z0-9_-]{43})$/;

interface KeyRow {
  id: string;
  name: string;
  scopes: Scope[];
  secret_hash: Buffer;
  created_at: Date;
}

/** API keys: `lw_<id>_<secret>`, of which only the SHA-256 of the secret is stored. */
export class ApiKeys {
  private readonly cache = new Map<string, { row: KeyRow; until: number }>();
  private readonly recent = new Map<string, { key: ApiKey; until: number }>();

  constructor(
    private readonly sql: Sql,
    private readonly clock: Clock,
  ) {}

  /** Creates a key and returns it with its secret, which cannot be shown again. */
  async create({ name, scopes }: ApiKeySpec): Promise<ApiKey & { key: string }> {
    const id = randomBytes(6).toString('hex');
    const secret = randomBytes(SECRET_BYTES).toString('base64url');
    const rows = await this.sql.query<KeyRow>(
      `insert into api_key (id, name, scopes, secret_hash) values ($1, $2, $3, $4) returning *`,
      [id, name, scopes, hashOf(secret)],
    );
    return { ...toApiKey(only(rows)), key: `lw_${id}_${secret}` };
  }

  /**
   * Makes sure that someone can administer a new installation: installs the key from the environment, or generates
   * one when there is none at all. Returns the generated key, which is shown once, or null.
   */
  async ensureAdminKey(fromEnvironment: string | null): Promise<string | null> {
    if (fromEnvironment !== null) {
      await this.sql.query(
        `insert into api_key (id, name, scopes, secret_hash) values ($1, 'LEEWAY_ADMIN_KEY', '{admin}', $2)
           on conflict (id) do update set secret_hash = excluded.secret_hash`,
        [ADMIN_KEY_ID, hashOf(fromEnvironment)],
      );
      return null;
    }
    const existing = await this.sql.query(`select 1 from api_key where 'admin' = any (scopes) limit 1`);
    return existing.length > 0
      ? null
      : (await this.create({ name: 'first admin key', scopes: ['admin'] })).key;
  }

  async list(): Promise<ApiKey[]> {
    return (await this.sql.query<KeyRow>('select * from api_key order by created_at, id')).map(toApiKey);
  }

  async remove(id: string): Promise<void> {
    const removed = await this.sql.query('delete from api_key where id = $1 returning id', [id]);
    if (removed.length === 0)
      throw new LeewayError('not-found', `there is no API key with the id ${JSON.stringify(id)}`);
    this.cache.delete(id);
    this.recent.clear();
  }

  /** The key that was presented, or null when it is none of ours. Secrets are compared in constant time. */
  async authenticate(presented: string): Promise<ApiKey | null> {
    const known = this.verified(presented);
    if (known !== null) return known;
    const until = this.clock.now() + VERIFIED_MS;
    const key = await this.verify(presented);
    if (key === null) return null;
    if (this.recent.size >= MAX_CACHED_KEYS) this.recent.clear();
    this.recent.set(presented, { key, until });
    return key;
  }

  /** The key that was presented, where it was verified within the last second; null says nothing about it. */
  verified(presented: string): ApiKey | null {
    const known = this.recent.get(presented);
    return known !== undefined && known.until > this.clock.now() ? known.key : null;
  }

  private async verify(presented: string): Promise<ApiKey | null> {
    const generated = GENERATED_KEY.exec(presented);
    const byId = generated === null ? null : await this.find(generated[1] ?? '');
    const candidate = byId ?? (await this.find(ADMIN_KEY_ID));
    const secret = byId === null ? presented : (generated?.[2] ?? '');
    if (candidate === null || !timingSafeEqual(candidate.secret_hash, hashOf(secret))) return null;
    return toApiKey(candidate);
  }

  private async find(id: string): Promise<KeyRow | null> {
    const now = this.clock.now();
    const cached = this.cache.get(id);
    if (cached !== undefined && cached.until > now) return cached.row;
    const [row] = await this.sql.query<KeyRow>('select * from api_key where id = $1', [id]);
    if (row === undefined) {
      this.cache.delete(id);
      return null;
    }
    if (this.cache.size >= MAX_CACHED_KEYS) this.cache.clear();
    this.cache.set(id, { row, until: now + CACHE_MS });
    return row;
  }
}

/** Whether a key with these scopes may do what needs `needed`. */
export function allows(scopes: readonly Scope[], needed: Scope): boolean {
  return scopes.includes('admin') || scopes.includes(needed);
}

function hashOf(secret: string): Buffer {
  return createHash('sha256').update(secret, 'utf8').digest();
}

function toApiKey(row: KeyRow): ApiKey {
  return { id: row.id, name: row.name, scopes: row.scopes, createdAt: row.created_at.toISOString() };
}

function only<T>(rows: readonly T[]): T {
  const [row] = rows;
  if (row === undefined) throw new Error('the statement returned no row');
  return row;
}
