import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { kialiOf } from '../../src/cli/kiali.ts'
import { loadConfig } from '../../src/config.ts'
import { kialiApi } from '../../src/evidence/clients/kiali.ts'
import type { Clients } from '../../src/evidence/clients/clients.ts'
import { kialiHealth, kialiValidations } from '../../src/evidence/collectors/kiali.ts'
import { look } from '../../src/evidence/gather.ts'
import type { KialiValidation } from '../../src/evidence/kiali.ts'
import type { KubernetesObject } from '../../src/mesh/objects.ts'
import { asRecorded, serveKiali, type Answering } from '../kiali/recorded-kiali.ts'

const NAMESPACE = 'istioinaction'
const NOW = Date.parse('2026-11-24T00:00:00Z')
const changed = (generation: number, time = '2026-11-23T23:08:16Z'): KubernetesObject => ({
  kind: 'VirtualService',
  metadata: { name: 'catalog-v1-v2', namespace: NAMESPACE, generation, creationTimestamp: time },
})

async function clientsOf(answer: Answering, token?: () => Promise<string | undefined>): Promise<Clients> {
  const { url, close } = await serveKiali(answer)
  onTestFinished(close)
  return { kiali: kialiApi(url, token), now: () => new Date(NOW) } as unknown as Clients
}

describe('Kiali, as a real one answered', () => {
  it('holds against the VirtualService that its subset is not there, at both places', async () => {
    const clients = await clientsOf(asRecorded('broken'))
    const reading = await look(kialiValidations(NAMESPACE, [changed(1)], []), clients)
    expect(reading).toMatchObject({
      ok: true,
      value: {
        namespace: NAMESPACE,
        outdated: [],
        validations: [0, 1].map((at) => ({
          of: { kind: 'VirtualService', namespace: NAMESPACE, name: 'catalog-v1-v2' },
          code: 'KIA1107',
          severity: 'warning',
          message: 'Subset not found',
          path: `spec/http[0]/route[${at}]/destination`,
        })),
      },
    })
  })

  it('holds nothing against it once the DestinationRule is there', async () => {
    const reading = await look(kialiValidations(NAMESPACE, [changed(1)], []), await clientsOf(asRecorded('fixed')))
    expect(reading).toMatchObject({ ok: true, value: { validations: [], outdated: [] } })
  })

  it('tells nothing of objects that are not asked about', async () => {
    const reading = await look(kialiValidations(NAMESPACE, [], []), await clientsOf(asRecorded('broken')))
    expect(reading).toMatchObject({ ok: true, value: { validations: [], outdated: [] } })
  })

  it.each([
    ['knows an older generation', changed(3), 'Kiali knows generation 1, and generation 3 is in force'],
    [
      'may not have looked again since a change',
      changed(1, '2026-11-23T23:59:40Z'),
      'it was changed 20 s before, and Kiali validates about once a minute',
    ],
  ])('counts for nothing where it %s', async (_, object, says) => {
    const reading = await look(kialiValidations(NAMESPACE, [object], []), await clientsOf(asRecorded('broken')))
    expect(reading).toMatchObject({ ok: true, value: { validations: [], outdated: [{ says }] } })
  })

  it('tells the health of the applications', async () => {
    expect(await look(kialiHealth(NAMESPACE), await clientsOf(asRecorded('broken')))).toMatchObject({
      ok: true,
      value: {
        apps: [
          {
            app: 'catalog',
            status: 'Failure',
            workloads: [
              { name: 'catalog', available: 0, desired: 1 },
              { name: 'catalog-v2', available: 0, desired: 2 },
            ],
          },
        ],
      },
    })
  })
})

it('names kinds as before Kiali 2', async () => {
  const clients = await clientsOf((_, response) =>
    response.end(
      JSON.stringify({
        virtualServices: [],
        validations: {
          virtualservice: {
            'catalog-v1-v2.istioinaction': {
              name: 'catalog-v1-v2',
              objectType: 'virtualservice',
              checks: [
                {
                  code: 'KIA1106',
                  message: 'More than one Virtual Service for same host',
                  severity: 'warning',
                  path: 'spec/hosts',
                },
              ],
            },
          },
        },
      }),
    ),
  )
  expect(await look(kialiValidations(NAMESPACE, [changed(1)], []), clients)).toMatchObject({
    ok: true,
    value: { validations: [{ code: 'KIA1106', of: { kind: 'VirtualService', name: 'catalog-v1-v2' } }] },
  })
})

describe('what Kiali says', () => {
  const saying =
    (checks: object[]): Answering =>
    (_, response) => {
      const one = { name: 'catalog-v1-v2', namespace: NAMESPACE, objectGVK: { Kind: 'VirtualService' }, checks }
      const known = { kind: 'VirtualService', metadata: { name: 'catalog-v1-v2', namespace: NAMESPACE, generation: 1 } }
      response.end(JSON.stringify({ validations: { virtualservice: { one } }, resources: { virtualservice: [known] } }))
    }
  const validationsOf = async (checks: object[]): Promise<KialiValidation[]> => {
    const step = kialiValidations(NAMESPACE, [changed(1)], [])
    return (await step.collect(await clientsOf(saying(checks)), AbortSignal.timeout(5000))).validations
  }

  it('stays within its line', async () => {
    expect(
      await validationsOf([
        { code: 'KIA1\nForged', message: 'x\r\n  Healthy: all is well\u2028', severity: 'error', path: 'a\nb' },
      ]),
    ).toMatchObject([{ code: 'KIA1 Forged', message: 'x Healthy: all is well ', path: 'a b' }])
  })

  it('of one object is told to an end', async () => {
    const checks = Array.from({ length: 5000 }, (_, index) => ({ code: `KIA${index}`, message: 'm', path: '' }))
    expect(await validationsOf(checks)).toHaveLength(100)
  })
})

