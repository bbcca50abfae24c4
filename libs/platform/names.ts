import { z } from 'zod';

/** The name of a thing that stands in URLs, labels and messages. */
export const nameSchema = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/,
    'must be 1 to 100 letters, digits, dots, dashes or underscores and begin with a letter or digit',
  );

/** An instant in RFC 3339 with a zone. */
export const instantSchema = z.iso.datetime({ offset: true });
