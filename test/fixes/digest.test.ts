import { describe, expect, it } from 'vitest'
import { applyChange, writesOf, type ApplyDeps } from '../../src/fixes/apply.ts'
import { digestOf } from '../../src/fixes/digest.ts'
import { APPROVED, sampleChange } from '../slack/blocks/change-samples.ts'

/** Neither the store nor the cluster may be asked for anything. */
const untouched = new Proxy({} as ApplyDeps, {
  get: (_, name) => {
    throw new Error(`${String(name)} was used`)
  },
})
const { signal } = new AbortController()

describe('the digest of a stored change', () => {
  it('is compared before anything is read or written', async () => {
    const stored = sampleChange(APPROVED)
    const own = digestOf(writesOf(stored.writes))
    const other = stored.writes.map((write) =>
      write.verb === 'apply' ? { ...write, manifest: `${write.manifest}# altered\n` } : write,
    )
    expect(digestOf(writesOf(other))).not.toBe(own)
    await expect(applyChange(deps(), { ...stored, digest: own, writes: other }, signal)).rejects.toMatchObject({
      reason: 'refused',
      sent: false,
    })
  })

  it('lets what was approved through', async () => {
    const stored = sampleChange(APPROVED)
    await expect(applyChange(deps(), { ...stored, digest: digestOf(writesOf(stored.writes)) }, signal)).rejects.toThrow(
      'was used',
    )
  })
})

function deps(): ApplyDeps {
  return { records: untouched as never, writer: untouched as never }
}
