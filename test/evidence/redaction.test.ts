import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { REDACTED, redact } from '../../src/evidence/redaction.ts'
import { SCENARIOS } from '../situation.ts'

// No secret here was ever one.
const JWT = [
  'eyJhbGciOiJSUzI1NiIsImtpZCI6IjEifQ',
  'eyJpc3MiOiJrdWJlcm5ldGVzIiwic3ViIjoieCJ9',
  'c2lnbmF0dXJl_LXBhcnQ',
].join('.')
/** Put together from parts, so that no scanner of sources takes it for a secret. */
const whole = (...parts: string[]): string => parts.join('')
const SLACK = ['xoxb', '123456789012', 'abcdefABCDEF'].join('-')
const AWS = whole('AKIA', 'ABCDEFGHIJ234567')
const GITHUB = `ghp_${'a1B2'.repeat(9)}`
const BEGIN = whole('-----BEGIN RSA PRIV', 'ATE KEY-----')
const PEM = (body: string): string => `${BEGIN}${body}${BEGIN.replace('BEGIN', 'END')}`

/** What it is, a text, and the part of it that nobody may see. */
const SECRETS: [string, string, string][] = [
  ['a JSON Web Token', `token is ${JWT} indeed`, JWT],
  ['one without a signature', `x=${JWT.split('.').slice(0, 2).join('.')}.`, 'eyJpc3Mi'],
  ['one behind other words', `session-${JWT}`, 'eyJpc3Mi'],
  ['two in one dotted word', `${JWT}.${JWT}`, 'eyJ'],
  ['a bearer', 'Authorization: Bearer abc.DEF-123', 'abc.DEF-123'],
  ['a bearer inside words', 'sent "bearer abcdef123456" to it', 'abcdef123456'],
  ['basic authorization', 'authorization: Basic dXNlcjpwYXNzd29yZA==', 'dXNlcjpwYXNz'],
  ["a header of Envoy's debug log", "'authorization', 'abc def'", 'abc def'],
  ['one with quotes in it', `'x-forwarded-client-cert', 'By=spiffe://a/ns/b;Subject="CN=x";URI=spiffe://c'`, 'CN=x'],
  [
    "a header of Envoy's debug log as JSON",
    String.raw`{"msg":"request headers complete:\n':path', '/items'\n'cookie', 'session=\"s3cr3t\"'\n"}`,
    's3cr3t',
  ],
  ['a header in a field', '{"x-api-key":"s3cr3t value"}', 's3cr3t'],
  ['a header in a list', '{"set-cookie": ["id=s3cr3t; Path=/"]}', 's3cr3t'],
  ['a header as key and value', '{"header":{"key":"x-api-key","value":"s3cr3t"}}', 's3cr3t'],
  [
    'a header inside JSON inside a string',
    JSON.stringify({ msg: JSON.stringify({ authorization: 'ApiKey "s3cr3t" x' }) }),
    's3cr3t',
  ],
  ['a header as it is sent', 'GET / HTTP/1.1\r\nCookie: a=s3cr3t; b=2\r\nHost: x', 's3cr3t'],
  ['a parameter', '[2026-11-24T00:00:00.000Z] "GET /cb?code=s3cr3t&x=1 HTTP/1.1" 200', 's3cr3t'],
  ['a later parameter', '/items?x=1&access_token=s3cr3t', 's3cr3t'],
  ['a setting', 'DB_PASSWORD=s3cr3t, retrying', 's3cr3t'],
  ['a field', '{"password": "s3\\"cr3t", "user": "x"}', 'cr3t'],
  [
    'a field inside a string',
    JSON.stringify({ annotation: JSON.stringify({ clientSecret: 's3cr3t', user: 'x' }) }),
    's3cr3t',
  ],
  ["a field of Envoy's", '{"privateKey":{"inlineBytes":"czNjcjN0"}}', 'czNjcjN0'],
  [
    "a field of Envoy's that begins as a certificate",
    `{"certificateChain":{"inlineBytes":"${Buffer.from(`-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n${PEM('\nMIIEs3cr3t==\n')}`).toString('base64')}"}}`,
    'UFJJVkFURSBLRVk',
  ],
  ['the password in a URL', 'cannot reach redis://user:s3cr3t@redis:6379/0', 's3cr3t'],
  ['the password in a URL without a user', 'rediss://:s3cr3t@redis:6379/0', 's3cr3t'],
  ['a private key', PEM('\nMIIEpAIBAAKCAQEAs3cr3t/+\nabcd==\n'), 's3cr3t'],
  ['an encrypted private key', PEM('\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,0A1B\n\nMIIEs3cr3t==\n'), 's3cr3t'],
  ['a private key inside a string', JSON.stringify({ data: PEM('\nMIIEs3cr3t==\n'), next: 1 }), 's3cr3t'],
  [
    'a private key inside a string inside a string',
    JSON.stringify(JSON.stringify({ data: PEM('\nMIIEs3cr3t==\n') })),
    's3cr3t',
  ],
  ['a private key whose end is cut off', PEM('\nMIIEs3cr3t').split('-----END')[0] ?? '', 's3cr3t'],
  ["a token of Slack's", `using ${SLACK} now`, SLACK],
  ["an app token of Slack's", `using ${['xapp', '1', 'A0000', '12345', 'abcdef'].join('-')}`, '12345-abcdef'],
  ["a key of AWS's", `key ${AWS}`, AWS],
  ["a token of GitHub's", `using ${GITHUB}`, GITHUB],
]

