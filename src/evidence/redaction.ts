import { HIDDEN } from '../mesh/walk/hidden-text.ts'
import { isPlain, isSecretName, isSecretParameter, SECRET_END, SECRET_HEADERS } from './redaction/names.ts'
import { A_WEBHOOK, KNOWN_TOKENS, WEBHOOKS } from './redaction/known-tokens.ts'
import { replaceRuns, withoutRandom } from './redaction/random-text.ts'

/** What stands where a secret was. */
export const REDACTED = HIDDEN

/** Headers whose values are secrets. */
const HEADERS = SECRET_HEADERS
/** Names of JSON fields whose values are secrets, beside those that end as names of secrets do. */
const FIELDS = `inline_?string|session_?ticket_?keys|${SECRET_END}`

/** The inside of a JSON string, up to its closing quote. */
const STRING = String.raw`[^"\\]*(?:\\.[^"\\]*)*`
/** The inside of a JSON string that itself stands in a JSON string, up to its closing `\"`. */
const ESCAPED = String.raw`(?:[^"\\]|\\\\\\"|\\(?!"))*`

/** `-----BEGIN CERTIFICATE` in base64. */
const CERTIFICATE_HEAD = 'LS0tLS1CRUdJTiBDRVJUSUZJQ0FUR'
const ONLY_CERTIFICATES = /^(?:-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]*-----END CERTIFICATE-----\s*)+$/

/** What to find, what to put there, and what any text holds where it is found: to look for that alone is quick, and most texts have none of it. */
type Rule = readonly [
  find: RegExp,
  put: string | ((match: string, ...rest: (string | number)[]) => string),
  within?: RegExp,
]
/** Any of the headers. */
const A_HEADER =
  /authorization|cookie|x-api-key|x-auth-token|x-csrf-token|x-amz-security-token|x-forwarded-client-cert/i

/**
 * Each rule keeps what stands around a secret. None takes a quote or half an escape away, so that JSON stays JSON; none looks at a character
 * more than a few times, whatever the text is made of, for anybody may send what ends in a log.
 */
