import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { policyOf } from '../../src/config/policy.ts'
import type { Message } from '../../src/sandbox/slack/stand-in.ts'
import { messageLines } from '../../src/sandbox/slack/terminal.ts'
import { readEntry, storedAudit, type AuditEntry } from '../../src/store/audit.ts'
import { probedMesh, type ProbedMesh } from '../probed-mesh.ts'
import { ended, openHouse, type House } from './house.ts'

const POLICY = policyOf({ channels: { C_MESH: { roles: { operator: { users: ['U_ONCALL'] } } } } })
const LINE = '/mesh diagnose catalog -n istioinaction --probe'

describe('/mesh diagnose TARGET --probe', () => {
  let mesh: ProbedMesh
  let house: House
  beforeEach(async () => {
    mesh = await probedMesh('chapter-10/ill', { answer: { code: 503, flags: 'NC cluster_not_found' } })
    house = await openHouse({ clients: mesh.clients, policy: POLICY })
  })
  afterEach(async () => {
    await house.close()
    await mesh.close()
  })

  const read = (message: Message): string => messageLines(message, house.slack.names).join('\n')
  const events = async (event: string): Promise<AuditEntry[]> => {
    const found: AuditEntry[] = []
    for await (const stored of storedAudit(house.backend.records)) {
      const entry = readEntry(stored)
      if (entry?.event === event && entry.at >= house.openedAt) found.push(entry)
    }
    return found
  }

  it('says in the thread what it sends before and after, and puts it on record', async () => {
    await house.slack.type(LINE, { user: 'U_ONCALL', channel: 'C_MESH' })
    const run = await ended(house)
    expect(run.outcome).toMatchObject({ verdict: 'ill' })
    const said = house.slack.thread('C_MESH', run.thread ?? '').map(read)
    const before = said.findIndex((text) => text.includes("Sending one probe through the gateway's own pod"))
    const after = said.findIndex((text) => text.includes('Probes: 1 sent, 1 counted as an observed request'))
    expect(before).toBeGreaterThan(-1)
    expect(after).toBeGreaterThan(before)
    expect(said[before]).toContain('GET http://catalog.istioinaction.io/ through istio-ingressgateway-')
    expect(said[before]).toContain('Not probed:')
    expect(said[after]).toContain('it was answered 503 (NC)')
    const [sent] = await events('probe-sent')
    expect(sent).toMatchObject({
      by: { user: 'U_ONCALL' },
      run: run.id,
      facts: { probes: [{ method: 'GET', authority: 'catalog.istioinaction.io', port: 8080, code: 503 }] },
    })
    expect(mesh.received).toHaveLength(1)
  })

  it('is refused to a viewer, to them alone, with what they may do; nothing is sent', async () => {
    await house.slack.type(LINE, { user: 'U_VISITOR', channel: 'C_MESH' })
    const told = await house.slack.waitFor(() => house.slack.ephemerals('U_VISITOR')[0])
    const text = read(told as unknown as Message)
    expect(text).toContain('that requires the role operator, and you are a viewer in this channel')
    expect(text).toContain('Those who may: @oncall')
    expect(text).toMatch(/\/mesh diagnose catalog -n istioinaction(?! --probe)/)
    expect(house.slack.messages('C_MESH')).toEqual([])
    expect(mesh.received).toEqual([])
    expect(await events('probe-refused')).toMatchObject([{ by: { user: 'U_VISITOR' }, facts: { probe: true } }])
  })

  it('is a flag without a value, given once', async () => {
    for (const [line, why] of [
      ['/mesh diagnose catalog --probe=yes', '--probe takes no value.'],
      ['/mesh diagnose catalog --probe --probe', '--probe is given twice.'],
      ['/mesh diagnose catalog --prob', 'Did you mean --probe?'],
    ] as const) {
      await house.slack.type(line, { user: 'U_ONCALL', channel: 'C_MESH' })
      await house.slack.waitFor(() =>
        house.slack.ephemerals('U_ONCALL').find((one) => read(one as unknown as Message).includes(why)),
      )
    }
    expect(mesh.received).toEqual([])
  })
})
