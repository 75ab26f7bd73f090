import { describe, expect, it } from 'vitest'
import { applied, parseManifest } from '../../../src/fixes/manifest.ts'
import { changesOf, proposalsFor } from '../../../src/fixes/propose.ts'
import type { Write } from '../../../src/fixes/proposal.ts'
import { Evidence } from '../../../src/evidence/evidence.ts'
import type { ObjectKind } from '../../../src/evidence/reading.ts'
import { formatRef } from '../../../src/mesh/ref.ts'
import { replay } from '../../replay.ts'

const KINDS: Readonly<Record<string, ObjectKind>> = {
  DestinationRule: 'destination-rules',
  VirtualService: 'virtual-services',
  Service: 'services',
}

/** The spec that a proposal leaves behind. */
function specAfter(write: Write, evidence: Evidence): unknown {
  if (write.verb === 'delete') return undefined
  const object = evidence.object(KINDS[write.ref.kind] as 'services', write.ref.namespace ?? '', write.ref.name)
  const manifest = parseManifest(write.manifest)
  return object === undefined ? manifest.spec : applied(object, manifest).spec
}

/** Situations whose own mended.yaml is the smallest change, and the candidate that is the same where there are several. */
const SAME: readonly { name: string; choice?: string; fields?: readonly string[] }[] = [
  { name: 'chapter-10' },
  { name: 'subset-without-pods' },
  { name: 'unbound-virtual-service' },
  { name: 'unnamed-port', choice: 'port 8080 (http)' },
  { name: 'wrong-port' },
  // The rest of a Service's spec is what the API server gave it when it was made again.
  { name: 'selector-matches-nothing', fields: ['selector', 'ports'] },
  { name: 'wrong-target-port', fields: ['selector', 'ports'] },
]

const pick = (spec: unknown, fields: readonly string[] | undefined): unknown =>
  fields === undefined
    ? spec
    : Object.fromEntries(fields.map((field) => [field, (spec as Record<string, unknown>)[field]]))

describe('a proposal leaves the objects as the people who mended the situation did', () => {
  it.each(SAME)('$name', async ({ name, choice, fields }) => {
    const [ill, mended] = [await replay(`${name}/ill`), await replay(`${name}/mended`)]
    const evidence = new Evidence(ill.readings)
    const { proposals } = proposalsFor(ill.cause === undefined ? [] : [ill.cause.finding], evidence, ill.target)
    const writes = proposals.filter((one) => one.choice === choice).flatMap((one) => one.writes)
    const [write] = writes
    expect(writes).toHaveLength(1)
    if (write === undefined) return
    const after = new Evidence(mended.readings).object(
      KINDS[write.ref.kind] as 'services',
      write.ref.namespace ?? '',
      write.ref.name,
    )
    expect(after, formatRef(write.ref)).toBeDefined()
    expect(pick(specAfter(write, evidence), fields)).toEqual(pick(after?.spec, fields))
  })
})

describe('what a report offers', () => {
  it('gives the same change the same id, and another one when the object has changed', async () => {
    const report = await replay('wrong-port/ill')
    const [first] = changesOf(report).changes
    expect(changesOf(await replay('wrong-port/ill')).changes[0]?.id).toBe(first?.id)
    const readings = report.readings.map((reading) =>
      reading.kind === 'virtual-services' && reading.ok
        ? {
            ...reading,
            value: reading.value.map((one) => ({ ...one, metadata: { ...one.metadata, resourceVersion: '999999' } })),
          }
        : reading,
    )
    expect(changesOf(report, new Evidence(readings)).changes[0]?.id).not.toBe(first?.id)
  })

  it('tells candidates apart', async () => {
    const report = await replay('unnamed-port/ill')
    const { proposals } = proposalsFor(report.findings, new Evidence(report.readings), report.target)
    expect(proposals.map(({ choice }) => choice)).toEqual(['port 8080 (http)', 'port 8081 (http-admin)'])
  })

  it('says nothing twice: what the cause explains goes away with it', async () => {
    const report = await replay('chapter-10/ill')
    expect(report.findings.map(({ code }) => code)).toEqual(['MESH0101', 'MESH0401'])
    expect(changesOf(report).advice).toEqual([])
    expect(changesOf(report).changes.map(({ act, subjects }) => [act, subjects.map(formatRef)])).toEqual([
      ['add-subsets', ['DestinationRule istioinaction/catalog']],
    ])
  })

  it('does not show what a pod is made of', async () => {
    const { changes } = changesOf(await replay('slow-endpoint/ill'))
    const change = changes.find(({ act }) => act === 'replace-one-pod')
    expect(change?.diff.split('\n').filter((line) => line.startsWith('-')).length).toBeLessThan(8)
  })
})
