import { afterAll, beforeAll, expect, it } from 'vitest'
import { openBackend } from '../../src/queue/open-backend.ts'
import { recordAudit } from '../../src/store/audit.ts'
import { rememberingLog } from '../slack/house.ts'
import { putEmptyDatabase } from '../store/empty-database.ts'
import { startRecordedCluster, type RecordedCluster } from './recorded-cluster.ts'

let cluster: RecordedCluster
beforeAll(async () => {
  cluster = await startRecordedCluster('chapter-10/ill')
  const folder = cluster.env.MESH_MEDIC_DATA!
  await putEmptyDatabase(folder)
}, 60_000)
afterAll(() => cluster.close())

it('nobody has said anything; then the last word of each on each run, latest first', async () => {
  expect((await cluster.runHere(['feedback'])).stdout).toBe('Nobody has said yet whether a cause was right.\n')
  const backend = await openBackend({ dataFolder: cluster.env.MESH_MEDIC_DATA!, log: rememberingLog().log })
  const judge = (user: string, run: string, right: boolean, minute: number) =>
    recordAudit(backend.records, {
      at: `2026-11-30T10:0${minute}:00.000Z`,
      event: 'cause-judged',
      by: { user },
      run,
      facts: { right, text: 'catalog\nshop', code: 'MESH0101', subject: 'VirtualService shop/catalog' },
    })
  await judge('U_ONCALL', 'one', false, 0)
  await judge('U_SECOND', 'two', false, 1)
  await judge('U_ONCALL', 'one', true, 2)
  await recordAudit(backend.records, { event: 'diagnosis-asked', by: { user: 'U_ONCALL' }, run: 'one' })
  await backend.close()
  const { exitCode, stdout } = await cluster.runHere(['feedback'])
  expect(exitCode).toBe(0)
  expect(stdout).toBe(
    [
      '1 of 2 causes were held for right.',
      '2026-11-30 10:02:00  right  MESH0101  VirtualService shop/catalog  diagnose catalog shop  run one, U_ONCALL',
      '2026-11-30 10:01:00  WRONG  MESH0101  VirtualService shop/catalog  diagnose catalog shop  run two, U_SECOND',
      '',
    ].join('\n'),
  )
  const wrong = await cluster.runHere(['feedback', '--wrong', '-o', 'json'])
  expect(JSON.parse(wrong.stdout)).toMatchObject([{ right: false, run: 'two', by: 'U_SECOND' }])
}, 60_000)
