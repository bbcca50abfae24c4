/** The segment of a version without a segment column. */
export const WHOLE = 'all';
/** The segment of rows whose own is not among the baseline's most frequent ones: a client cannot invent windows. */
export const OTHER = 'other';
/** The segment of response halves: only requests bring segment columns. */
export const UNKNOWN = 'unknown';
