import { expect, it } from 'vitest'
import { confirmShown } from '../../src/slack/incidents/frame.ts'
import { changeSubject, readSubject, type Incident } from '../../src/store/incidents.ts'
import { memoryRecords } from '../store/memory-records.ts'

const INCIDENT: Incident = {
  id: 'i',
  state: 'open',
  channel: 'C1',
  flags: [],
  codes: [],
  names: ['A'],
  alerts: {},
  pods: [],
  links: {},
  createdAt: '2026-11-30T09:00:00.000Z',
  firstAt: '2026-11-30T09:00:00.000Z',
  lastAt: '2026-11-30T09:00:00.000Z',
  news: [],
  told: 0,
}

it('what is shown is certain only where no other edit was begun meanwhile: otherwise it is edited once more', async () => {
  const records = memoryRecords()
  const where = { subject: 's', id: 'i' }
  const begin = (at: string) =>
    changeSubject(records, 's', (subject) => ({ ...subject, incidents: [{ ...INCIDENT, shown: { digest: '', at } }] }))
  const shown = async () => (await readSubject(records, 's'))?.incidents[0]?.shown

  await begin('2026-11-30T09:00:01.000Z')
  await confirmShown(records, where, { digest: 'first', at: '2026-11-30T09:00:01.000Z' })
  expect(await shown()).toEqual({ digest: 'first', at: '2026-11-30T09:00:01.000Z' })

  // An edit that was begun earlier comes back after a later one was shown: it may have overwritten it.
  await begin('2026-11-30T09:00:02.000Z')
  await confirmShown(records, where, { digest: 'second', at: '2026-11-30T09:00:02.000Z' })
  await confirmShown(records, where, { digest: 'first', at: '2026-11-30T09:00:01.000Z' })
  expect(await shown()).toEqual({ digest: '', at: '2026-11-30T09:00:02.000Z' })
})
