import { afterEach, describe, expect, it } from 'vitest'
import { guessTarget } from '../../src/slack/access/guess-target.ts'
import { ended, openHouse, type House } from './house.ts'
import { shownIn } from './texts.ts'

const WHO = { user: 'U_ONCALL', channel: 'C_MESH' }

describe('Diagnose a workload', () => {
  let house: House
  afterEach(() => house.close())

  it('opens a modal with the service that the message names, and answers in its thread', async () => {
    house = await openHouse()
    const { slack } = house
    const alarm = await slack.say('ALERT: 503s from catalog.istioinaction since 10:00', WHO)
    const shortcut = await slack.messageShortcut('diagnose_workload', alarm, WHO)
    expect(shortcut.outcome).toBe('acknowledged')
    const view = await slack.waitFor(() => slack.views('U_ONCALL')[0])
    expect(JSON.stringify(view.blocks)).toContain('"initial_value":"catalog"')
    expect(JSON.stringify(view.blocks)).toContain('"initial_value":"istioinaction"')
    expect(view.privateMetadata).toMatch(/^[a-z0-9]{20}$/)
    const submitted = await slack.submitView(view)
    expect(submitted).toMatchObject({ outcome: 'acknowledged', responseAction: 'close' })
    const run = await ended(house)
    expect(run).toMatchObject({
      thread: alarm.ts,
      outcome: { verdict: 'ill' },
      request: { namespace: 'istioinaction' },
    })
    expect(shownIn(slack.thread('C_MESH', alarm.ts)[1]!)).toContain('🔴 Ill')
  })

  it('says what is wrong under the field that is wrong', async () => {
    house = await openHouse()
    const { slack } = house
    const message = await slack.say('nothing of ours here', WHO)
    await slack.messageShortcut('diagnose_workload', message, WHO)
    const view = await slack.waitFor(() => slack.views('U_ONCALL')[0])
    const unknown = await slack.submitView(view, { target: 'catlog' })
    expect(unknown.errors.target).toContain('There is no service catlog. Nearest: catalog.istioinaction.')
    const elsewhere = await slack.submitView(view, { target: 'catalog', namespace: 'istioinactoin' })
    expect(elsewhere.errors.namespace).toContain('There is no namespace istioinactoin')
    const malformed = await slack.submitView(view, { target: '$(reboot)' })
    expect(malformed.errors.target).toContain('not a name Kubernetes allows')
    expect(slack.messages('C_MESH')).toHaveLength(1)
  })
})

describe('guessTarget', () => {
  const services = [
    { name: 'catalog', namespace: 'shop' },
    { name: 'catalog', namespace: 'staging' },
    { name: 'web', namespace: 'shop' },
    { name: 'catalog-db', namespace: 'shop' },
  ]

  it.each([
    ['503 from catalog.staging', 'catalog', 'staging'],
    ['upstream catalog-db.shop.svc.cluster.local:5432 refused', 'catalog-db', 'shop'],
    ['pod web-5899bdc954-7p8sx restarts', 'web', 'shop'],
    ['pod catalog-db-0 is down', 'catalog-db', 'shop'],
    ['`Web` is slow!', 'web', 'shop'],
  ])('%s', (text, name, namespace) => {
    expect(guessTarget(text, services)).toEqual({ name, namespace })
  })

  it('guesses nothing from nothing', () => {
    expect(guessTarget('the website is webbed', services)).toBeUndefined()
    expect(guessTarget('', services)).toBeUndefined()
  })
})
