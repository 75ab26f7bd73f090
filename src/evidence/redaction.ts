/** What stands where a secret was. */
export const REDACTED = '[redacted]'

/** Headers whose values are secrets. */
const HEADERS =
  'authorization|proxy-authorization|cookie|set-cookie|x-api-key|x-auth-token|x-csrf-token|x-amz-security-token|x-forwarded-client-cert'
/** Names of JSON fields whose values are secrets. */
const FIELDS =
  'password|passwd|secret|client_?secret|token|access_?token|refresh_?token|api_?key|private_?key|inline_?string|session_?ticket_?keys'
const PARAMETERS =
  'access_token|id_token|refresh_token|token|api_?key|apikey|key|secret|password|passwd|pwd|sig|signature|code|client_secret|x-amz-signature|x-amz-credential'

/** The inside of a JSON string, up to its closing quote. */
const STRING = String.raw`[^"\\]*(?:\\.[^"\\]*)*`
/** The inside of a JSON string that itself stands in a JSON string, up to its closing `\"`. */
const ESCAPED = String.raw`(?:[^"\\]|\\\\\\"|\\(?!"))*`

/** `-----BEGIN CERTIFICATE` in base64. */
const CERTIFICATE_HEAD = 'LS0tLS1CRUdJTiBDRVJUSUZJQ0FUR'
const ONLY_CERTIFICATES = /^(?:-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]*-----END CERTIFICATE-----\s*)+$/

/** What to find, what to put there, and what any text holds where it is found: to look for that alone is quick, and most texts have none of it. */
type Rule = readonly [find: RegExp, put: string | ((match: string) => string), within?: RegExp]
/** Any of the headers. */
const A_HEADER =
  /authorization|cookie|x-api-key|x-auth-token|x-csrf-token|x-amz-security-token|x-forwarded-client-cert/i

/**
 * Each rule keeps what stands around a secret. None takes a quote or half an escape away, so that JSON stays JSON; none looks at a character
 * more than a few times, whatever the text is made of, for anybody may send what ends in a log.
 */
const RULES: readonly Rule[] = [
  [/(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]+)+\.?/g, withoutTokens, /eyJ/],
  [/\b(bearer|basic|digest|negotiate)(\s+)[A-Za-z0-9._~+/=-]{6,}/gi, `$1$2${REDACTED}`],
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
  [new RegExp(String.raw`([?&](?:${PARAMETERS})=)[^&\s"'#\\]+`, 'gi'), `$1${REDACTED}`],
  [
    /((?:password|passwd|secret_?key|client_?secret|api_?key|access_?token)=)(?!\[redacted\])[^&\s"'\\,;]+/gi,
    `$1${REDACTED}`,
  ],
  [new RegExp(String.raw`("(?:${FIELDS})"\s*:\s*")${STRING}(")`, 'gi'), `$1${REDACTED}$2`],
  [new RegExp(String.raw`(\\"(?:${FIELDS})\\"\s*:\s*\\")${ESCAPED}(\\")`, 'gi'), `$1${REDACTED}$2`],
  // Envoy keeps keys and certificates alike in bytes; certificates are what it shows to everybody.
  [new RegExp(String.raw`("inline_?bytes"\s*:\s*")${STRING}(?=")`, 'gi'), withoutKeys],
  [new RegExp(String.raw`(\\"inline_?bytes\\"\s*:\s*\\")${ESCAPED}(\\")`, 'gi'), `$1${REDACTED}$2`],
  [
    /(\b(?:https?|rediss?|postgres(?:ql)?|mysql|amqps?|mongodb(?:\+srv)?):\/\/)[^\s/@:"'\\]*:[^\s/@"'\\]+@/gi,
    `$1${REDACTED}@`,
  ],
  // Its end may be cut off.
  [
    /-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----(?:[A-Za-z0-9+/=\s:,]|\\+[nrt]|-(?!----))*(?:-----END [A-Z ]{0,40}PRIVATE KEY-----)?/g,
    REDACTED,
  ],
  [/\bxox[abeoprs]-[A-Za-z0-9-]{8,}|\bxapp-[A-Za-z0-9-]{8,}/g, REDACTED],
  [/\bAKIA[0-9A-Z]{16}\b/g, REDACTED],
  [/\bgh[pousr]_[A-Za-z0-9]{20,}\b/g, REDACTED],
]

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
  const isCertificates =
    bytes === '' ||
    (bytes.startsWith(CERTIFICATE_HEAD) && ONLY_CERTIFICATES.test(Buffer.from(bytes, 'base64').toString('latin1')))
  return isCertificates ? field : head + REDACTED
}

/** Takes tokens, cookies, authorization headers, keys and passwords out of a text that came from a cluster. Redacting twice changes nothing. */
export function redact(text: string): string {
  const held = new Map<RegExp, boolean>()
  const holds = (within: RegExp): boolean => {
    const known = held.get(within) ?? within.test(text)
    held.set(within, known)
    return known
  }
  return RULES.reduce((clean, [find, put, within]) => {
    if (within !== undefined && !holds(within)) return clean
    return typeof put === 'string' ? clean.replace(find, put) : clean.replace(find, put)
  }, text)
}

const IS_HEADER = new RegExp(`^(?:${HEADERS})$`, 'i')
const IS_FIELD = new RegExp(`^(?:${FIELDS})$`, 'i')

/**
 * Takes secrets out of one value of an object, so that none can hide what stands beside it.
 * @param path names of the fields around the value; the last is its own
 * @param name what the item says it is called, where the value belongs to a list of names and values
 */
export function redactValue(value: string, path: readonly (string | number)[], name?: string): string {
  const own = path.at(-1)
  const isSecret =
    path.some((step) => typeof step === 'string' && IS_HEADER.test(step)) ||
    (typeof own === 'string' && IS_FIELD.test(own)) ||
    (name !== undefined && (IS_HEADER.test(name) || IS_FIELD.test(name)))
  return isSecret && value !== '' ? REDACTED : redact(value)
}
