import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { alertTrial } from '../drills/alert-trial.ts'
import { onRedis, redisIsPresent } from '../redis-server.ts'

describe.skipIf(!redisIsPresent())(`alerts to two bots, ${onRedis}`, () => {
  it.each(['worker', 'redis'] as const)(
    '%s killed in the middle: one message for each cause, with all of its alerts',
    async (kill) => {
      const folder = mkdtempSync(join(tmpdir(), 'mesh-medic-alerts-'))
      try {
        expect((await alertTrial(folder, { kill, after: 2000 })).odd).toEqual([])
      } finally {
        rmSync(folder, { recursive: true, force: true })
      }
    },
  )
})
