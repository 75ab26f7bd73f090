import fc, { type Arbitrary } from 'fast-check'

/** Pieces of text that parsers stumble over. */
const PIECES = [
  '', ' ', '\n', '\r\n', '\t', '"', "'", '\\', '\\"', '[', ']', '{', '}', '(', ')', '<', '>', '|', '&', ',', ':', ';', '=', '-', '_', '.', '..', '/', '?', '#',
  '%', '%2f', '%00', '*', '**', '{*}', '{**}', '+', '^', '$', '(?i)', '\\Q', '{1000}', '0', '-1', '1e999', 'NaN', 'null', 'true', '[]', '{}', '[redacted]',
  '__proto__', 'constructor', 'toString', 'hasOwnProperty', '\u0000', '\u001b[31m', '\u00ad', '\u202e', '\u200b', '\ufeff', '\ud800', '😀', 'ß', '\u2028',
  'cluster.local', 'outbound|80|v1|catalog.shop.svc.cluster.local', '2026-11-30T00:00:00.000Z', '10.0.0.1:80', '[::1]:80', 'Bearer abcdefghijklmnopqrstuvwxyz012345',
  '-----BEGIN PRIVATE KEY-----', '-----END PRIVATE KEY-----', 'password=hunter2', 'https://user:pass@host/', 'x'.repeat(300), '('.repeat(50), '['.repeat(200), '9'.repeat(400),
] // prettier-ignore

const at = fc.nat({ max: 10_000 })
const odd = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...PIECES) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 12 }) },
  { weight: 1, arbitrary: fc.string({ maxLength: 12 }) },
)
const edit = fc.tuple(fc.nat({ max: 4 }), at, at, odd)

/** One change of a text: a piece put in, put in the place of a part, a part cut out, doubled, or all after it cut off. */
function edited(text: string, [how, from, length, piece]: readonly [number, number, number, string]): string {
  const start = text.length === 0 ? 0 : from % (text.length + 1)
  const end = Math.min(text.length, start + (length % 40))
  if (how === 0) return text.slice(0, start) + piece + text.slice(start)
  if (how === 1) return text.slice(0, start) + piece + text.slice(end)
  if (how === 2) return text.slice(0, start) + text.slice(end)
  if (how === 3) return text.slice(0, end) + text.slice(start)
  return text.slice(0, start)
}

/** Texts that are nearly one of these, and some that are nothing like them. */
export const nearly = (...samples: readonly string[]): Arbitrary<string> =>
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc
        .tuple(fc.constantFrom(...samples), fc.array(edit, { minLength: 1, maxLength: 4 }))
        .map(([sample, edits]) => edits.reduce(edited, sample)),
    },
    { weight: 1, arbitrary: fc.array(odd, { maxLength: 12 }).map((pieces) => pieces.join('')) },
  )

const leaf: Arbitrary<unknown> = fc.constantFrom(
  ...[
    null,
    true,
    0,
    -1,
    7,
    1e21,
    '',
    'odd',
    '__proto__',
    'constructor',
    [],
    {},
    [null],
    [[]],
    { odd: 1 },
    [7],
    ['odd'],
  ],
)

type Holder = Record<string, unknown>

/** A copy with one field of another type, or without it; how deep, and which, is told by the numbers. */
function misshapen(value: unknown, depth: number, picks: readonly number[], other: unknown, isCut: boolean): unknown {
  const copy = { root: structuredClone(value) } as Holder
  let holder: Holder = copy
  let key = 'root'
  for (let level = 0; level < depth; level += 1) {
    const inner = holder[key]
    if (typeof inner !== 'object' || inner === null) break
    const keys = Object.keys(inner)
    const chosen = keys[(picks[level] ?? 0) % Math.max(1, keys.length)]
    if (chosen === undefined) break
    holder = inner as Holder
    key = chosen
  }
  if (isCut && !Array.isArray(holder)) Reflect.deleteProperty(holder, key)
  else holder[key] = other
  return copy.root
}

/** JSON that is nearly one of these: a field of another type, or missing, up to three times. */
export const nearlyJson = (...samples: readonly unknown[]): Arbitrary<unknown> =>
  fc
    .tuple(
      fc.constantFrom(...samples),
      fc.array(fc.tuple(fc.nat({ max: 10 }), fc.array(at, { minLength: 10, maxLength: 10 }), leaf, fc.boolean()), {
        minLength: 1,
        maxLength: 3,
      }),
    )
    .map(([sample, changes]) =>
      changes.reduce<unknown>(
        (value, [depth, picks, other, isCut]) => misshapen(value, depth, picks, other, isCut),
        sample,
      ),
    )

/** The same as text, and texts that are nearly such JSON. */
export const nearlyJsonText = (...samples: readonly unknown[]): Arbitrary<string> =>
  fc.oneof(
    { weight: 3, arbitrary: nearlyJson(...samples).map((value) => (value === undefined ? '' : JSON.stringify(value))) },
    { weight: 1, arbitrary: nearly(...samples.map((sample) => JSON.stringify(sample))) },
  )

/** Regular expressions, many of them valid. */
export const regex: Arbitrary<string> = fc.oneof(
  nearly('/items/(\\d+)', '(?i)^a.*b$', '[a-z]{2,5}(x|y)*', '(a?){1000}', '\\Qa.b\\E+', '(){1000}{1000}', '[[:alpha:]]+\\p{L}', '(a|ab)(c|bcd)(d*)'),
  fc.array(fc.constantFrom('a', 'b', '.', '*', '+', '?', '(', ')', '|', '[a-c]', '[^x]', '{2}', '{0,999}', '{1000}', '\\d', '\\pL', '(?:', '(?P<n>', '\\'), { maxLength: 14 }).map((parts) => parts.join('')),
) // prettier-ignore

export const text: Arbitrary<string> = fc.oneof(
  nearly('/items/42', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab', 'catalog.shop.svc.cluster.local'),
  fc.string({ unit: 'binary', maxLength: 200 }),
)
