import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readRecording } from '../../src/evidence/clients/recording-file.ts'
import { startRecordedCluster, type RecordedCluster } from './recorded-cluster.ts'

const ASK = ['diagnose', 'catalog', '-n', 'istioinaction']
const HOST = ['follow', 'catalog.istioinaction.io/items', '--from', 'ingress']
/** No cluster, no istioctl. */
const NOWHERE = { KUBECONFIG: '/nowhere', ISTIOCTL: '/nowhere' }
const folder = mkdtempSync(join(tmpdir(), 'mesh-medic-recordings-'))
const mesh = join(folder, 'mesh.json.gz')
const way = join(folder, 'way.json')
let cluster: RecordedCluster
let live: Record<'json' | 'text' | 'way', string>

beforeAll(async () => {
  cluster = await startRecordedCluster('chapter-10/ill')
  const json = await cluster.runHere([...ASK, '-o', 'json', '--record', mesh])
  expect(json).toMatchObject({ exitCode: 2 })
  expect(json.stderr).toContain(`Recorded what was read, redacted, in ${mesh}`)
  const text = await cluster.runHere([...ASK, '--verbose', '--record', join(folder, 'text.json')])
  const followed = await cluster.runHere([...HOST, '--record', way])
  live = { json: json.stdout, text: text.stdout, way: followed.stdout }
}, 60_000)
afterAll(async () => {
  await cluster.close()
})

describe('a replay', () => {
  it('gives the same bytes without a cluster', async () => {
    const asked = cluster.requests.length
    const json = await cluster.runHere([...ASK, '-o', 'json', '--replay', mesh], NOWHERE)
    expect(json).toEqual({ stdout: live.json, stderr: '', exitCode: 2 })
    const text = await cluster.runHere([...ASK, '--verbose', '--replay', join(folder, 'text.json')], NOWHERE)
    expect(text).toEqual({ stdout: live.text, stderr: '', exitCode: 2 })
    const followed = await cluster.runHere([...HOST, '--replay', way], NOWHERE)
    expect(followed).toEqual({ stdout: live.way, stderr: '', exitCode: 2 })
    expect(cluster.requests).toHaveLength(asked)
  })

  it('takes the same question in other words', async () => {
    const { stdout, exitCode } = await cluster.runHere(
      ['diagnose', 'catalog.istioinaction', '-o', 'json', '--replay', mesh],
      NOWHERE,
    )
    expect(exitCode).toBe(2)
    expect(JSON.parse(stdout)).toMatchObject({ cause: { finding: { code: 'MESH0101' } } })
  })

  it('refuses another window than that of the recording', async () => {
    const { stderr, exitCode } = await cluster.runHere([...ASK, '--window', '5m', '--replay', mesh], NOWHERE)
    expect(exitCode).toBe(64)
    expect(stderr).toContain('does not hold `catalog -n istioinaction --window 300s`')
    const none = await cluster.runHere([...ASK, '--window', '1d', '--replay', mesh], NOWHERE)
    expect(none).toMatchObject({ exitCode: 64, stderr: expect.stringContaining('between 30s and 24h') as unknown })
  })

  it('refuses another target, and says what is held', async () => {
    const { stdout, stderr, exitCode } = await cluster.runHere(
      ['diagnose', 'webapp', '-n', 'istioinaction', '--replay', mesh],
      NOWHERE,
    )
    expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 64 })
    expect(stderr).toBe(
      `${mesh} does not hold \`webapp -n istioinaction\`: it was recorded by \`mesh-medic diagnose catalog -n istioinaction\`.\n` +
        `Replay that: \`mesh-medic diagnose catalog -n istioinaction --replay ${mesh}\`.\n`,
    )
    const other = await cluster.runHere(['follow', 'webapp.istioinaction.io', '--replay', way], NOWHERE)
    expect(other).toMatchObject({ exitCode: 64, stdout: '' })
    expect(other.stderr).toContain(
      'it was recorded by `mesh-medic follow catalog.istioinaction.io/items --from ingress`',
    )
    const diagnosis = await cluster.runHere([...ASK, '--replay', way], NOWHERE)
    expect(diagnosis).toMatchObject({ exitCode: 64, stdout: '' })
    expect(diagnosis.stderr).toContain('holds the way of one request and not a diagnosis')
  })

  it('follows requests in what a diagnosis read', async () => {
    const { stdout, stderr, exitCode } = await cluster.runHere([...HOST, '-o', 'json', '--replay', mesh], NOWHERE)
    expect(JSON.parse(stdout)).toMatchObject({ dies: 'cluster', outcome: 'dies' })
    expect(exitCode).toBe(2)
    expect(stderr).toContain('was recorded by `mesh-medic diagnose catalog -n istioinaction`')
  })

  it('of another version of mesh-medic says so', async () => {
    const path = join(folder, 'older.json')
    writeFileSync(path, readFileSync(way, 'utf8').replace(/"madeBy":"[^"]+"/, '"madeBy":"0.0.1"'))
    const { stderr } = await cluster.runHere([...HOST, '--replay', path], NOWHERE)
    expect(stderr).toContain('was made by mesh-medic 0.0.1')
  })

  it.each([['--record', 'x.json'], ['--context', 'staging'], ['--probe']])('goes without %s', async (...flags) => {
    const { stdout, stderr, exitCode } = await cluster.runHere([...ASK, '--replay', mesh, ...flags], NOWHERE)
    expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 64 })
    expect(stderr).toContain('cannot be used with option')
  })
})

describe('a recording', () => {
  it('is made also when there is no such target, and replays that', async () => {
    const path = join(folder, 'unknown.json')
    const ask = ['diagnose', 'katalog', '-n', 'istioinaction']
    const live = await cluster.runHere([...ask, '--record', path])
    expect(live.exitCode).toBe(64)
    const again = await cluster.runHere([...ask, '--replay', path], NOWHERE)
    expect(again.exitCode).toBe(64)
    expect(live.stderr).toContain(again.stderr)
  })

  it('is not begun where no file can be', async () => {
    const asked = cluster.requests.length
    const { stdout, stderr, exitCode } = await cluster.runHere([...ASK, '--record', '/nowhere/mesh.json'])
    expect({ stdout, stderr, exitCode }).toEqual({ stdout: '', stderr: 'There is no folder /nowhere.\n', exitCode: 64 })
    expect(cluster.requests.slice(asked).filter((one) => one.includes('virtualservices'))).toEqual([])
  })

  it('keeps nothing of a secret that was typed', async () => {
    const path = join(folder, 'typed.json')
    const words = [...HOST, '--header', 'authorization=Bearer hunter2hunter2']
    await cluster.runHere([...words, '--record', path])
    expect(existsSync(path)).toBe(true)
    expect(readFileSync(path, 'utf8')).not.toContain('hunter2')
    expect((await cluster.runHere([...words, '--replay', path], NOWHERE)).exitCode).toBe(2)
    expect(readRecording(path).asked?.command).toBe('follow')
  })
})
