import { PGlite } from '@electric-sql/pglite'
import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openBackend } from '../../src/queue/open-backend.ts'
import { auditEntries, recordAudit } from '../../src/store/audit.ts'
import { putEmptyDatabase } from '../store/empty-database.ts'
import { rememberingLog } from '../slack/house.ts'
import { startRecordedCluster, type RecordedCluster } from './recorded-cluster.ts'

let cluster: RecordedCluster
let folder: string
let hashes: string[]
beforeAll(async () => {
  cluster = await startRecordedCluster('chapter-10/ill')
  folder = cluster.env.MESH_MEDIC_DATA!
  await putEmptyDatabase(folder)
  const backend = await openBackend({ dataFolder: folder, log: rememberingLog().log })
  for (const at of [1, 2, 3])
    await recordAudit(backend.records, {
      event: 'lease-granted',
      by: { user: 'U_ONCALL' },
      target: 'service/shop/catalog',
      facts: { at, says: 'line\n<!channel>' },
    })
  hashes = (await auditEntries(backend.records)).map(({ entry }) => entry.hash)
  await backend.close()
}, 60_000)
afterAll(() => cluster.close())

const changed = async (sql: string): Promise<void> => {
  const db = await PGlite.create(join(folder, 'pglite'))
  await db.exec(sql)
  await db.close()
}

describe('mesh-medic audit', () => {
  it('export: every entry a line of JSON, oldest first, and nothing else', async () => {
    const { exitCode, stdout, stderr } = await cluster.run(['audit', 'export'])
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { sequence: number; entry: Record<string, unknown> })
    expect(lines.map(({ sequence, entry }) => [sequence, entry.hash])).toEqual(
      hashes.map((hash, index) => [index + 1, hash]),
    )
    expect(lines[0]!.entry).toMatchObject({
      event: 'lease-granted',
      by: { user: 'U_ONCALL' },
      target: 'service/shop/catalog',
      facts: { says: 'line\n<!channel>' },
    })
  })

  it('verify: whole, with the head to note elsewhere', async () => {
    const { exitCode, stdout } = await cluster.runHere(['audit', 'verify'])
    expect({ exitCode, stdout }).toEqual({
      exitCode: 0,
      stdout: `whole: 3 entries, head ${hashes[2]!}\nKeep the head somewhere else: with it, entries cut off at the end are detected too.\n`,
    })
  })

  it('a folder that the bot holds: bad usage, who holds it, and what would work', async () => {
    const backend = await openBackend({ dataFolder: folder, log: rememberingLog().log })
    for (const command of ['export', 'verify']) {
      const { exitCode, stdout, stderr } = await cluster.runHere(['audit', command])
      expect({ exitCode, stdout }).toEqual({ exitCode: 64, stdout: '' })
      expect(stderr).toContain(`in use by process ${process.pid}`)
      expect(stderr).toContain('set REDIS_URL')
    }
    await backend.close()
  })

  it('a folder that is none: says so, and makes none', async () => {
    const nowhere = join(folder, '..', 'nowhere')
    const { exitCode, stdout, stderr } = await cluster.runHere(['audit', 'verify'], { MESH_MEDIC_DATA: nowhere })
    expect({ exitCode, stdout }).toEqual({ exitCode: 64, stdout: '' })
    expect(stderr).toContain(`${nowhere} holds no records`)
    expect(readdirSync(join(folder, '..'))).not.toContain('nowhere')
    mkdirSync(nowhere)
    expect((await cluster.runHere(['audit', 'export'], { MESH_MEDIC_DATA: nowhere })).exitCode).toBe(64)
  })

  it('one entry changed: verify says which (exit 2), export still gives all there is', async () => {
    await changed(`update mesh_medic.entries set value = replace(value, 'U_ONCALL', 'U_SECOND') where sequence = 2`)
    const { exitCode, stdout } = await cluster.runHere(['audit', 'verify'])
    expect({ exitCode, stdout }).toEqual({
      exitCode: 2,
      stdout: 'BROKEN at entry 2: its content does not match its hash: it was changed\n',
    })
    await changed(`update mesh_medic.entries set value = '{"at":"never"}' where sequence = 2`)
    const exported = await cluster.runHere(['audit', 'export'])
    expect(exported.exitCode).toBe(0)
    expect(exported.stdout.split('\n')[1]).toBe('{"sequence":2,"entry":{"at":"never"}}')
    await changed(`delete from mesh_medic.entries where sequence = 2`)
    expect(await cluster.runHere(['audit', 'verify'])).toMatchObject({
      exitCode: 2,
      stdout: 'BROKEN at entry 3: it does not follow the previous entry: one was removed, added or changed\n',
    })
  })
})
