import { expect, it } from 'vitest'
import { redactLog } from '../../src/capabilities/redact-log.ts'
import { redact } from '../../src/evidence/redaction.ts'
import { GATEWAY } from '../timeline/recorded.ts'

it('redacts a long log part by part as it does at once, and lets others have their turn', async () => {
  const key = `-----BEGIN PRIVATE KEY-----\n${'MIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n'.repeat(200)}-----END PRIVATE KEY-----`
  const log = Array.from(
    { length: 40 },
    (_, index) => `${GATEWAY}2026-11-30T23:51:31.000000Z\tinfo\tsds\tkey ${index}:\n${key}\n`,
  ).join('')
  let turns = 0
  const counting = setInterval(() => (turns += 1), 0)
  const clean = await redactLog(log)
  clearInterval(counting)
  expect(clean).toBe(redact(log))
  expect(clean).not.toContain('MIIEvQ')
  expect(turns).toBeGreaterThan(0)
})