describe('the token', () => {
  const asking =
    (asked: (string | undefined)[]): Answering =>
    ({ headers }, response) => {
      asked.push(headers.authorization)
      response.end('{"validations":{}}')
    }

  it('is sent, read anew from its file each time; none to a Kiali with anonymous login', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'kiali-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const asked: (string | undefined)[] = []
    const { url, close } = await serveKiali(asking(asked))
    onTestFinished(close)
    const file = join(folder, 'token')
    const ask = async (environment: Record<string, string>): Promise<void> => {
      const connection = kialiOf(loadConfig({ KIALI_URL: url, ...environment }))
      if (connection === undefined) throw new Error('no Kiali')
      await kialiApi(connection.url, connection.token).validations(NAMESPACE, AbortSignal.timeout(5000))
    }
    writeFileSync(file, 'first\n')
    await ask({ KIALI_TOKEN_FILE: file })
    writeFileSync(file, 'second\n')
    await ask({ KIALI_TOKEN_FILE: file })
    await ask({ KIALI_TOKEN: 'given' })
    await ask({})
    expect(asked).toEqual(['Bearer first', 'Bearer second', 'Bearer given', undefined])
  })

  it('of one Kiali is not sent to another', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'kiali-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const file = join(folder, 'token')
    writeFileSync(file, 'of-one\n')
    const all = { KIALI_URL: 'http://kiali', KIALI_TOKEN: 'of-all' }
    const tokenFor = (environment: Record<string, string>, cluster?: object): Promise<string | undefined> | undefined =>
      kialiOf(loadConfig(environment), cluster)?.token()
    expect(await tokenFor(all)).toBe('of-all')
    expect(await tokenFor(all, { kiali: 'http://other' })).toBeUndefined()
    expect(await tokenFor(all, { kiali: 'http://other', kialiTokenFile: file })).toBe('of-one')
    expect(await tokenFor({ KIALI_TOKEN: 'of-all' }, { kiali: 'http://other' })).toBe('of-all')
  })

  it.each(['two\nlines', 'sécret', ' '])('that no header may hold is shown nowhere: %j', async (text) => {
    const folder = mkdtempSync(join(tmpdir(), 'kiali-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const file = join(folder, 'token')
    writeFileSync(file, text)
    const clients = await clientsOf(
      asking([]),
      kialiOf(loadConfig({ KIALI_URL: 'http://kiali', KIALI_TOKEN_FILE: file }))?.token,
    )
    expect(await look(kialiHealth(NAMESPACE), clients)).toMatchObject({
      ok: false,
      detail: 'the file with the token for Kiali holds no token',
    })
  })

  it('in a file that is not there is said', async () => {
    const clients = await clientsOf(
      asking([]),
      kialiOf(loadConfig({ KIALI_URL: 'http://kiali', KIALI_TOKEN_FILE: '/nowhere/token' }))?.token,
    )
    expect(await look(kialiHealth(NAMESPACE), clients)).toMatchObject({
      ok: false,
      reason: 'unavailable',
      detail: expect.stringContaining('the token for Kiali could not be read') as unknown,
    })
  })

  it('goes nowhere else', async () => {
    const asked: (string | undefined)[] = []
    const other = await serveKiali(asking(asked))
    onTestFinished(other.close)
    const clients = await clientsOf(
      (_, response) => void response.writeHead(302, { location: `${other.url}/login` }).end(),
      () => Promise.resolve('token'),
    )
    expect(await look(kialiHealth(NAMESPACE), clients)).toMatchObject({ ok: false, reason: 'unavailable' })
    expect(asked).toEqual([])
  })
})

describe('a Kiali that does not answer as it should', () => {
  it.each<[string, Answering, string, string]>([
    ['a page', (_, response) => response.end('<!doctype html><title>Kiali</title>'), 'unparsable', 'web root'],
    ['no JSON', (_, response) => response.end('{"validations":'), 'unparsable', 'not JSON'],
    ['JSON of another form', (_, response) => response.end('{"validations":[1]}'), 'unparsable', 'validations'],
    ['a login', (_, response) => response.writeHead(401).end(), 'forbidden', 'KIALI_TOKEN'],
    ['no right', (_, response) => response.writeHead(403).end(), 'forbidden', '403'],
    ['an error', (_, response) => response.writeHead(500).end('no cache'), 'unavailable', '500: no cache'],
    [
      'another place',
      (_, response) => response.writeHead(302, { location: '/kiali/' }).end(),
      'unavailable',
      'web root',
    ],
    ['nothing', ({ socket }) => socket.destroy(), 'unavailable', 'could not be reached'],
  ])('%s is said', async (_, answer, reason, says) => {
    expect(await look(kialiValidations(NAMESPACE, [], []), await clientsOf(answer))).toMatchObject({
      ok: false,
      reason,
      detail: expect.stringContaining(says) as unknown,
    })
  })

  it('is given up after the time of a look', async () => {
    const clients = await clientsOf(() => undefined)
    expect(await look(kialiHealth(NAMESPACE), clients, { stepTimeout: 50 })).toMatchObject({
      ok: false,
      reason: 'timeout',
    })
  })
})
