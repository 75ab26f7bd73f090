import { afterEach, expect, it } from 'vitest'
import { auditEntries } from '../../src/store/audit.ts'
import { recordedClients } from '../replay.ts'
import { ended, openHouse, type House } from './house.ts'
import { heldClients } from './slow-clients.ts'
import { shownIn } from './texts.ts'

let house: House
afterEach(() => house.close())

const WHO = { user: 'U_ONCALL', channel: 'C_MESH' }

it('takes a window of requests, and says it; one that is none is refused', async () => {
  house = await openHouse()
  await house.slack.type('/mesh diagnose catalog --window 30m', WHO)
  expect(await ended(house)).toMatchObject({ state: 'done', request: { kind: 'diagnose', window: 1800 } })
  expect(shownIn(house.slack.messages('C_MESH')[0]!)).toMatch(/\d+ sources read in a window of 30 min, /)
  const wrong = await house.slack.type('/mesh diagnose catalog --window soon', WHO)
  expect(shownIn(await house.slack.waitFor(() => wrong.ephemerals()[0]))).toContain(
    '/mesh diagnose catalog --window 5m',
  )
})

it('diagnoses from the command to the verdict, in one message and its thread', async () => {
  house = await openHouse()
  const { slack, backend } = house
  const typed = await slack.type('/mesh diagnose catalog', WHO)
  expect(typed.outcome).toBe('acknowledged')
  const run = await ended(house)
  expect(run).toMatchObject({
    state: 'done',
    outcome: { verdict: 'ill' },
    request: { kind: 'diagnose', target: { key: 'service/istioinaction/catalog' } },
  })

  const [parent, ...replies] = slack.messages('C_MESH')
  expect(parent!.ts).toBe(run.thread)
  const verdict = shownIn(parent!)
  expect(
    verdict
      .split('\n')
      .filter((one) => one !== '')
      .slice(0, 3),
  ).toEqual([
    '🔴 Ill  `Service istioinaction/catalog`',
    'What is going on',
    expect.stringMatching(
      /^10 of 10 requests fail \(100 %\) with `503 NC`, since .+: `GET catalog\.istioinaction\.io\/items`\.$/,
    ),
  ])
  expect(verdict).toMatch(
    /Cause\n`VirtualService istioinaction\/catalog-v1-v2` routes to subsets .* \(seen in traffic, `MESH0101`\)/,
  )
  expect(verdict).toMatch(/What to do\nDefine /)
  expect(verdict).toMatch(/\d+ sources read, \d+ causes ruled out · asked by/)
  expect(verdict).toContain('[Propose fix][Raise log level][Full report]')
  expect(
    verdict
      .trim()
      .split('\n')
      .filter((one) => one !== '').length,
  ).toBeLessThanOrEqual(12)
  expect(replies.every(({ threadTs }) => threadTs === parent!.ts)).toBe(true)
  expect(replies.map(({ text }) => text)).toEqual(['Proof'])
  const proof = shownIn(replies[0]!)
  expect(proof).toMatch(/```kubectl get virtualservices\S* catalog-v1-v2 -n istioinaction -o yaml```/)
  expect(proof).toMatch(/```kubectl logs .* \| grep -F \S+Z```/)
  expect(proof).toContain('503 NC cluster_not_found')
  expect(proof.match(/^[✓✗?] \w+/gm)).toEqual(['✓ listener', '✓ route', '✗ cluster', '✗ cluster'])
  expect(proof).toMatch(/Hop by hop: `\/mesh follow catalog\.istioinaction\.io\/items --from ingress`/)
  // The audit has it after the run's end.
  await expect
    .poll(async () =>
      (await auditEntries(backend.records)).filter(({ entry }) => entry.run === run.id).map(({ entry }) => entry.event),
    )
    .toEqual(['diagnosis-asked', 'diagnosis-finished'])
})

it('shows steps in place while they run', async () => {
  const held = heldClients(recordedClients('chapter-10/ill'))
  house = await openHouse({ clients: held.clients })
  const { slack } = house
  await slack.type('/mesh diagnose catalog', WHO)
  const parent = await slack.waitFor(() =>
    slack.messages('C_MESH').find((message) => shownIn(message).includes('✓ objects')),
  )
  expect(shownIn(parent)).toMatch(/⏱ Diagnosing `Service istioinaction\/catalog`/)
  expect(shownIn(parent)).toMatch(/⏱ control plane [0-9] of [0-9]/)
  expect(shownIn(parent)).toContain('[Cancel]')
  held.release()
  await ended(house)
  expect(slack.messages('C_MESH').filter(({ threadTs }) => threadTs === undefined)).toHaveLength(1)
  expect(shownIn(slack.messages('C_MESH')[0]!)).not.toContain('[Cancel]')
})

it('says healthy of the mended mesh, and how much was ruled out', async () => {
  house = await openHouse({ clients: recordedClients('chapter-10/mended') })
  const { slack } = house
  await slack.type('/mesh diagnose deploy/catalog -n istioinaction', WHO)
  const run = await ended(house)
  expect(run.outcome?.verdict).toBe('healthy')
  expect(shownIn(slack.messages('C_MESH')[0]!)).toContain('🟢 Healthy')
  const [parent, ...replies] = slack.messages('C_MESH').map(shownIn)
  expect(parent).toMatch(/What is going on\nNo problem was found\. /)
  expect(parent).toMatch(/\d+ causes ruled out/)
  expect(parent).not.toMatch(/^(Cause|What to do)$/m)
  expect(replies).toHaveLength(1)
  expect(replies[0]).toMatch(/^The path of a request\n🟢 /)
})

