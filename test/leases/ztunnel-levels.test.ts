import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startApiServer, type ApiServer } from '../fixes/api-server.ts'
import { clusterWriter } from '../../src/fixes/writer.ts'
import { UnseenError, type Clients } from '../../src/evidence/clients/clients.ts'
import { parseZtunnelLevels as parsePrinted, readZtunnelLevels } from '../../src/evidence/collectors/ztunnel-levels.ts'
import { putBack } from '../../src/leases/put-back.ts'
import { raise, type LeaseRequest } from '../../src/leases/raise.ts'
import { sweepLeases } from '../../src/leases/sweep-leases.ts'
import type { LeaseDeps } from '../../src/leases/lease-deps.ts'
import { updateLease, type LeaseRecord } from '../../src/leases/lease-record.ts'
import { parseZtunnelLevels, ztunnelLevelsText } from '../../src/leases/ztunnel-levels/levels.ts'
import type { Pod } from '../../src/mesh/objects.ts'
import { memoryRecords } from '../store/memory-records.ts'
import { NEVER, statesOf } from './house.ts'
import { ZtunnelStandIn } from './ztunnel-stand-in.ts'

const STARTED = 'hickory_server::server::server_future=off,info'
const POD: Pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'ztunnel-x7k', namespace: 'istio-system', uid: 'uid-ztunnel', labels: { app: 'ztunnel' } },
  spec: { nodeName: 'worker', containers: [{ name: 'istio-proxy' }] },
  status: {
    phase: 'Running',
    containerStatuses: [{ name: 'istio-proxy', state: { running: { startedAt: '2026-11-24T00:00:00Z' } } }],
  },
}

let server: ApiServer
let ztunnel: ZtunnelStandIn
let deps: LeaseDeps
async function standIn(options: ConstructorParameters<typeof ZtunnelStandIn>[0] = {}): Promise<void> {
  ztunnel = new ZtunnelStandIn(options)
  const portForward = await ztunnel.listen()
  const clients: Pick<Clients, 'kubernetes' | 'istioctl' | 'portForward'> = {
    kubernetes: {
      list: ({ plural }) => Promise.resolve(plural === 'pods' ? [POD] : []),
      log: () => Promise.resolve(''),
      allowed: () => Promise.resolve(true),
      version: () => Promise.resolve('v1.34.0'),
    },
    istioctl: { run: () => Promise.reject(new UnseenError('unavailable', 'istioctl is not asked')) },
    portForward,
  }
  deps = { records: memoryRecords(), clients, writer: clusterWriter({ clients, kubeconfig: server.kubeconfig }) }
}
beforeEach(async () => {
  server = await startApiServer()
})
afterEach(async () => {
  await ztunnel.close()
  await server.stop()
})

const request = (settings: LeaseRequest['settings']): LeaseRequest => ({
  id: 'lease-1',
  run: 'run-1',
  kind: 'ztunnel-levels',
  settings,
  minutes: 10,
  pods: [POD],
  by: { user: 'U_ONCALL' },
  target: 'service/shop/catalog',
  asked: { text: 'catalog' },
})
const raised = (settings: LeaseRequest['settings']): Promise<LeaseRecord> => raise(deps, request(settings), NEVER)
const back = async (): Promise<LeaseRecord> => (await putBack(deps, 'lease-1', { why: 'put back' }, NEVER))!

