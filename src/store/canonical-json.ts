/** The JSON text of a value with the keys of every object in code-unit order, so that equal values have equal digests. Not RFC 8785: numbers are as JavaScript writes them. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0)))
      : inner,
  )
}