const RULES: readonly Rule[] = [
  // Addresses first: what stands before one must not take its beginning away, by which it is known.
  [/(\b[a-z][a-z0-9+.-]{0,20}:\/\/)[^\s/@:"'\\]{0,256}:[^\s/@"'\\]{1,512}@/gi, `$1${REDACTED}@`, /@/],
  [WEBHOOKS, `$1${REDACTED}`, A_WEBHOOK],
  [/(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]+)+\.?/g, withoutTokens, /eyJ/],
  // What is followed by a colon may be the name of a secret that follows; it is taken away last.
  [
    /\b(bearer|basic|digest|negotiate)(\s+)(?!\s|(?:bearer|basic|digest|negotiate)\s)(?![\w.~+/-]{0,64}\s{0,4}:)[A-Za-z0-9._~+/=-]{6,}/gi,
    `$1$2${REDACTED}`,
  ],
  // Envoy's debug log prints headers as 'name', 'value', a line each; in its JSON form quotes inside are escaped.
  [new RegExp(String.raw`^('(?:${HEADERS})'\s*,\s*')[^'\r\n]*(')`, 'gim'), `$1${REDACTED}$2`, A_HEADER],
  [
    new RegExp(String.raw`('(?:${HEADERS})'\s*,\s*')[^'"\\\r\n]*(?:\\.[^'"\\\r\n]*)*(')`, 'gi'),
    `$1${REDACTED}$2`,
    A_HEADER,
  ],
  // As fields of JSON, alone or in a list; of JSON inside a string; as pairs of key and value; and as headers are written.
  [new RegExp(String.raw`("(?:${HEADERS})"\s*:\s*(?:\[\s*)?")${STRING}(")`, 'gi'), `$1${REDACTED}$2`, A_HEADER],
  [
    new RegExp(String.raw`(\\"(?:${HEADERS})\\"\s*:\s*(?:\[\s*)?\\")${ESCAPED}(\\")`, 'gi'),
    `$1${REDACTED}$2`,
    A_HEADER,
  ],
  [
    new RegExp(
      String.raw`("(?:key|name)"\s*:\s*"(?:${HEADERS})"\s*,\s*"(?:value|rawValue|raw_value)"\s*:\s*")${STRING}(")`,
      'gi',
    ),
    `$1${REDACTED}$2`,
    A_HEADER,
  ],
  [new RegExp(String.raw`('(?:${HEADERS})'\s*:\s*')[^'"\\\r\n]*(')`, 'gi'), `$1${REDACTED}$2`, A_HEADER],
  [
    new RegExp(String.raw`((?:^|[\s"'{,;\\])(?:${HEADERS})\s*[:=]\s*)(?!\[redacted\])[^\s"'\\{[][^\r\n"'\\]*`, 'gim'),
    `$1${REDACTED}`,
    A_HEADER,
  ],
  [/([?&])([\w.[\]%~-]{1,64})=([^&\s"'#\\<>]+)/g, withoutValue],
  // Settings, and arguments of programs, in a line or as a list.
  [new RegExp(String.raw`=(?<=(?:${SECRET_END})=)(?!\[redacted\])[^&\s"'\\,;]+`, 'gi'), `=${REDACTED}`],
  [new RegExp(String.raw`(-(?:${SECRET_END})\s+)(?!\[redacted\]|-)[^\s"'\\,;]+`, 'gi'), `$1${REDACTED}`],
  [new RegExp(String.raw`("--?[\w-]{0,64}(?:${SECRET_END})"\s*,\s*")${STRING}(")`, 'gi'), `$1${REDACTED}$2`],
  [/(\s(?:-u|--user)\s+[^\s:"'\\]{1,64}:)[^\s"'\\]+/g, `$1${REDACTED}`],
  [new RegExp(String.raw`("(?<=(?:${FIELDS})")\s*:\s*")${STRING}(")`, 'gi'), `$1${REDACTED}$2`],
  [new RegExp(String.raw`(\\"(?<=(?:${FIELDS})\\")\s*:\s*\\")${ESCAPED}(\\")`, 'gi'), `$1${REDACTED}$2`],
  // As YAML and people write: only names that are never followed by a reason.
  [
    /((?:pass(?:word|wd|phrase)|pwd|(?:api|secret|access|private)[-_ ]?key|(?:client|app)[-_]?secret|(?:access|auth|api|refresh|bearer)[-_]token)\s*(?:: +| is +))(?!\[redacted\])[^\s"'\\,;{[]+/gi,
    `$1${REDACTED}`,
  ],
  // Envoy keeps keys and certificates alike in bytes; certificates are what it shows to everybody.
  [new RegExp(String.raw`("inline_?bytes"\s*:\s*")${STRING}(?=")`, 'gi'), withoutKeys],
  [new RegExp(String.raw`(\\"inline_?bytes\\"\s*:\s*\\")${ESCAPED}(\\")`, 'gi'), `$1${REDACTED}$2`],
  [
    /\b(bearer|basic|digest|negotiate)(\s+)(?!\s|(?:bearer|basic|digest|negotiate)\s)[A-Za-z0-9._~+/=-]{6,}/gi,
    `$1$2${REDACTED}`,
  ],
  [KNOWN_TOKENS, REDACTED],
]

/** A private key, whose end may be cut off. Looked for last: what only seems to be of it, an address say, has lost its own secret by then. */
const PRIVATE_KEY =
  /-----BEGIN [A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:[A-Za-z0-9+/=\s:,]|\\+[nrt]|-(?!----)|\[redacted\])*(?:-----END [A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----)?/g

/** Takes JSON Web Tokens out of dotted words: two or three parts of base64url, the first a JSON object (`{"` is `eyJ`). */
function withoutTokens(dotted: string): string {
  const parts = dotted.split('.')
  const clean: string[] = []
  for (let i = 0; i < parts.length; i += 1) {
    const part = parts[i] ?? ''
    const begin = part.indexOf('eyJ')
    const isToken = begin !== -1 && part.length - begin >= 8 && (parts[i + 1] ?? '').length >= 5
    clean.push(isToken ? part.slice(0, begin) + REDACTED : part)
    if (isToken) i += 2
  }
  return clean.join('.')
}

/** Keeps the bytes of a field when they are certificates and nothing else. */
function withoutKeys(field: string): string {
  const [, head = '', bytes = ''] = /^([^:]*:\s*")(.*)$/s.exec(field) ?? []
  return bytes === '' || (bytes.startsWith(CERTIFICATE_HEAD) && isCertificates(bytes)) ? field : head + REDACTED
}

/** Keeps the name of a request's parameter, and its value when that is plain. */
function withoutValue(parameter: string, ...[before, name = '', value = '']: (string | number)[]): string {
  const isHarmless =
    value === REDACTED || value === '[redacted' || (!isSecretParameter(String(name)) && isPlain(String(value)))
  return isHarmless ? parameter : `${before ?? ''}${name}=${REDACTED}`
}

/** Characters before a run of characters that say what it is. */
const BEFORE = 48

const withoutRandomRuns = (text: string): string =>
  replaceRuns(text, (run, at) =>
    run.startsWith(CERTIFICATE_HEAD) && isCertificates(run)
      ? run
      : withoutRandom(run, text.slice(Math.max(0, at - BEFORE), at), REDACTED),
  )

const isCertificates = (bytes: string): boolean =>
  ONLY_CERTIFICATES.test(Buffer.from(bytes, 'base64').toString('latin1'))

/** Takes tokens, cookies, authorization headers, keys and passwords out of a text that came from a cluster. Redacting twice changes nothing. */
export function redact(text: string): string {
  const held = new Map<RegExp, boolean>()
  const holds = (within: RegExp): boolean => {
    const known = held.get(within) ?? within.test(text)
    held.set(within, known)
    return known
  }
  const known = RULES.reduce((clean, [find, put, within]) => {
    if (within !== undefined && !holds(within)) return clean
    return typeof put === 'string' ? clean.replace(find, put) : clean.replace(find, put)
  }, text)
  const clean = withoutRandomRuns(known)
  return text.includes('PRIVATE KEY') ? clean.replace(PRIVATE_KEY, REDACTED) : clean
}

/** A word of letters holds nothing. */
const WORD = /^[A-Za-z]*$/

/** The same of every text in a value; what holds nothing secret is the same object as before, and what was one object twice still is. */
export function withoutSecrets<T>(value: T, made = new Map<object, unknown>()): T {
  if (typeof value === 'string') return (WORD.test(value) ? value : redact(value)) as T
  if (typeof value !== 'object' || value === null) return value
  const known = made.get(value)
  if (known !== undefined) return known as T
  const inner = Object.entries(value).map(
    ([name, one]: [string, unknown]) => [name, withoutSecrets(one, made)] as const,
  )
  const isSame = inner.every(([name, one]) => one === (value as Record<string, unknown>)[name])
  const clean = isSame ? value : Array.isArray(value) ? inner.map(([, one]) => one) : Object.fromEntries(inner)
  made.set(value, clean)
  return clean as T
}

const IS_HEADER = new RegExp(`^(?:${HEADERS})$`, 'i')
const IS_FIELD = /^(?:inline_?string|session_?ticket_?keys)$/i

/**
 * Takes secrets out of one value of an object, so that none can hide what stands beside it.
 * @param path names of the fields around the value; the last is its own
 * @param name what the item says it is called, where the value belongs to a list of names and values
 */
export function redactValue(value: string, path: readonly (string | number)[], name?: string): string {
  const own = path.at(-1)
  const isSecret =
    path.some((step) => typeof step === 'string' && IS_HEADER.test(step)) ||
    (typeof own === 'string' && (IS_FIELD.test(own) || isSecretName(own))) ||
    (name !== undefined && (IS_FIELD.test(name) || isSecretName(name)))
  return isSecret && value !== '' ? REDACTED : redact(value)
}
