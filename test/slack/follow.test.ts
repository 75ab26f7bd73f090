import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { recordedClients } from '../replay.ts'
import { ended, openHouse, type House } from './house.ts'
import { clientsWithServices } from './slow-clients.ts'
import { shownIn } from './texts.ts'

const WHO = { user: 'U_ONCALL', channel: 'C_MESH' }
const LINE = '/mesh follow catalog.istioinaction.io/items --from ingress'
const PNG = Buffer.from('89504e470d0a1a0a', 'hex')

/** Width and height that a PNG says it has. */
const sizeOf = (png: Buffer): [number, number] => [png.readUInt32BE(16), png.readUInt32BE(20)]

describe('a followed request', () => {
  let house: House
  afterEach(() => house.close())

  it('dies at the cluster while the DestinationRule is missing', async () => {
    house = await openHouse()
    const { slack } = house
    expect((await slack.type(LINE, WHO)).outcome).toBe('acknowledged')
    const run = await ended(house)
    expect(run).toMatchObject({ state: 'done', request: { kind: 'follow' }, outcome: { verdict: 'dies' } })
    const [parent, ...replies] = slack.messages('C_MESH')
    const table = shownIn(parent!)
    expect(table).toContain('🔴 Fails  `GET http://catalog.istioinaction.io:80/items`')
    expect(table.match(/^[✓✗?] \w+/gm)).toEqual(['✓ listener', '✓ route', '✗ cluster', '✗ cluster'])
    expect(table).toMatch(
      /✗ cluster {2}`outbound\|80\|version-v1\|catalog\.istioinaction\.svc\.cluster\.local` {2}from Service istioinaction\/catalog/,
    )
    expect(table).toMatch(/Clusters .*version-v1\|\S+ 20 %, .*version-v2\|\S+ 80 %/)
    expect(table).toContain('[Run again][Full report]')
    expect(replies.every(({ threadTs }) => threadTs === parent!.ts)).toBe(true)
    const hops = replies.filter(({ files }) => files.length === 0).map(shownIn)
    expect(hops).toHaveLength(4)
    expect(hops[2]).toMatch(
      /No DestinationRule for \S+ defines a subset version-v1[\s\S]*```istioctl proxy-config clusters istio-ingressgateway-\S+ --fqdn catalog\.istioinaction\.svc\.cluster\.local --port 80 --subset version-v1 -o json```/,
    )
  })

  it('arrives at the pods once it is there', async () => {
    house = await openHouse({ clients: recordedClients('chapter-10/mended') })
    const { slack } = house
    await slack.type(LINE, WHO)
    expect((await ended(house)).outcome?.verdict).toBe('arrives')
    const [parent, ...replies] = slack.messages('C_MESH')
    const table = shownIn(parent!)
    expect(table).toMatch(/🟢 Arrives[\s\S]*arrives at catalog-\S+, catalog-v2-\S+\./)
    expect(table.match(/^[✓✗?] \w+/gm)).toEqual([
      '✓ listener',
      '✓ route',
      '✓ cluster',
      '✓ cluster',
      '✓ endpoints',
      '✓ endpoints',
      '✓ inbound',
      '✓ inbound',
    ])
    expect(table).toContain('from Service istioinaction/catalog, DestinationRule istioinaction/catalog')
    expect(shownIn(replies.at(-1)!)).toMatch(
      /accepts mTLS as spiffe:\/\/\S+ and hands the request to port 3000 of the application/,
    )
  })

  it('has a picture in its thread, once, before the hops', async () => {
    house = await openHouse({ clients: recordedClients('chapter-10/mended') })
    const { slack } = house
    await slack.type(LINE, WHO)
    const run = await ended(house)
    const [parent, first] = slack.messages('C_MESH')
    const [file, ...more] = slack.files()
    expect(more).toEqual([])
    expect(first).toMatchObject({ threadTs: parent!.ts, files: [{ id: file!.id }] })
    expect(file).toMatchObject({
      name: `mesh-medic-follow-${run.id}.png`,
      mimetype: 'image/png',
      sharedIn: [{ channel: 'C_MESH', threadTs: parent!.ts }],
    })
    expect(file!.title).toMatch(/^Arrives: GET http:\/\/catalog\.istioinaction\.io\/items arrives at /)
    expect(file!.altText).toMatch(/✓ listener 0\.0\.0\.0_8080, ✓ route .*✓ inbound catalog-/)
    expect(file!.bytes.subarray(0, 8).equals(PNG)).toBe(true)
    const [width, height] = sizeOf(file!.bytes)
    expect(width).toBeGreaterThan(1000)
    expect(height).toBeGreaterThan(400)
  })

  it('is told without its picture where files may not be put', async () => {
    house = await openHouse({
      slack: {
        scopes: ['commands', 'chat:write', 'channels:history', 'channels:read', 'groups:history', 'users:read'],
      },
    })
    const { slack, logged } = house
    await slack.type(LINE, WHO)
    expect((await ended(house)).state).toBe('done')
    expect(slack.files()).toEqual([])
    expect(slack.messages('C_MESH')).toHaveLength(5)
    expect(logged.filter(({ says }) => says === 'a picture was not shown')).toHaveLength(1)
  })

  it('takes method and headers, and quotes them nowhere', async () => {
    house = await openHouse({ clients: recordedClients('chapter-10/mended') })
    const { slack } = house
    await slack.type(
      `${LINE} --method post --header "authorization=Bearer aaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbb.cccccccccccccccc" --header x-user=ana`,
      WHO,
    )
    expect((await ended(house)).state).toBe('done')
    const all = slack.messages('C_MESH').map(shownIn).join('\n')
    expect(all).toContain('POST http://catalog.istioinaction.io:80/items')
    expect(all).not.toContain('bbbbbbbbbbbbbbbb')
  })

  it('gives the whole to read and for programs', async () => {
    house = await openHouse()
    const { slack } = house
    await slack.type(LINE, WHO)
    const run = await ended(house)
    await slack.click(slack.messages('C_MESH')[0]!, 'full-report', WHO)
    const [, text, json] = await slack.waitFor(() => slack.files().length === 3 && slack.files())
    expect([text!.name, json!.name]).toEqual([`mesh-medic-follow-${run.id}.txt`, `mesh-medic-follow-${run.id}.json`])
    expect(text!.bytes.toString()).toMatch(/^Fails: [\s\S]*✗ cluster/)
    expect(JSON.parse(json!.bytes.toString())).toMatchObject({
      dies: 'cluster',
      hops: [
        { stage: 'listener', ok: true },
        { stage: 'route' },
        { stage: 'cluster', ok: false },
        { stage: 'cluster' },
      ],
    })
  })
})

