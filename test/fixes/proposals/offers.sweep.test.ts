import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { changesOf } from '../../../src/fixes/propose.ts'
import { replay } from '../../replay.ts'
import { SCENARIOS, situations } from '../../situation.ts'

/** A situation is recorded some time after it is written down. */
const recorded = situations().filter(({ name }) =>
  ['ill', 'mended'].every((phase) => existsSync(join(SCENARIOS, name, phase, 'recording.json'))),
)

it.each(recorded.filter(({ expect: { verdict } }) => verdict === 'ill').map(({ name }) => name))(
  '%s: a change or advice for the cause, and nothing once it is mended',
  async (name) => {
    const ill = await replay(`${name}/ill`)
    const { changes, advice } = changesOf(ill)
    // Which cause it is, test/scenarios.test.ts says.
    if (ill.cause !== undefined) expect([...changes, ...advice].map((one) => one.for)).toContain(ill.cause.finding.code)
    for (const { says } of advice) expect(says).not.toMatch(/undefined|: \.|\(\)/)
    for (const { diff, id } of changes) {
      expect(diff).toMatch(/^--- .*\n\+\+\+ .*\n@@ /)
      expect(id).toMatch(/^[0-9a-f]{64}$/)
    }
    expect(new Set(changes.map(({ id }) => id)).size).toBe(changes.length)
    expect(changesOf(await replay(`${name}/mended`))).toEqual({ changes: [], advice: [] })
  },
)