it('lets a second question about the same target join the first', async () => {
  const held = heldClients(recordedClients('chapter-10/ill'))
  house = await openHouse({ clients: held.clients })
  const { slack } = house
  await slack.type('/mesh diagnose catalog', WHO)
  await slack.waitFor(() => slack.messages('C_MESH')[0])
  const second = await slack.type('/mesh diagnose catalog.istioinaction', { user: 'U_SECOND', channel: 'C_MESH' })
  await slack.waitFor(() => second.ephemerals()[0])
  expect(shownIn(second.ephemerals()[0]!)).toMatch(
    /Service istioinaction\/catalog is already being diagnosed. <.*\/archives\/C_MESH\/p\d+\|Its thread>/,
  )
  held.release()
  await slack.waitFor(() => slack.messages('C_MESH').some(({ text }) => text.includes('Ill')), 120_000)
  expect(slack.messages('C_MESH').filter(({ threadTs }) => threadTs === undefined)).toHaveLength(1)
  await ended(house)
})

it('shows the way of the request as a picture inside the proof, not as a message of its own', async () => {
  house = await openHouse()
  const { slack } = house
  await slack.type('/mesh diagnose catalog', WHO)
  await ended(house)
  const [, proof, ...more] = slack.messages('C_MESH')
  expect(more).toEqual([])
  const picture = proof!.blocks.at(-1) as unknown as { type: string; alt_text: string; slack_file: { id: string } }
  expect(picture).toMatchObject({ type: 'image', alt_text: expect.stringContaining('✗ cluster') as string })
  const file = slack.files().find(({ id }) => id === picture.slack_file.id)!
  expect(file.bytes.subarray(1, 4).toString()).toBe('PNG')
  expect(file.altText).toBe(picture.alt_text)
  expect(file.sharedIn).toEqual([])
})

it('is told without the picture where no file may be put', async () => {
  house = await openHouse()
  const { slack } = house
  slack.withoutScope('files:write')
  await slack.type('/mesh diagnose catalog', WHO)
  expect((await ended(house)).state).toBe('done')
  const [, proof] = slack.messages('C_MESH')
  expect(proof!.text).toBe('Proof')
  expect(proof!.blocks.some(({ type }) => type === 'image')).toBe(false)
  expect(house.logged.filter(({ says }) => says === 'a picture was not shown')).toHaveLength(1)
})

it('puts the full report into the thread once', async () => {
  house = await openHouse()
  const { slack } = house
  await slack.type('/mesh diagnose catalog', WHO)
  const first = await ended(house)
  const parent = slack.messages('C_MESH')[0]!
  // The picture of the way is shared by its message.
  const reported = () => slack.files().filter(({ name }) => !name.endsWith('.png'))
  slack.fail.next('files.completeUploadExternal', { error: 'posting_to_channel_denied' })
  const told = slack.ephemerals('U_ONCALL').length
  await slack.click(parent, 'full-report', WHO)
  await slack.waitFor(() => slack.ephemerals('U_ONCALL').length > told)
  expect(shownIn(slack.ephemerals('U_ONCALL').at(-1)!)).toContain('Slack refuses this: posting_to_channel_denied.')
  await slack.click(parent, 'full-report', WHO)
  const files = await slack.waitFor(() => reported().length === 2 && reported())
  expect(files.map(({ name }) => name)).toEqual([
    `mesh-medic-catalog-${first.id}.md`,
    `mesh-medic-catalog-${first.id}.json`,
  ])
  expect(files.every(({ sharedIn }) => sharedIn[0]?.threadTs === parent.ts)).toBe(true)
  expect(JSON.parse(files[1]!.bytes.toString())).toMatchObject({
    verdict: 'ill',
    cause: { finding: { code: 'MESH0101' } },
  })
  const again = await slack.click(parent, 'full-report', WHO)
  await slack.waitFor(() => again.ephemerals().some((one) => shownIn(one).includes('already in the thread')))
  expect(reported()).toHaveLength(2)
})

it('runs again by a button, where nothing is ill', async () => {
  house = await openHouse({ clients: recordedClients('chapter-10/mended') })
  const { slack } = house
  await slack.type('/mesh diagnose catalog', WHO)
  const first = await ended(house)
  const parent = slack.messages('C_MESH')[0]!
  expect(shownIn(parent)).toContain('[Run again][Full report]')
  await slack.click(parent, 'run-again', { user: 'U_SECOND', channel: 'C_MESH' })
  await slack.waitFor(() => slack.messages('C_MESH').filter(({ threadTs }) => threadTs === undefined).length === 2)
  const second = await ended(house, 2)
  expect(second.id).not.toBe(first.id)
  expect(second).toMatchObject({ asker: { user: 'U_SECOND' }, outcome: { verdict: 'healthy' } })
})
