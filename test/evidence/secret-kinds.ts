import { createHash } from 'node:crypto'

const LOWER = 'abcdefghijklmnopqrstuvwxyz'
const DIGITS = '0123456789'
const HEX = '0123456789abcdef'
const UPPER = LOWER.toUpperCase()
const BASE62 = LOWER + UPPER + DIGITS

/** Characters drawn from a seed: always the same for one, and never anybody's. */
function drawn(seed: string, alphabet: string, length: number): string {
  let text = ''
  for (let block = 0; text.length < length; block += 1)
    for (const byte of createHash('sha256').update(`${seed} ${block}`).digest())
      text += alphabet[byte % alphabet.length] ?? ''
  return text.slice(0, length)
}

/** A kind of secret: what it is, and a text that holds it; `%` stands for the part that nobody may see. */
export interface SecretKind {
  name: string
  text: string
  secret: string
}

type Alphabet = 'upper' | 'hex' | 'any' | 'lower'
const ALPHABETS: Readonly<Record<Alphabet, string>> = {
  upper: UPPER + DIGITS,
  hex: HEX,
  any: BASE62,
  lower: LOWER + DIGITS,
}

/** Tokens by what they begin with, written in two so that no scanner of sources takes one for real. */
const TOKENS: readonly (readonly [begin: string, rest: string, alphabet: Alphabet, length: number])[] = [
  ['AK', 'IA', 'upper', 16],
  ['AS', 'IA', 'upper', 16],
  ['AR', 'OA', 'upper', 16],
  ['AI', 'za', 'any', 35],
  ['ya', '29.', 'any', 40],
  ['GOC', 'SPX-', 'any', 28],
  ['LT', 'AI', 'any', 20],
  ['dop', '_v1_', 'hex', 64],
  ['doo', '_v1_', 'hex', 64],
  ['dap', 'i', 'hex', 32],
  ['dp.', 'pt.', 'any', 43],
  ['tskey', '-auth-', 'any', 24],
  ['gh', 'p_', 'any', 36],
  ['gh', 'o_', 'any', 36],
  ['gh', 'u_', 'any', 36],
  ['gh', 's_', 'any', 36],
  ['gh', 'r_', 'any', 36],
  ['github', '_pat_', 'any', 60],
  ['gl', 'pat-', 'any', 20],
  ['gl', 'dt-', 'any', 20],
  ['gl', 'rt-', 'any', 20],
  ['gl', 'cbt-', 'any', 20],
  ['np', 'm_', 'any', 36],
  ['py', 'pi-', 'any', 60],
  ['ruby', 'gems_', 'hex', 48],
  ['dckr', '_pat_', 'any', 27],
  ['ATA', 'TT3', 'any', 60],
  ['lin', '_api_', 'any', 40],
  ['PM', 'AK-', 'hex', 24],
  ['sk', '_live_', 'any', 24],
  ['rk', '_live_', 'any', 24],
  ['sk', '_test_', 'any', 24],
  ['wh', 'sec_', 'any', 32],
  ['sq0', 'csp-', 'any', 43],
  ['sq0', 'atp-', 'any', 22],
  ['EA', 'AA', 'any', 60],
  ['shp', 'at_', 'hex', 32],
  ['shp', 'ss_', 'hex', 32],
  ['hv', 's.', 'any', 24],
  ['hv', 'b.', 'any', 90],
  ['s', '.', 'any', 24],
  ['ops', '_', 'any', 60],
  ['AGE-SECRET', '-KEY-1', 'upper', 58],
  ['gl', 'sa_', 'any', 32],
  ['gl', 'c_', 'any', 40],
  ['NR', 'AK-', 'upper', 27],
  ['sn', 'trys_', 'any', 60],
  ['ph', 'c_', 'any', 43],
  ['xo', 'xb-', 'any', 24],
  ['xo', 'xp-', 'any', 24],
  ['xa', 'pp-', 'any', 24],
  ['xkey', 'sib-', 'hex', 64],
  ['ke', 'y-', 'hex', 32],
  ['1234', '56789:AA', 'any', 33],
  ['S', 'K', 'hex', 32],
  ['sk', '-ant-', 'any', 40],
  ['sk', '-proj-', 'any', 40],
  ['sk', '-', 'any', 48],
  ['hf', '_', 'any', 34],
  ['gs', 'k_', 'any', 48],
  ['r', '8_', 'any', 37],
  ['nv', 'api-', 'any', 60],
  ['nt', 'n_', 'any', 43],
  ['fig', 'd_', 'any', 40],
  ['pscale', '_tkn_', 'any', 40],
  ['sb', 'p_', 'hex', 40],
  ['', '', 'any', 24],
  ['', '', 'any', 40],
  ['', '', 'lower', 32],
  ['', '', 'hex', 64],
]

