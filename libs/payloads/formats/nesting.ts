/**
 * How deep arrays may lie in each other around the values of tabular data; what lies deeper is no value. Tensors have a handful of
 * dimensions. Bounded, because a body of 40 kB can be nested deeper than the call stack. It is held here, where nested values are
 * taken apart, and not by a look at every body: that costs a quarter of what parsing it does.
 */
const MAX_NESTING = 32;

/** The value inside arrays of one element. */
export function unwrapped(value: unknown): unknown {
  let inner = value;
  for (let depth = 0; depth < MAX_NESTING && Array.isArray(inner) && inner.length === 1; depth += 1)
    inner = (inner as readonly unknown[])[0];
  return inner;
}

/** The values of nested arrays in their order. */
export function flattened(values: readonly unknown[]): readonly unknown[] {
  return Array.isArray(values[0]) ? values.flat(MAX_NESTING as 1) : values;
}