describe('log levels of a ztunnel', () => {
  it('are raised beside what is there, and put back by a reset with the rest said again', async () => {
    await standIn()
    const lease = await raised({ access: 'debug' })
    expect(statesOf(lease)).toEqual(['raised'])
    expect(lease.proxies[0]?.before).toEqual({ access: '' })
    expect(ztunnel.levels).toBe(`hickory_server::server::server_future=off,access=debug,info`)
    expect(statesOf(await back())).toEqual(['put-back'])
    expect(ztunnel.levels).toBe(STARTED)
    expect(ztunnel.asked.filter((asked) => asked.includes('level'))).toEqual([
      'POST /logging?level=access=debug',
      `POST /logging?reset&level=hickory_server::server::server_future=off,info`,
    ])
  })

  it('are put back to what somebody had set before, and leave alone what somebody set since', async () => {
    await standIn()
    ztunnel.set('access=warn,ztunnel::proxy=trace')
    await raised({ access: 'debug', 'ztunnel::xds': 'debug', '*': 'debug' })
    ztunnel.set('ztunnel::identity=debug')
    expect(statesOf(await back())).toEqual(['put-back'])
    expect(ztunnel.levels).toBe(
      'hickory_server::server::server_future=off,ztunnel::identity=debug,ztunnel::proxy=trace,access=warn,info',
    )
  })

  it('that somebody else has changed meanwhile are theirs', async () => {
    await standIn()
    await raised({ access: 'debug', 'ztunnel::xds': 'debug' })
    ztunnel.set('access=trace')
    const after = await back()
    expect(after.proxies[0]).toMatchObject({ state: 'left', says: 'access=trace, set by somebody else' })
    expect(ztunnel.levels).toBe('hickory_server::server::server_future=off,access=trace,info')
  })

  it('are put back by the sweep when their time is over, and as often as it takes while it does not answer', async () => {
    await standIn()
    await raised({ '*': 'debug', access: 'trace' })
    await updateLease(deps.records, 'lease-1', (now) => ({ ...now, until: now.from }))
    ztunnel.silent = true
    await sweepLeases(deps, NEVER)
    expect(ztunnel.levels).toContain('access=trace')
    ztunnel.silent = false
    await sweepLeases(deps, NEVER)
    expect(ztunnel.levels).toBe(STARTED)
  })

  it('of one that takes a level alone are refused by module, with its words, and raised as a whole', async () => {
    await standIn({ former: true })
    const refused = await raised({ access: 'debug' })
    expect(refused).toMatchObject({ state: 'over', ended: { why: 'failed' } })
    expect(refused.proxies[0]?.says).toBe('ztunnel-x7k answered 400: Invalid level provided: access=debug')
    expect(ztunnel.levels).toBe(STARTED)
    await raise(deps, { ...request({ '*': 'trace' }), id: 'lease-2' }, NEVER)
    expect(ztunnel.levels).toBe('hickory_server::server::server_future=off,trace')
    await putBack(deps, 'lease-2', { why: 'put back' }, NEVER)
    expect(ztunnel.levels).toBe(STARTED)
  })

  it('are held by one lease at a time, and of a ztunnel that RUST_LOG tells of modules only', async () => {
    await standIn({ rustLog: 'ztunnel=warn' })
    await raised({ '*': 'debug' })
    const second = await raise(deps, { ...request({ '*': 'trace' }), id: 'lease-2' }, NEVER)
    expect(second.proxies[0]?.says).toContain('is already raised by U_ONCALL')
    await back()
    expect(ztunnel.levels).toBe('hickory_server::server::server_future=off,ztunnel=warn')
  })

  it('are only listed by a look', async () => {
    await standIn()
    const { portForward } = deps.clients
    const ref = { kind: 'Pod', namespace: 'istio-system', name: 'ztunnel-x7k' }
    expect(await readZtunnelLevels(ref, portForward, NEVER)).toEqual({
      'hickory_server::server::server_future': 'off',
      '*': 'info',
    })
    expect(ztunnel.asked).toEqual(['POST /logging'])
    await expect(readZtunnelLevels(ref, undefined, NEVER)).rejects.toThrow(UnseenError)
  })
})

describe('what ztunnel prints', () => {
  it('is not guessed at', () => {
    for (const text of ['', 'not found', 'current log level is \n', 'current log level is [{field}]=info\n'])
      expect(() => parsePrinted(text)).toThrow(UnseenError)
  })
})

describe('what a person types', () => {
  it('is a module with its level, or a level for the rest', () => {
    expect(parseZtunnelLevels('access=debug, ztunnel::proxy:trace info')).toEqual({
      access: 'debug',
      'ztunnel::proxy': 'trace',
      '*': 'info',
    })
    expect(parseZtunnelLevels('WARNING')).toEqual({ '*': 'warn' })
    expect(ztunnelLevelsText({ '*': 'info', access: 'debug', 'ztunnel::xds': '' })).toBe(
      'info for every module, access=debug, ztunnel::xds as the rest',
    )
  })

  it.each([
    ['', 'No module and level was given.'],
    ['access', '"access" has no level.'],
    ['access=debg', 'ztunnel has no log level "debg". Nearest: debug.'],
    ['access=debug,access=info', 'access is given twice: debug and info.'],
    ['a/b=debug', '"a/b" is not the name of a module of ztunnel.'],
    ['access=', 'ztunnel has no log level "".'],
    ['access=debug&reset', 'ztunnel has no log level "debug&reset".'],
  ])('%j is refused', (text, why) => {
    expect(() => parseZtunnelLevels(text)).toThrow(why)
  })
})
