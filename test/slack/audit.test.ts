import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { UnseenError } from '../../src/evidence/clients/clients.ts'
import { MOST_EVENTS } from '../../src/slack/blocks/audit.ts'
import { recordAudit } from '../../src/store/audit.ts'
import type { Records } from '../../src/store/records.ts'
import { openLeaseHouse, type LeaseHouse } from './lease-house.ts'
import { failingClients } from './slow-clients.ts'

let house: LeaseHouse
beforeEach(async () => {
  house = await openLeaseHouse()
})
afterEach(() => house.close())

const count = async (records: Records): Promise<number> => (await records.lastEntry('audit'))?.sequence ?? 0

describe('/mesh audit', () => {
  it('shows the last events, newest first, and that the chain is whole', async () => {
    const { run, message } = await house.asked('/mesh log-level catalog http:debug --pods 1')
    await house.press(message, 'Put back now', 'U_THIRD')
    const told = await house.told('/mesh audit', 'U_VISITOR')
    const entries = await count(house.backend.records)
    expect(told).toMatch(new RegExp(`^(The last ${MOST_EVENTS} of \\d+|\\d+) events\n\n- ${entries}  `))
    expect(told).toMatch(
      /- \d+ {2}[\d-]+ [\d:]+ {2}lease-ended @U_THIRD `service\/shop\/catalog` {2}put back\n[\s\S]*lease-granted @U_ONCALL `service\/shop\/catalog` {2}http:debug · 20[\s\S]*lease-asked @U_ONCALL `service\/shop\/catalog` {2}catalog · http:debug/,
    )
    expect(told).toContain(`✓ the chain is whole: ${entries} entries, head `)
    expect(run.outcome).toBeDefined()
  })

  it('shows those of one target alone, also of one that is gone or when the cluster does not answer', async () => {
    const { records } = house.backend
    const [service, gone] = [
      `deployment/shop/web-${house.openedAt.replace(/\D/g, '')}`,
      `service/shop/old-${house.openedAt.replace(/\D/g, '')}`,
    ]
    await recordAudit(records, {
      event: 'fix-applied',
      by: { user: 'U_SECOND' },
      target: service,
      facts: { act: 'add-subsets', channel: 'C_MESH' },
    })
    await recordAudit(records, {
      event: 'fix-undone',
      by: { user: 'U_SECOND' },
      target: gone,
      facts: { outcome: 'undone', channel: 'C_MESH' },
    })
    await recordAudit(records, {
      event: 'fix-approved',
      by: { user: 'U_SECOND' },
      target: service,
      facts: { text: 'approve Define subsets', verb: 'approve', channel: 'C_MESH' },
    })
    expect(await house.told(`/mesh audit ${service.split('/')[2]!}`)).toContain('  approve Define subsets\n')
    const name = gone.split('/')[2]!
    const told = await house.told(`/mesh audit ${name}`)
    expect(told).toMatch(new RegExp(`^1 event of ${name}\n\n- \\d+ .* fix-undone @U_SECOND \`${gone}\`  undone\n`))
    expect(await house.told(`/mesh audit ${name} -n shop`)).toContain('1 event of')
    expect(await house.told(`/mesh audit ${name} -n elsewhere`)).toMatch(/^⚠️ There is no/)
    await house.close()
    house = await openLeaseHouse({
      records,
      clients: ({ clients }) => failingClients(clients, () => new UnseenError('unavailable', 'connection refused')),
    })
    expect(await house.told(`/mesh audit ${name}`)).toContain('fix-undone')
    expect(await house.told('/mesh audit nothing-of-it')).toContain('The cluster could not be read: connection refused')
  })

  it('names the nearest target, for this command', async () => {
    expect(await house.told('/mesh audit catalgo')).toMatch(
      /There is no service catalgo[\s\S]*`\/mesh audit catalog\.shop`/,
    )
    expect(await house.told('/mesh audit catalog web')).toContain('One target at a time.')
    expect(await house.told('/mesh audit -n shop')).toContain('A namespace alone is not a target.')
    expect(await house.told('/mesh audit ../etc')).toContain('is not a name Kubernetes allows')
  })

  it('says where the chain is broken, and shows what can be read all the same', async () => {
    const real = house.backend.records
    const entries = await (async () => {
      await recordAudit(real, { event: 'fix-proposed', by: { user: 'U_SECOND' } })
      return count(real)
    })()
    const broken = new Proxy(real, {
      get: (target, key: keyof Records) =>
        key !== 'entries'
          ? target[key].bind(target)
          : async (...args: Parameters<Records['entries']>) =>
              (await target.entries(...args)).map((entry) =>
                entry.sequence === entries ? { ...entry, value: { at: 'never' } } : entry,
              ),
    })
    await house.close()
    house = await openLeaseHouse({ records: broken })
    const told = await house.told('/mesh audit')
    expect(told).toContain(`✗ the chain is BROKEN at entry ${entries}: it was changed`)
    expect(told).not.toContain(`- ${entries}  `)
  })

  it('reads everything once, however long it is', async () => {
    const { records } = house.backend
    for (let at = 0; at < 40; at += 1)
      await recordAudit(records, {
        event: 'fix-asked',
        by: { user: 'U_SECOND' },
        facts: { channel: 'C_MESH', text: `<!channel> ${at}` },
      })
    const pages: number[] = []
    const counting = new Proxy(records, {
      get: (target, key: keyof Records) =>
        key !== 'entries'
          ? target[key].bind(target)
          : (stream: string, options: { from?: number } = {}) => {
              pages.push(options.from ?? 1)
              return target.entries(stream, options)
            },
    })
    await house.close()
    house = await openLeaseHouse({ records: counting })
    pages.length = 0
    const told = await house.told('/mesh audit')
    expect(told).toMatch(new RegExp(`^The last ${MOST_EVENTS} of \\d+ events`))
    expect(told.match(/\n- /g)).toHaveLength(MOST_EVENTS)
    expect(pages.filter((from) => from === 1)).toHaveLength(1)
    expect(JSON.stringify(house.slack.ephemerals()[0]!.blocks)).not.toContain('"broadcast"')
  })
})