describe('a request that cannot be followed', () => {
  let house: House
  beforeAll(async () => {
    house = await openHouse()
  })
  afterAll(() => house.close())

  it.each([
    ['', ['No host was given', '`/mesh follow catalog.istioinaction.io/items --from ingress`']],
    ['catalog webapp', ['"webapp" is one too many']],
    ['catalog --form ingress', ['Unknown flag --form. Did you mean --from?']],
    ['catalog --from', ['--from needs a caller']],
    [
      'catalog --from svc/catalog',
      ['"svc/catalog" is not a caller', '`/mesh follow catalog.example.com/items --from ingress`'],
    ],
    ['catalog --from deploy/--kubeconfig=x', ['not a name Kubernetes allows']],
    ['catalog --kubeconfig=/etc/passwd', ['Unknown flag --kubeconfig']],
    ['catalog --header broken', ['is not a header: write name=value']],
    ['catalog:99999', ['"99999" is not a port']],
    ['ftp://catalog', ['is neither http nor https']],
    ['http://', ['names no host']],
    ['https:///items', ['names no host']],
    ['$(reboot)', ['is not a host']],
    ['catalog -n Not_A_Name', ['is not a namespace name']],
  ])('%j: is refused where it is typed', async (words, says) => {
    const typed = await house.slack.type(`/mesh follow ${words}`, WHO)
    expect(typed.outcome).toBe('acknowledged')
    await house.slack.waitFor(() => typed.ephemerals()[0])
    expect(house.slack.messages('C_MESH')).toEqual([])
    for (const one of says) expect(shownIn(typed.ephemerals()[0]!)).toContain(one)
  })
})

describe('a request that nobody there can send', () => {
  let house: House
  afterEach(() => house.close())

  it.each([
    ['catlog', ['There is no service catlog', '`/mesh follow catalog`']],
    [
      'catalogue.istioinaction.io/items',
      ['There is no host catalogue.istioinaction.io', '`/mesh follow catalog.istioinaction.io`'],
    ],
    [
      'catalog -n istioinaction --from deploy/catalogue',
      [
        'There is no deployment catalogue in namespace istioinaction',
        '`/mesh follow catalog -n istioinaction --from deploy/catalog`',
      ],
    ],
    [
      'catalog.istioinaction.io --from deploy/catalog',
      [
        'It is not clear whose request to catalog.istioinaction.io is meant',
        '`/mesh follow catalog.istioinaction.io --from ingress`',
      ],
    ],
  ])('%s: says what would do', async (words, says) => {
    house = await openHouse()
    await house.slack.type(`/mesh follow ${words}`, WHO)
    expect(await ended(house)).toMatchObject({ state: 'done', outcome: { verdict: 'refused' } })
    const messages = house.slack.messages('C_MESH')
    expect(messages).toHaveLength(1)
    for (const one of says) expect(shownIn(messages[0]!)).toContain(one)
    expect(house.slack.files()).toEqual([])
  })

  it('lists the namespaces that have a Service of that name', async () => {
    house = await openHouse({
      clients: clientsWithServices(recordedClients('chapter-10/ill'), [
        { name: 'catalog', namespace: 'istioinaction' },
        { name: 'catalog', namespace: 'staging' },
      ]),
    })
    await house.slack.type('/mesh follow catalog/items --method POST', WHO)
    expect((await ended(house)).outcome?.verdict).toBe('refused')
    const shown = shownIn(house.slack.messages('C_MESH')[0]!)
    expect(shown).toContain('`/mesh follow catalog/items -n istioinaction --method POST`')
    expect(shown).toContain('`/mesh follow catalog/items -n staging --method POST`')
  })
})