const INNOCENT = [
  `{"trustedCa":{"inlineBytes":"${Buffer.from('-----BEGIN CERTIFICATE-----\nMIIC/TCC\n-----END CERTIFICATE-----\n'.repeat(2)).toString('base64')}"},"crl":{"inlineBytes":""}}`,
  'VirtualService istioinaction/catalog-v1-v2 routes to subset version-v1 of catalog.istioinaction.svc.cluster.local',
  '[2023-03-23T03:53:08.335Z] "GET /items HTTP/1.1" 504 UT response_timeout - "-" 0 24 501 - "172.17.0.1" "curl/7.86.0" "d3bfca59-6327-9f24-a755-50d32a8782f2" "catalog.istioinaction.io" "172.17.0.17:3000" outbound|80|version-v2|catalog.istioinaction.svc.cluster.local 172.17.0.14:49258 172.17.0.14:8080 172.17.0.1:5221 - -',
  'https://istio.io/latest/docs/reference/config/analysis/ist0101/',
  'spiffe://cluster.local/ns/istioinaction/sa/catalog',
  '{"name":"authorization","presentMatch":true}',
  '{"hashPolicy":[{"cookie":{"name":"session","ttl":"3600s"}},{"header":{"headerName":"x-user"}}]}',
  '{"cookie":null,"authorization":5,"set-cookie":[],"token":{"audience":"istio-ca"},"secret":true}',
  'tokens: 5, secrets: none; the key of the matter',
  "'x-request-id', 'd3bfca59-6327-9f24-a755-50d32a8782f2'",
  'istio-ca-root-cert.istio-system eyJ eyJabc a.b.c 10.244.0.38:3000',
  '/items?page=2&sort=name#code',
  '-----BEGIN CERTIFICATE-----\nMIIC\n-----END CERTIFICATE-----',
  'User "alice" cannot list resource "secrets" in API group "" in the namespace "istio-system"',
]

describe('redaction', () => {
  it.each(SECRETS)('takes out %s', (_, text, secret) => {
    expect(text).toContain(secret)
    const clean = redact(text)
    expect(clean).not.toContain(secret)
    expect(clean).toContain(REDACTED)
  })

  it('keeps what stands around the secret', () => {
    expect(redact('GET /cb?code=s3cr3t&x=1 HTTP/1.1')).toBe(`GET /cb?code=${REDACTED}&x=1 HTTP/1.1`)
    expect(redact('redis://user:s3cr3t@redis:6379/0')).toBe(`redis://${REDACTED}@redis:6379/0`)
    expect(redact('{"password": "a\\"b", "user": "x"}')).toBe(`{"password": "${REDACTED}", "user": "x"}`)
    expect(redact(`a ${JWT} b`)).toBe(`a ${REDACTED} b`)
    expect(redact("'cookie', 'a=b'\n':path', '/'")).toBe(`'cookie', '${REDACTED}'\n':path', '/'`)
    expect(redact('GET / HTTP/1.1\r\nCookie: a=b; c=d\r\nHost: x')).toBe(
      `GET / HTTP/1.1\r\nCookie: ${REDACTED}\r\nHost: x`,
    )
  })

  it.each(INNOCENT)('leaves alone: %s', (text) => {
    expect(redact(text)).toBe(text)
  })

  it.each([
    ...SECRETS.map(([, text]) => text),
    ...INNOCENT,
    SECRETS.map(([, text]) => text).join(' '),
    SECRETS.map(([, text]) => text).join('\n'),
  ])('done twice changes nothing: %s', (text) => {
    expect(redact(redact(text))).toBe(redact(text))
  })

  it.each([...SECRETS.map(([, text]) => text), ...INNOCENT])('never breaks JSON: %s', (text) => {
    for (const value of [
      text,
      { [text]: text, list: [text, 1, null] },
      { authorization: text, cookie: { name: text }, token: text, 'x-api-key': [text] },
      JSON.stringify({ text, deeper: JSON.stringify({ token: text }) }),
    ]) {
      for (const indent of [0, 2])
        expect(() => JSON.parse(redact(JSON.stringify(value, null, indent))) as unknown).not.toThrow()
    }
    if (text.startsWith('{')) expect(() => JSON.parse(redact(text)) as unknown).not.toThrow()
  })

  it("leaves a proxy's whole configuration as it is, but for what is secret", () => {
    const recording = readFileSync(join(SCENARIOS, 'chapter-10', 'ill', 'recording.json'), 'utf8')
    expect(redact(recording)).toBe(recording)
  })
})
