import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { UnseenError } from '../../src/evidence/clients/clients.ts'
import { StoreUnavailableError } from '../../src/store/records.ts'
import { recordedClients } from '../replay.ts'
import { ended, openHouse, type House } from './house.ts'
import { memoryBackend } from '../queue/memory-backend.ts'
import { clientsWithServices, failingClients } from './slow-clients.ts'
import { shownIn } from './texts.ts'

const WHO = { user: 'U_ONCALL', channel: 'C_MESH' }

/** Types a line; the answer that only the person sees. */
async function refusal(house: House, line: string): Promise<string> {
  const typed = await house.slack.type(line, WHO)
  expect(typed.outcome).toBe('acknowledged')
  await house.slack.waitFor(() => typed.ephemerals()[0])
  expect(house.slack.messages('C_MESH')).toEqual([])
  return shownIn(typed.ephemerals()[0]!)
}

describe('what cannot be meant', () => {
  let house: House
  beforeAll(async () => {
    house = await openHouse()
  })
  afterAll(() => house.close())

  it.each([
    ['/mesh', ['/mesh diagnose TARGET [-n NAMESPACE]', '/mesh status [NAMESPACE]', '/mesh doctor', '/mesh help']],
    ['/mesh help', ['/mesh doctor']],
    ['/mesh diagnoes catalog', ['Unknown command "diagnoes"', '`/mesh diagnose catalog`']],
    ['/mesh hello bot', ['Unknown command "hello"', '`/mesh help`']],
    ['/mesh frobnicate', ['Unknown command', '/mesh diagnose TARGET']],
    ['/mesh diagnose', ['No target was given', '`/mesh diagnose catalog`']],
    ['/mesh diagnose catlog', ['There is no service catlog', '`/mesh diagnose catalog.istioinaction`']],
    [
      '/mesh diagnose catalog -n istioinactoin',
      ['There is no namespace istioinactoin', '`/mesh diagnose catalog -n istioinaction`'],
    ],
    [
      '/mesh diagnose deploy/catalogue -n istioinaction',
      ['There is no deployment catalogue', '`/mesh diagnose deploy/catalog -n istioinaction`'],
    ],
    ['/mesh diagnose catalog -n --kubeconfig=x', ['-n needs a namespace; "--kubeconfig=x" is not one']],
    ['/mesh diagnose catalog --kubeconfig=/etc/passwd', ['Unknown flag --kubeconfig']],
    ['/mesh diagnose catalog --namespac shop', ['Did you mean --namespace?']],
    ['/mesh diagnose catalog -n', ['-n needs a namespace']],
    ['/mesh diagnose catalog -n a -n b', ['The namespace is given twice']],
    ['/mesh diagnose "catalog; rm -rf /"', ['not a']],
    ['/mesh diagnose $(reboot)', ['not a name Kubernetes allows']],
    ['/mesh diagnose `id`', ['not a name Kubernetes allows']],
    ['/mesh diagnose "catalog', ['is not closed']],
    ['/mesh diagnose catalog webapp', ['One target at a time']],
    ['/mesh diagnose https://user:secret@shop/', ['a user or password in it is refused']],
    [`/mesh diagnose ${'x'.repeat(3000)}`, ['a command has at most 500']],
    ['/mesh flags UT', ['UpstreamRequestTimeout', 'the upstream did not answer in time', 'Next']],
    ['/mesh flags', ['`NR`', '`URX`']],
    ['/mesh flags UTT', ['"UTT" is not a response flag of Envoy', '`/mesh flags UT`', '`/mesh flags`']],
    ['/mesh flags --target catalog', ['No flag was given.', '`/mesh flags UT --target catalog`']],
    ['/mesh flags UT -n shop', ['A namespace needs a target.']],
    ['/mesh flags UX --target catalog', ['"UX" is not a response flag of Envoy.']],
    ['/mesh telemetry', ['No target was given.']],
    ['/mesh telemetry catalog --window 3', ['"3" is not a time window between 30s and 24h']],
    ['/mesh telemetry catalog orders', ['One target at a time']],
    ['/mesh status istioinactoin', ['There is no namespace istioinactoin', '`/mesh status istioinaction`']],
    ['/mesh status Not_A_Name', ['is not a namespace name']],
    ['/mesh doctor now', ['doctor takes no arguments']],
  ])('%s', async (line, says) => {
    const answer = await refusal(house, line)
    for (const one of says) expect(answer).toContain(one)
  })

  it('offers nothing twice', async () => {
    expect((await refusal(house, '/mesh hello')).match(/\/mesh help/g)).toHaveLength(1)
  })

  it('shows what was typed literally, and mentions nobody', async () => {
    const answer = await refusal(house, '/mesh <!channel>')
    expect(answer).toContain('<!channel>')
    const call = house.slack.calls.filter(({ method }) => method === 'response_url').at(-1)!
    expect(call.arguments.text).toContain('&lt;!channel&gt;')
    expect(JSON.stringify(call.arguments.blocks)).not.toContain('broadcast')
  })

  it('reads long dashes and curly quotes as what was typed', async () => {
    expect(await refusal(house, '/mesh diagnose \u201ccatlog\u201d \u2014namespace istioinaction')).toContain(
      'There is no service catlog in namespace istioinaction',
    )
  })
})

