import { describe, expect, it } from 'vitest'
import { MOST_CLASSES, seenClasses } from '../../../src/diagnosis/requests/classes.ts'
import type { AccessLogLine } from '../../../src/mesh/access-log.ts'
import { edited } from './edited.ts'

const FROM = 'unbound-virtual-service/mended'
const route = (uri?: object): object => ({
  metadata: { name: 'catalog', namespace: 'istioinaction' },
  spec: {
    hosts: ['catalog.istioinaction.io'],
    gateways: ['catalog-gateway'],
    http: [{ ...(uri !== undefined && { match: [{ uri }] }), route: [{ destination: { host: 'catalog' } }] }],
  },
})

/** The recorded mesh's last ten requests, the last three of them with other facts. */
const lastThree =
  (facts: Partial<AccessLogLine>) =>
  (lines: AccessLogLine[]): AccessLogLine[] =>
    lines.slice(-10).map((line, index) => (index < 7 ? line : { ...line, ...facts }))

const NOBODYS = { path: '/wp-login.php', code: 404, flags: ['NR'], details: 'route_not_found' }
/** The same without an upstream, as a proxy that has no route logs it. */
const unrouted =
  (facts: Partial<AccessLogLine>) =>
  (lines: AccessLogLine[]): AccessLogLine[] =>
    lastThree(facts)(lines).map(({ upstreamCluster, upstreamHost, ...line }) =>
      line.flags.includes('NR') ? line : { ...line, ...(upstreamCluster && { upstreamCluster, upstreamHost }) },
    )

async function classes(options: Parameters<typeof edited>[1]): Promise<string[]> {
  const { evidence, target } = await edited(FROM, options)
  return seenClasses(target, evidence).classes.map(
    ({ caller, question: { method, host, port, path }, requests, isNamed }) =>
      `${caller?.kind ?? 'unknown'} ${method} ${host}:${port ?? ''}${path} × ${requests.length}${isNamed ? '' : ', not named'}`,
  )
}

const ITEMS = 'ingress GET catalog.istioinaction.io:80/items'

describe('the requests that were seen, in classes', () => {
  it('are one for each caller, host, port, method and path', async () => {
    expect(await classes({ log: (lines) => lines.slice(-10) })).toEqual([`${ITEMS} × 10`])
    expect(await classes({ log: lastThree({ method: 'POST' }) })).toEqual([
      `${ITEMS} × 7`,
      'ingress POST catalog.istioinaction.io:80/items × 3',
    ])
  })

  it("leave out what was asked for before the target's Service was made", async () => {
    const service = (creationTimestamp: string): object => ({
      metadata: { name: 'catalog', namespace: 'istioinaction', creationTimestamp },
      spec: { ports: [{ port: 80 }] },
    })
    const log = (lines: AccessLogLine[]): AccessLogLine[] => lines.slice(-10)
    expect(await classes({ log, objects: { services: [service('2999-01-01T00:00:00Z')] } })).toEqual([])
    expect(await classes({ log, objects: { services: [service('2020-01-01T00:00:00Z')] } })).toHaveLength(1)
  })

  it('are not divided by queries', async () => {
    expect(await classes({ log: lastThree({ path: '/items?page=2' }) })).toEqual([`${ITEMS} × 10`])
  })

  it('leave out strangers: a path that no route takes and that was never answered', async () => {
    expect(await classes({ log: unrouted(NOBODYS) })).toEqual([`${ITEMS} × 7`])
  })

  it('keep such a path when a route to the target asks for it', async () => {
    expect(
      await classes({ log: unrouted(NOBODYS), objects: { 'virtual-services': [route({ prefix: '/wp-login.php' })] } }),
    ).toEqual([`${ITEMS} × 7`, 'ingress GET catalog.istioinaction.io:80/wp-login.php × 3'])
  })

  it('keep such a path when it was answered before', async () => {
    const log = (lines: AccessLogLine[]): AccessLogLine[] =>
      unrouted(NOBODYS)(lines).map((line, index) => (index === 6 ? { ...line, path: NOBODYS.path } : line))
    expect(await classes({ log })).toEqual([`${ITEMS} × 6`, 'ingress GET catalog.istioinaction.io:80/wp-login.php × 4'])
  })

  it('keep what no route takes when nothing of that host is answered', async () => {
    const log = (lines: AccessLogLine[]): AccessLogLine[] => unrouted(NOBODYS)(lines).slice(-3)
    expect(await classes({ log })).toEqual(['ingress GET catalog.istioinaction.io:80/wp-login.php × 3'])
  })

  it('say of a host at a gateway that only the log shows it', async () => {
    expect(await classes({ log: lastThree({ authority: 'old.example' }) })).toEqual([
      `${ITEMS} × 7`,
      'ingress GET old.example:80/items × 3, not named',
    ])
  })

  it('leave out what cannot be asked', async () => {
    expect(await classes({ log: lastThree({ authority: 'no host at all' }) })).toEqual([`${ITEMS} × 7`])
  })

  it('are bounded: those with fewest requests are left, and counted', async () => {
    const { evidence, target } = await edited(FROM, {
      log: (lines) =>
        lines.slice(-5).flatMap((line, turn) =>
          Array.from({ length: MOST_CLASSES + 7 }, (_, index) => ({
            ...line,
            requestId: `${turn}-${index}`,
            path: `/items/${index}`,
          })).slice(0, turn === 0 ? undefined : MOST_CLASSES),
        ),
    })
    const { classes: kept, left } = seenClasses(target, evidence)
    expect([kept.length, left.length]).toEqual([MOST_CLASSES, 7])
    expect(new Set(kept.map(({ requests }) => requests.length))).toEqual(new Set([5]))
  })
})
