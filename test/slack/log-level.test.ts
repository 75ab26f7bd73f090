import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openLeaseHouse, type LeaseHouse } from './lease-house.ts'

let house: LeaseHouse
beforeEach(async () => {
  house = await openLeaseHouse()
})
afterEach(() => house.close())

describe('/mesh log-level TARGET', () => {
  it('shows what each proxy has, and raises nothing', async () => {
    house.proxies.at('catalog-2').silent = 'Error: could not reach it'
    const { run, message } = await house.asked('/mesh log-level catalog', 'U_VISITOR')
    expect(run).toMatchObject({
      state: 'done',
      request: { kind: 'log-levels', target: { key: 'service/shop/catalog' } },
    })
    expect(house.now(message)).toBe(
      [
        'Log levels of 2 proxies  `Service shop/catalog`',
        '',
        '`Pod shop/catalog-1`',
        'misc:error; 7 others at warning',
        '',
        '`Pod shop/catalog-2`',
        '✗ not read: Error: could not reach it',
        '',
        `asked by @U_VISITOR · run ${run.id}`,
        '',
        '[Raise log level][Run again]',
      ].join('\n'),
    )
    expect(house.proxies.sets).toEqual([])
  })
})

describe('/mesh log-level TARGET LOGGER:LEVEL', () => {
  it('raises them, says until when and what was there, and that it is recorded', async () => {
    const { run, message } = await house.asked('/mesh log-level catalog http:debug,misc:trace --for 5m --pods 1')
    expect(house.now(message)).toMatch(
      new RegExp(
        [
          '^🔎 Log levels are raised {2}`http:debug, misc:trace`\nuntil \\d\\d:\\d\\d UTC, 5 min left; then they are put back as they were\n\n',
          '- ✓ `Pod shop/catalog-1` {2}set \\(was http:warning, misc:error\\)\n\n1 of its 2 proxies; about 40 lines of log for each request; how many there are is not known: neither the access log nor Prometheus tells\n\nraised by @U_ONCALL at \\d\\d:\\d\\d UTC · run ',
          run.id,
          '\n\n\\[Put back now\\]\\[Extend\\]\\[Save log\\]\\[Show a failed request\\]$',
        ].join(''),
      ),
    )
    expect(house.proxies.at('catalog-1').levels).toMatchObject({ http: 'debug', misc: 'trace', router: 'warning' })
    expect(house.proxies.at('catalog-2').levels).toMatchObject({ http: 'warning', misc: 'error' })
    const events = await house.events(run.id)
    expect(events.map(({ event, by }) => `${event} ${by.user}`)).toEqual(
      expect.arrayContaining(['lease-asked U_ONCALL', 'lease-granted U_ONCALL']),
    )
    expect(events.find(({ event }) => event === 'lease-asked')).toMatchObject({
      target: 'service/shop/catalog',
      facts: { levels: { http: 'debug', misc: 'trace' } },
    })
  })

  it('says which proxies of several were not set, and why', async () => {
    house.proxies.at('catalog-2').silent = 'Error: could not reach it'
    const { message } = await house.asked('/mesh log-level catalog http:debug')
    expect(house.now(message)).toContain('- ✓ `Pod shop/catalog-1`  set (was http:warning)')
    expect(house.now(message)).toContain('- ✗ `Pod shop/catalog-2`  could not be set: Error: could not reach it')
  })

  it('lets an operator by a user group raise', async () => {
    const { run } = await house.asked('/mesh log-level catalog http=debug', 'U_THIRD')
    expect(await house.lease(run.id)).toMatchObject({ state: 'raised', by: { user: 'U_THIRD' } })
  })

  it('is refused to a viewer, to them alone, and that is recorded', async () => {
    const told = await house.told('/mesh log-level catalog http:debug', 'U_VISITOR')
    expect(told).toContain(
      'You may not change anything here, not even for a while: that requires the role operator, and you are a viewer in this channel.',
    )
    expect(told).toContain('Those who may: @U_ONCALL, @S_OWNERS.')
    expect(house.slack.messages('C_MESH')).toEqual([])
    expect(house.proxies.sets).toEqual([])
    await house.slack.waitFor(() => house.slack.ephemerals('U_VISITOR').length === 1)
    const [refused] = await house.refusals('U_VISITOR')
    expect(refused).toMatchObject({
      event: 'lease-refused',
      target: 'service/shop/catalog',
      facts: { levels: { http: 'debug' } },
    })
  })

  it('is not even shown to who may not ask where viewers are named', async () => {
    expect(await house.told('/mesh log-level catalog', 'U_VISITOR', 'C_OTHER')).toContain('You may not ask here')
    expect(await house.told('/mesh leases', 'U_VISITOR', 'C_OTHER')).toContain('You may not ask here')
    expect(await house.told('/mesh audit', 'U_VISITOR', 'C_OTHER')).toContain('You may not ask here')
  })

  it.each([
    ['/mesh log-level', 'No target was given.', '/mesh log-level catalog'],
    ['/mesh log-level catalog http:debg', 'Envoy has no log level "debg". Nearest: debug.', 'Levels: trace, debug'],
    ['/mesh log-level catalog debug', '"debug" names no logger', 'Name the loggers: http:debug'],
    ['/mesh log-level catalog http', '"http" has no level.', 'For example http:debug.'],
    ['/mesh log-level catalog ht$p:debug', '"ht$p" is not the name of a logger', 'http:debug'],
    [
      '/mesh log-level catalog http:debug,http:trace',
      'http is given twice: debug and trace.',
      'Name each logger once.',
    ],
    ['/mesh log-level catalog http:debug --for soon', '"soon" is not a time.', '10m, 90s'],
    ['/mesh log-level catalog http:debug --for 0m', '"0m" is not a time.', '10m, 90s'],
    [
      '/mesh log-level catalog http:debug --for 2h',
      '120 minutes is too long: log levels are raised for 15 minutes at most',
      'limits.leaseMinutes',
    ],
    ['/mesh log-level catalog http:debug --pods 0', '"0" is not a number of proxies.', '--pods N'],
    ['/mesh log-level catalog http:debug --pods 1.5', '"1.5" is not a number of proxies.', '--pods N'],
    [
      '/mesh log-level catalog http:debug --pods 3',
      '3 proxies are too many: one lease raises the log levels of 2 at most.',
      'limits.leaseProxies',
    ],
    ['/mesh log-level catalog http:debug --fro 5m', 'Did you mean --for?', '/mesh log-level TARGET'],
    [
      '/mesh log-level catalog --for 5m',
      'No log level is raised without loggers and levels.',
      '/mesh log-level catalog http:debug',
    ],
    [
      '/mesh log-level catalgo http:debug',
      'There is no service catalgo. Nearest: catalog.shop.',
      '/mesh log-level catalog.shop http:debug',
    ],
    ['/mesh log-level deploy/catalgo -n shop http:debug', 'catalgo', ''],
    ['/mesh log-level ../etc http:debug', 'is not a name Kubernetes allows', ''],
  ])('%s', async (line, why, remedy) => {
    const told = await house.told(line)
    expect(told).toContain(why)
    expect(told).toContain(remedy)
    expect(house.slack.messages('C_MESH')).toEqual([])
    expect(house.proxies.sets).toEqual([])
  })

  it('names the nearest logger that the proxies have', async () => {
    const { message, run } = await house.asked('/mesh log-level catalog htpt:debug')
    expect(run.outcome?.verdict).toBe('refused')
    expect(house.now(message)).toMatch(/^⚠️ The proxy has no logger "htpt" \(nearest: http, http2\)\./)
    expect(house.proxies.sets).toEqual([])
    expect((await house.events(run.id)).map(({ event }) => event)).toContain('lease-refused')
  })

  it('does not raise twice what is raised', async () => {
    await house.asked('/mesh log-level catalog http:debug --pods 1')
    const { message } = await house.asked('/mesh log-level catalog http:trace --pods 1', 'U_THIRD')
    expect(house.now(message)).toMatch(
      /^⚠️ No log level was raised\. catalog-1: http is already raised by U_ONCALL until \d\d:\d\d:\d\d UTC/,
    )
    expect(house.proxies.at('catalog-1').levels.http).toBe('debug')
  })

  it('has no proxy to raise where none runs', async () => {
    for (const name of ['catalog-1', 'catalog-2']) house.proxies.at(name).phase = 'Pending'
    const { message } = await house.asked('/mesh log-level catalog http:debug')
    expect(house.now(message)).toMatch(/^⚠️ No proxy of catalog in shop is running\./)
  })
})