describe('a name that several namespaces have', () => {
  it('is asked back with a button each, and the button diagnoses that one', async () => {
    const house = await openHouse({
      clients: clientsWithServices(recordedClients('chapter-10/ill'), [
        { name: 'catalog', namespace: 'istioinaction' },
        { name: 'catalog', namespace: 'staging' },
      ]),
    })
    const { slack } = house
    const typed = await slack.type('/mesh diagnose catalog', WHO)
    const asked = await slack.waitFor(() => typed.ephemerals()[0])
    expect(shownIn(asked)).toContain('`catalog` is in 2 namespaces')
    expect(shownIn(asked)).toContain('[istioinaction][staging]')
    await slack.click(asked, 'istioinaction', WHO)
    await slack.waitFor(() => slack.messages('C_MESH')[0])
    expect((await ended(house)).request).toMatchObject({
      namespace: 'istioinaction',
      target: { key: 'service/istioinaction/catalog' },
    })
    await house.close()
  })

  it('is listed when they are too many for buttons', async () => {
    const services = Array.from({ length: 3000 }, (_, index) => ({
      name: 'catalog',
      namespace: `team-${String(index).padStart(4, '0')}`,
    }))
    const house = await openHouse({ clients: clientsWithServices(recordedClients('chapter-10/ill'), services) })
    const answer = await refusal(house, '/mesh diagnose catalog')
    expect(answer).toContain('`catalog` is in 3000 namespaces')
    expect(answer).toContain('team-0000, team-0001')
    expect(answer).toContain('and 2900 more')
    expect(answer).toContain('`/mesh diagnose catalog -n NAMESPACE`')
    await house.close()
  })
})

describe('when the cluster cannot be asked', () => {
  it.each([
    [
      'the API server is down',
      () =>
        new UnseenError(
          'unavailable',
          'the API server at https://10.0.0.1 could not be reached (connect ECONNREFUSED)',
        ),
      ['could not be reached', '`kubectl get services -A -o yaml`', '/mesh doctor'],
    ],
    [
      'the right to look is missing',
      () =>
        new UnseenError('forbidden', 'services is forbidden', {
          permission: { verb: 'list', group: '', resource: 'services' },
        }),
      [
        'services is forbidden',
        'Missing rule (ClusterRole): {apiGroups: [""], resources: ["services"], verbs: ["list"]}',
      ],
    ],
  ])('%s: says so, and what would help', async (_name, error, says) => {
    const house = await openHouse({ clients: failingClients(recordedClients('chapter-10/ill'), error) })
    const answer = await refusal(house, '/mesh diagnose catalog')
    for (const one of says) expect(answer).toContain(one)
    await house.close()
  })
})

describe('when the store is down', () => {
  it('tells who typed', async () => {
    const backend = memoryBackend()
    const away = (): Promise<never> => Promise.reject(new StoreUnavailableError('write'))
    const house = await openHouse({ backend: { ...backend, records: { ...backend.records, write: away } } })
    expect(await refusal(house, '/mesh diagnose catalog')).toContain('its store and queue do not answer')
    // In the acknowledgement itself: nothing else is sure to arrive.
    expect(house.slack.ephemerals('U_ONCALL').map(({ via }) => via)).toEqual(['acknowledgement'])
    expect(house.slack.messages('C_MESH')).toEqual([])
    await house.close()
  })

  it('posts nothing when only the queue is gone', async () => {
    const backend = memoryBackend()
    const house = await openHouse({
      backend: {
        ...backend,
        queue: { ...backend.queue, enqueue: () => Promise.reject(new StoreUnavailableError('enqueue')) },
      },
    })
    const { slack } = house
    const typed = await slack.type('/mesh diagnose catalog', WHO)
    await slack.waitFor(() => typed.ephemerals()[0])
    expect(shownIn(typed.ephemerals()[0]!)).toContain('its store and queue do not answer')
    // The run could be ended, so that it is certain.
    expect(shownIn(typed.ephemerals()[0]!)).toContain('Nothing was done')
    expect(slack.messages('C_MESH')).toEqual([])
    expect((await ended(house)).state).toBe('cancelled')
    await house.close()
  })
})

describe('when the channel takes no messages', () => {
  it.each([
    ['C_OTHER', 'mesh-medic is not in that channel', '/invite @mesh-medic'],
    ['C_OLD', 'The channel is archived', 'Ask in another channel'],
  ])('%s: says so, with the remedy', async (channel, why, remedy) => {
    const house = await openHouse({
      slack: {
        channels: [
          { id: 'C_MESH', name: 'mesh' },
          { id: 'C_OTHER', name: 'other', members: ['U_ONCALL'] },
          { id: 'C_OLD', name: 'old', isArchived: true },
        ],
      },
    })
    const typed = await house.slack.type('/mesh diagnose catalog', { user: 'U_ONCALL', channel })
    await house.slack.waitFor(() => typed.ephemerals()[0])
    expect(shownIn(typed.ephemerals()[0]!)).toContain(why)
    expect(shownIn(typed.ephemerals()[0]!)).toContain(remedy)
    expect((await ended(house)).state).toBe('cancelled')
    await house.close()
  })
})
