import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startPatientStandIn } from './sandbox/patient-stand-in.ts'
import { compileCache } from './compile-cache.ts'
import { putEmptyDatabase } from './store/empty-database.ts'

const MAIN = join(import.meta.dirname, '..', 'src', 'main.ts')
const folder = mkdtempSync(join(tmpdir(), 'mesh-medic-main-'))
const kubeconfig = join(folder, 'kubeconfig')

beforeAll(() =>
  writeFileSync(
    kubeconfig,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'x',
      clusters: [{ name: 'x', cluster: { server: 'https://127.0.0.1:1' } }],
      users: [{ name: 'x', user: {} }],
      contexts: [{ name: 'x', context: { cluster: 'x', user: 'x' } }],
    }),
  ),
)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => {
    server.close(resolve)
  })
  return port
}
const start = (env: Record<string, string>) =>
  // Compiling the database's hot functions once more, optimised, takes longer than all that is done here.
  execa(process.execPath, ['--wasm-tiering-budget=500000000', MAIN], {
    reject: false,
    // A busy machine ends it later than that.
    forceKillAfterDelay: false,
    extendEnv: false,
    stdin: 'ignore',
    env: {
      PATH: '/usr/bin:/bin',
      HOME: folder,
      KUBECONFIG: kubeconfig,
      SLACK_BOT_TOKEN: 'xoxb-1',
      SLACK_APP_TOKEN: 'xapp-1',
      ...compileCache(),
      ...env,
    },
  })

it.concurrent(
  'becomes ready, and ends with 0 when told to',
  async ({ expect, onTestFinished }) => {
    const slack = await startPatientStandIn()
    const port = await freePort()
    await putEmptyDatabase(join(folder, 'data'))
    const service = start({
      SLACK_BOT_TOKEN: slack.botToken,
      SLACK_APP_TOKEN: slack.appToken,
      SLACK_API_URL: slack.url,
      HEALTH_PORT: String(port),
      MESH_MEDIC_DATA: join(folder, 'data'),
    })
    onTestFinished(() => void service.kill('SIGKILL'))
    const status = (): Promise<number> =>
      fetch(`http://127.0.0.1:${port}/readyz`).then(
        (response) => response.status,
        () => 0,
      )
    await expect.poll(status, { timeout: 100_000, interval: 200 }).toBe(200)
    service.kill('SIGTERM')
    const { exitCode, stdout, stderr } = await service
    await slack.close()
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: '' })
    const lines = stderr.split('\n').map((line) => JSON.parse(line) as { message: string; level: string })
    const told = lines.filter(({ level }) => level === 'info').map(({ message }) => message)
    // When the store is ready for the first, nobody knows.
    const isHead = (message: string): boolean => message === 'the head of the audit'
    expect(told.filter((message) => !isHead(message))).toEqual(['mesh-medic is ready', 'shutting down'])
    expect(told.filter(isHead)).toHaveLength(1)
    expect(stderr).not.toMatch(/xoxb-|xapp-/)
  },
  150_000,
)

it.concurrent('a data folder that cannot be used: exit 1, with the reason in the log', async () => {
  const { exitCode, stderr } = await start({ MESH_MEDIC_DATA: kubeconfig })
  expect(exitCode).toBe(1)
  expect(stderr).toMatch(/"level":"fatal".*"message":"The data folder .* cannot be used/)
})
