import { expect, it } from 'vitest'
import { redact } from '../../src/evidence/redaction.ts'

/** Put together from parts, so that no scanner of sources takes it for a secret. */
const BEGIN = ['-----BEGIN RSA PRIV', 'ATE KEY-----'].join('')
const MEGABYTE = 1_000_000
const HOSTILE = [
  'eyJ',
  '-eyJ',
  'eyJaaaaaa.',
  'eyJaaaaaa.eyJaaaaa.',
  'a.',
  'bearer ',
  'bearer\t\n',
  BEGIN,
  '-----BEGIN ',
  `${BEGIN}\\`,
  `${BEGIN}\nAAAA\n-`,
  "'cookie', '",
  "'cookie'",
  '"cookie":"',
  '"cookie":[',
  '\\"cookie\\":\\"',
  '"token":"\\',
  '"token":"',
  '\\"token\\":\\"\\\\\\"',
  '\\\\\\"',
  'authorization:',
  'authorization ',
  'authorization=\t',
  ' cookie: {',
  '?token=',
  '&key',
  'password=',
  'http://',
  'http://a:',
  'http://a:b',
  'http://:@',
  'xoxb-',
  'ghp_',
  `ghp_${'a'.repeat(30)}_`,
  'AKIA',
  '"key":"cookie","value":"',
  '"',
  "'",
  '\\',
  ' ',
  '\n',
  '{"a":',
  'a',
  ...['"token":"', BEGIN, 'eyJhbGci.', 'bearer', '"cookie":'].map((begin) => begin + ' '.repeat(MEGABYTE)),
]
it.each(HOSTILE.map((piece) => [piece.slice(0, 40), piece]))('redaction ends for a megabyte of %j', (_, piece) => {
  const text = piece.repeat(Math.ceil(MEGABYTE / piece.length))
  expect(redact(text).length).toBeGreaterThan(0)
})
