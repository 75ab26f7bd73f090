import { describe, expect, it } from 'vitest'
import { STAGES, type Hop } from '../../../src/diagnosis/follow/report.ts'
import { pathPicture } from '../../../src/report/path-picture.ts'
import { followMessage, followParts } from '../../../src/slack/blocks/follow.ts'
import { picture } from '../../../src/slack/answers/picture.ts'
import { expectPostable } from './postable.ts'
import { dice, nasty, RUN, sampleFollow } from './samples.ts'

const BUTTONS = ['run-again', 'full-report'].map((action) => ({
  action,
  id: 'abcdefghijkmnpqrstuv',
  label: nasty(dice(1), 200),
}))
describe('whatever names a way holds, Slack takes its messages', () => {
  it.each([
    ['no hop at all', { size: 40, many: 0 }, 10],
    ['small ones', { size: 40, many: 5 }, 25],
    ['middling ones', { size: 2000, many: 12 }, 5],
    ['many hops', { size: 60, many: 300 }, 1],
    ['quotes of 100 kB', { size: 40_000, many: 2 }, 1],
  ])('%s', (_name, scale, seeds) => {
    for (let seed = 1; seed <= seeds; seed += 1) {
      const report = sampleFollow(dice(seed), scale)
      expectPostable(followMessage(report, RUN, BUTTONS), 2)
      const parts = followParts(report)
      for (const { message } of parts) expectPostable(message)
      expect(new Set(parts.map(({ name }) => name)).size).toBe(parts.length)
      expect(parts.length).toBeLessThanOrEqual(12)
    }
  })

  it('says when hops have no message of their own', () => {
    expect(followMessage(sampleFollow(dice(3), { size: 20, many: 13 }), RUN, BUTTONS).isCut).toBe(true)
    expect(followMessage(sampleFollow(dice(3), { size: 20, many: 4 }), RUN, BUTTONS).isCut).not.toBe(true)
  })
})

describe('its picture', () => {
  it.each([
    ['no hop at all', { size: 40, many: 0 }],
    ['small ones', { size: 40, many: 5 }],
    ['long ones', { size: 3000, many: 40 }],
  ])('is made of %s', async (_name, scale) => {
    for (let seed = 1; seed <= 2; seed += 1) {
      const png = await picture(pathPicture(sampleFollow(dice(seed), scale)))
      expect(png.readUInt32BE(16)).toBeLessThanOrEqual(2800)
      expect(png.readUInt32BE(20)).toBeLessThanOrEqual(1700)
    }
  })

  it('keeps every text inside its box', () => {
    const widest = `${'w'.repeat(40)}${'M'.repeat(40)}`
    const hop = (stage: Hop['stage']): Hop => ({
      stage,
      ok: true,
      sure: true,
      name: widest,
      objects: [{ kind: 'VirtualService', name: widest }],
      says: widest,
      notes: [],
      command: '',
    })
    const report = { ...sampleFollow(dice(1), { size: 5, many: 0 }), hops: STAGES.map(hop) }
    // 204 pixels of room; a "w" is 0.82 of the size wide, an "M" 0.86.
    const inside = [...pathPicture(report).matchAll(/font-size="(1[12])"[^>]*>([^<]*w{3}[^<]*)</g)]
    expect(inside).toHaveLength(10)
    for (const [, size, words] of inside)
      expect(Number(size) * 0.82 * (words!.match(/w/g)?.length ?? 0)).toBeLessThanOrEqual(204)
  })
})
