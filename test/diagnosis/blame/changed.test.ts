import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { formatRef } from '../../../src/mesh/ref.ts'
import { Change } from '../../checks/cases.ts'
import { blamedIn } from './blamed.ts'

const Changed = z.strictObject({
  name: z.string(),
  from: z.string(),
  ask: z.string().optional(),
  changes: z.array(Change),
  blames: z
    .array(
      z.strictObject({
        code: z.string(),
        subject: z.string(),
        standing: z.enum(['live', 'observed']),
        /** Words of the clause that says why. */
        says: z.string().default(''),
      }),
    )
    .default([]),
})

const cases = z
  .array(Changed)
  .parse(parse(readFileSync(join(import.meta.dirname, 'changed.yaml'), 'utf8'), { merge: true }))

describe('following blames', () => {
  it.each(cases)('$name', async ({ blames, ...one }) => {
    const { findings, followed } = await blamedIn(one)
    expect(
      findings.map(({ code, subject, standing, args }) => ({
        code,
        subject: formatRef(subject),
        standing,
        says: String(args.clause ?? ''),
      })),
    ).toEqual(blames.map((each) => ({ ...each, says: expect.stringContaining(each.says) as unknown })))
    expect(followed.some(({ outcome }) => outcome === 'fails')).toBe(blames.length > 0)
  })

  it('a rule that makes callers speak HTTP/2 before what a check says of the port', async () => {
    const upgrade = cases.find(({ name }) => name.startsWith('a DestinationRule turns requests into HTTP/2'))
    if (upgrade === undefined) throw new Error('the case is gone')
    const { deeper } = await blamedIn(upgrade)
    expect(deeper.map(formatRef)).toEqual(['DestinationRule istioinaction/faster'])
  })

  it.each([
    ['a policy that was changed long after the rule', 'PeerAuthentication istioinaction/default'],
    ['a Service was given another port after the route', 'Service istioinaction/catalog'],
  ])('%s, before a check that always names the other', async (name, subject) => {
    const newer = cases.find((one) => one.name.startsWith(name))
    if (newer === undefined) throw new Error('the case is gone')
    const { deeper } = await blamedIn(newer)
    expect([...new Set(deeper.map(formatRef))]).toEqual([subject])
  })

  it('has every code in some case', () => {
    expect([...new Set(cases.flatMap(({ blames }) => blames.map(({ code }) => code)))].sort()).toEqual([
      'MESH0131',
      'MESH0132',
      'MESH0331',
      'MESH0431',
      'MESH0432',
      'MESH0531',
    ])
  })
})
