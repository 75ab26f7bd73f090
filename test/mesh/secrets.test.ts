import { expect, it } from 'vitest'
import { validityOf, type Certificate } from '../../src/mesh/secrets.ts'

const DAY = 24 * 3600
const NOW = Date.parse('2026-11-24T03:00:00Z')
const lasting = (fromSeconds: number, untilSeconds: number): Certificate => ({
  serial: '1',
  subject: '',
  issuer: '',
  names: [],
  notBefore: new Date(NOW + fromSeconds * 1000).toISOString(),
  notAfter: new Date(NOW + untilSeconds * 1000).toISOString(),
})

it.each([
  ['fresh', -120, DAY, 'valid'],
  ['at half of its life', -DAY / 2 - 120, DAY / 2, 'valid'],
  ['with five hours of a day left', -19 * 3600 - 120, 5 * 3600, 'expiring'],
  ['of a minute, dated back by two, at half of its life', -150, 30, 'valid'],
  ['of ten years with two years left', -8 * 365 * DAY, 2 * 365 * DAY, 'valid'],
  ['of ten years with 29 days left', -10 * 365 * DAY, 29 * DAY, 'expiring'],
  ['over', -DAY, -1, 'expired'],
  ['of tomorrow', DAY, 2 * DAY, 'not yet valid'],
] as const)('says how a certificate stands: %s', (_, from, until, standing) => {
  expect(validityOf(lasting(from, until), NOW)).toBe(standing)
})
