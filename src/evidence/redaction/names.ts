/** How the names of what is secret end: `DB_PASSWORD`, `x-access-token`, `secretKey`. A source for regular expressions that ignore case. */
export const SECRET_END = [
  String.raw`pass(?:word|wd|phrase|code)`,
  String.raw`(?<![a-z])pass`,
  'pwd',
  'secrets?',
  '(?<!next|continue|page|list)token',
  String.raw`(?:api|access|account|auth|client|deploy|encryption|license|master|private|secret|service|session|shared|signing|ssh|storage|stream|webhook)[-_.]?keys?`,
  'credentials?',
  String.raw`(?<![a-z])auth`,
  String.raw`session(?:[-_.]?id)?`,
  String.raw`(?<![a-z])(?:sid|jsessionid|phpsessid|otp|pin|jwt|dsn|bearer|hmac)`,
  'signature',
  String.raw`connection[-_.]?string`,
].join('|')

/** Names of parameters of a request whose values are secrets, and of nothing else that is called so. */
const OF_PARAMETERS = 'key|code|sig|state|ticket|x-amz-credential|x-goog-credential|sas|hash|email|user(?:name)?'

/** Headers that say who somebody is. */
export const SECRET_HEADERS =
  'authorization|proxy-authorization|cookie|set-cookie|x-api-key|x-auth-token|x-csrf-token|x-xsrf-token|x-amz-security-token|x-forwarded-client-cert'

const ENDS = new RegExp(`(?:${SECRET_END})$`, 'i')
const HEADER = new RegExp(`^(?:${SECRET_HEADERS})$`, 'i')
const PARAMETER = new RegExp(`^(?:${OF_PARAMETERS})$`, 'i')

/** Names come again and again; those kept first go first. */
const known = new Map<string, boolean>()
const MOST_KNOWN = 5000

/** True for the name of a field, a setting or a header whose value is a secret. */
export function isSecretName(name: string): boolean {
  let secret = known.get(name)
  if (secret === undefined) {
    secret = name.length < 200 && (ENDS.test(name) || HEADER.test(name))
    known.set(name, secret)
    const [oldest] = known.size > MOST_KNOWN ? known.keys() : []
    if (oldest !== undefined) known.delete(oldest)
  }
  return secret
}

/** True for the name of a request's parameter whose value is a secret. */
export const isSecretParameter = (name: string): boolean => PARAMETER.test(name) || isSecretName(name)

/** A word that tells nothing: letters, a short number, a version. */
const PLAIN_WORD = /^(?:[A-Za-z]{1,20}|\d{1,6}|v\d{1,4}|\d{1,3}m?s)$/
/** Characters of the longest value that is looked at for being plain, and words in it. */
const LONGEST_PLAIN = 64
const MOST_WORDS = 8

/** True for a short value made of plain words, as routes are chosen by: `jason`, `version-v2`, `^beta.*`. */
export function isPlain(value: string): boolean {
  if (value.length > LONGEST_PLAIN) return false
  const words = value.split(/[^A-Za-z0-9]+/).filter((word) => word !== '')
  return words.length <= MOST_WORDS && words.every((word) => PLAIN_WORD.test(word))
}
