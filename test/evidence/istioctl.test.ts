import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { ByteBudget } from '../../src/evidence/clients/byte-budget.ts'
import { istioctlProgram } from '../../src/evidence/clients/istioctl.ts'

const folder = mkdtempSync(join(tmpdir(), 'mesh-medic-istioctl-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** As istioctl 1.31 printed it for the reader of the deploy manifests. */
const NO_WATCH = `2026-11-29T21:54:41.904698Z\terror\twatch error in cluster : mutatingwebhookconfigurations.admissionregistration.k8s.io is forbidden: User "system:serviceaccount:mesh-medic:mesh-medic-reader" cannot watch resource "mutatingwebhookconfigurations" in API group "admissionregistration.k8s.io" at the cluster scope`
const NO_ISTIOD = 'Error: no running Istio pods in "istio-system"'

/** Runs a program that prints these and fails. */
function failing(name: string, stdout: string, stderr: string): Promise<string> {
  const program = join(folder, name)
  writeFileSync(join(folder, `${name}.out`), stdout)
  writeFileSync(join(folder, `${name}.err`), stderr)
  writeFileSync(program, `#!/bin/sh\ncat "$0.out"\ncat "$0.err" >&2\nexit 1\n`, { mode: 0o700 })
  return istioctlProgram({ program, environment: process.env }).run(
    ['proxy-status', '-o', 'json'],
    new AbortController().signal,
  )
}

describe('an istioctl that fails', () => {
  it('is not said to lack the watch that it does without', async () => {
    await expect(failing('no-istiod', `${NO_WATCH}\n`, `${NO_ISTIOD}\n`)).rejects.toMatchObject({
      reason: 'unavailable',
      message: NO_ISTIOD,
      permission: undefined,
    })
  })

  it('is said to lack what it cannot do without, though it lacks the watch too', async () => {
    const refused =
      'Error: pods is forbidden: User "x" cannot list resource "pods" in API group "" in the namespace "istio-system"'
    await expect(failing('no-pods', `${NO_WATCH}\n`, `${refused}\n`)).rejects.toMatchObject({
      reason: 'forbidden',
      permission: { verb: 'list', resource: 'pods', namespace: 'istio-system' },
    })
  })
})

/** Runs a shell script as istioctl. */
function script(name: string, text: string, signal = new AbortController().signal): Promise<string> {
  const program = join(folder, name)
  writeFileSync(program, `#!/bin/sh\n${text}\n`, { mode: 0o700 })
  return istioctlProgram({ program, environment: process.env }).run(['version'], signal)
}

const isRunning = (pid: number): boolean => {
  try {
    // A process that ended and that nobody has waited for yet is none.
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

describe('an istioctl', () => {
  it('is ended when it prints more than is read', async () => {
    const budget = new ByteBudget(1024 * 1024)
    const program = join(folder, 'endless')
    writeFileSync(program, '#!/bin/sh\nexec yes\n', { mode: 0o700 })
    const istioctl = istioctlProgram({ program, environment: process.env, budget })
    await expect(istioctl.run(['proxy-status'], new AbortController().signal)).rejects.toMatchObject({
      reason: 'unavailable',
      message: 'what istioctl proxy-status prints is longer than mesh-medic reads: cut off',
    })
    expect(budget.used).toBe(0)
  })

  it('does not know what is none of its business', async () => {
    vi.stubEnv('SLACK_BOT_TOKEN', 'not-a-token')
    vi.stubEnv('REDIS_URL', 'redis://nobody')
    vi.stubEnv('MESH_MEDIC_KEY', 'no-key')
    vi.stubEnv('AWS_PROFILE', 'shop')
    vi.stubEnv('https_proxy', 'http://proxy.example:3128')
    try {
      const names = (await script('env', 'env')).split('\n').map((line) => line.split('=')[0])
      expect(names).toEqual(expect.arrayContaining(['PATH', 'GOGC', 'AWS_PROFILE', 'https_proxy']))
      expect(names.filter((name) => /^(?:SLACK|REDIS|MESH_MEDIC)_/.test(name ?? ''))).toEqual([])
    } finally {
      vi.unstubAllEnvs()
    }
  })

  it.skipIf(process.platform !== 'linux').concurrent.each([
    ['while it runs itself', 'sleep 600'],
    ['after it ended', 'exit 0'],
  ])(
    'ends with all that it started, which keeps its output open %s',
    async (when, then) => {
      const file = join(folder, `grandchild-${when.length}`)
      const stop = new AbortController()
      const running = script(
        `parent-${when.length}`,
        `sleep 600 &\necho $! > ${file}.new; mv ${file}.new ${file}\n${then}`,
        stop.signal,
      )
      const settled = running.catch((error: unknown) => error)
      await vi.waitUntil(() => existsSync(file), { timeout: 30_000 })
      const grandchild = Number(readFileSync(file, 'utf8'))
      expect(isRunning(grandchild)).toBe(true)
      stop.abort()
      expect(await settled).toMatchObject({ reason: 'timeout' })
      await vi.waitUntil(() => !isRunning(grandchild), { timeout: 30_000 })
    },
    90_000,
  )
})