/** Where a secret of no form stands that tells it from a word; it is short. */
const CONTEXTS: readonly string[] = [
  'Bearer %',
  'authorization: Basic %',
  'Authorization: Digest %',
  'cookie: session=%',
  'Set-Cookie: id=%; Path=/',
  'x-api-key: %',
  ...['password', 'passwd', 'pwd', 'secretKey', 'secret_key', 'clientSecret', 'client_secret', 'apiKey', 'api_key'].map(
    (name) => JSON.stringify({ [name]: '%', user: 'x' }),
  ),
  ...['accessToken', 'refresh_token', 'passphrase', 'privateKey', 'dbPassword', 'encryptionKey', 'sessionId'].map(
    (name) => JSON.stringify({ [name]: '%', user: 'x' }),
  ),
  ...['DB_PASSWORD', 'MYSQL_PWD', 'API_KEY', 'JWT_SECRET', 'AWS_SECRET_ACCESS_KEY', 'SLACK_TOKEN', 'SIGNING_KEY'].map(
    (name) => `${name}=%`,
  ),
  ...['token', 'password', 'api-key', 'client-secret', 'auth-token', 'secret'].map(
    (name) => `program --${name} % start`,
  ),
  ...['token', 'password', 'api-key'].map((name) => `program --${name}=% start`),
  'curl -u admin:% host',
  ...['session', 'AUTH', 'token', 'sig', 'code', 'key', 'password', 'sid', 'x', 'next'].map(
    (name) => `https://shop.example/cb?a=1&${name}=%&page=2`,
  ),
  ...[
    'https',
    'http',
    'ftp',
    'nats',
    'ws',
    'wss',
    'redis',
    'rediss',
    'postgres',
    'postgresql',
    'mysql',
    'amqp',
    'amqps',
    'mongodb',
    'mongodb+srv',
    'ldap',
    'smtp',
    'sftp',
    'mqtt',
    'kafka',
    'clickhouse',
    'jdbc:sqlserver',
  ].map((scheme) => `${scheme}://user:%@db.example:9000/x`),
  'redis://:%@db.example:6379',
  'password: %',
  'the api key is % for now',
]

const BLOCKS: readonly string[] = [
  'RSA PRIVATE KEY',
  'EC PRIVATE KEY',
  'PRIVATE KEY',
  'OPENSSH PRIVATE KEY',
  'ENCRYPTED PRIVATE KEY',
  'PGP PRIVATE KEY BLOCK',
]
const WEBHOOKS: readonly string[] = [
  'hooks.slack.com/services',
  'discord.com/api/webhooks',
  'shop.webhook.office.com/webhookb2',
]

const jwt = (seed: string): string =>
  [{ alg: 'RS256' }, { sub: seed }].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')

/** Kinds of secret, each made from a seed. */
export function secretKinds(seed: string): SecretKind[] {
  return [
    ...TOKENS.map(([begin, rest, alphabet, length]): SecretKind => {
      const body = drawn(`${seed} ${begin}${rest}${length}`, ALPHABETS[alphabet], length)
      return { name: `${begin}${rest}${length} ${alphabet}`, text: `using ${begin}${rest}${body} now`, secret: body }
    }),
    ...CONTEXTS.map((context): SecretKind => {
      const secret = `zq${drawn(seed + context, DIGITS, 4)}${drawn(seed + context, LOWER, 5)}`
      return { name: context, text: context.replace('%', secret), secret }
    }),
    ...BLOCKS.map((block): SecretKind => {
      const secret = drawn(seed + block, BASE62, 48)
      return { name: block, text: ['-----BEGIN ', `${block}-----\n${secret}\n-----END ${block}-----`].join(''), secret }
    }),
    ...WEBHOOKS.map((host): SecretKind => {
      const secret = `zq${drawn(seed + host, DIGITS, 6)}`
      return { name: host, text: `posting to https://${host}/T0/${secret} failed`, secret }
    }),
    {
      name: 'a JSON Web Token',
      text: `token ${jwt(seed)}.${drawn(seed, BASE62, 40)}`,
      secret: jwt(seed).split('.')[1] ?? '',
    },
  ]
}
