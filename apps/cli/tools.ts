/** What a command may touch: where it writes, and the environment. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly out: (text: string) => void;
  readonly remark: (text: string) => void;
}

/** What a command gets to do its work. */
export interface Tools extends Surroundings {
  readonly isJson: boolean;
  readonly call: (method: string, path: string, body?: object) => Promise<unknown>;
}

/** Wrong usage, in words: the caller ends with 2. */
export class WrongUsage extends Error {
  override readonly name = 'WrongUsage';
}
