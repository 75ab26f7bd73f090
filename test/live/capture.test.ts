import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { CaptureReport } from '../../src/capture/capture-report.ts'
import { openLiveBot, POLICY } from './bot.ts'
import { kubectl, until } from './mesh.ts'

const { MESH_MEDIC_TEST_IMAGE: APPLICATION = '', MESH_MEDIC_TEST_TOOLS: TOOLS = 'docker.io/lab/tools:dev' } =
  process.env
const PREFIX = process.env.MESH_MEDIC_TEST_CAPTURE_NAMESPACE ?? 'capture'
const OWN = `${PREFIX}-own`
const LEVELS = ['privileged', 'baseline', 'restricted'] as const
const CLI = join(import.meta.dirname, '..', '..', 'src', 'cli.ts')

const namespace = (name: string, level: string): string =>
  `apiVersion: v1\nkind: Namespace\nmetadata: { name: ${name}, labels: { pod-security.kubernetes.io/enforce: ${level} } }\n`
/** As a restricted namespace wants it: an application that is slow now and then, and a client that gives up after half a second. */
const pod = (name: string): string => `
apiVersion: v1
kind: Pod
metadata: { name: catalog, namespace: ${name} }
spec:
  securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: RuntimeDefault } }
  terminationGracePeriodSeconds: 1
  containers:
    - name: catalog
      image: ${APPLICATION}
      securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: [ALL] } }
    - name: client
      image: ${TOOLS}
      command:
        - sh
        - -c
        - |
          until curl -s -X POST -H 'Content-Type: application/json' -d '{"active":true,"type":"latency","volatile":true}' http://127.0.0.1:3000/blowup; do sleep 1; done
          while true; do curl -s -m 0.5 -o /dev/null http://127.0.0.1:3000/items; sleep 0.1; done
      securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: [ALL] } }
`

let folder: string
const run = (config: string, ...args: string[]) =>
  execa(process.execPath, [CLI, 'capture', 'pod/catalog', ...args], {
    reject: false,
    env: { MESH_MEDIC_CONFIG: join(folder, config), MESH_MEDIC_DATA: join(folder, 'data') },
  })
const dumping = async (): Promise<number> => {
  const { stdout } = await execa('ps', ['-eo', 'args'])
  return stdout.split('\n').filter((line) => /^tcpdump .*-s 160/.test(line)).length
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mesh-medic-live-'))
  const capture = `image: ${TOOLS}, pullPolicy: Never`
  await writeFile(join(folder, 'all.yaml'), `capture: { ${capture}, namespace: ${OWN} }\n`)
  await writeFile(join(folder, 'no-pods.yaml'), `capture: { ${capture} }\n`)
  await writeFile(
    join(folder, 'no-image.yaml'),
    `capture: { image: docker.io/lab/none:dev, pullPolicy: Never, namespace: ${OWN} }\n`,
  )
  await kubectl(
    ['apply', '-f', '-'],
    [namespace(OWN, 'privileged'), ...LEVELS.map((level) => namespace(`${PREFIX}-${level}`, level))].join('---\n'),
  )
  for (const level of LEVELS) await kubectl(['apply', '-f', '-'], pod(`${PREFIX}-${level}`))
  for (const level of LEVELS)
    await kubectl(['-n', `${PREFIX}-${level}`, 'wait', '--for=condition=Ready', 'pod/catalog', '--timeout=90s'])
}, 240_000)
afterAll(async () => {
  await kubectl(['delete', 'namespace', '--wait=false', OWN, ...LEVELS.map((level) => `${PREFIX}-${level}`)])
  await rm(folder, { recursive: true, force: true })
})

describe.each([
  ['privileged', /by container mesh-medic-capture-\S+, which ends and stays/, 1],
  ['baseline', /by container mesh-medic-capture-\S+, which ends and stays/, 1],
  ['restricted', new RegExp(`by pod mesh-medic-capture-\\S+ in ${OWN}, which enters the pod's network`), 0],
] as const)('a namespace that enforces %s', (level, how, stays) => {
  it('its pod is captured and explained; nothing captures after it', async () => {
    const added = async (): Promise<number> => {
      const printed = await kubectl(['-n', `${PREFIX}-${level}`, 'get', 'pod', 'catalog', '-o', 'json'])
      return (
        (JSON.parse(printed) as { spec: { ephemeralContainers?: unknown[] } }).spec.ephemeralContainers?.length ?? 0
      )
    }
    const before = await added()
    const file = join(await mkdtemp(join(folder, 'kept-')), 'kept.pcap')
    const { stdout, stderr, exitCode } = await run(
      'all.yaml',
      '-n',
      `${PREFIX}-${level}`,
      '--port',
      '3000',
      '--for',
      '8s',
      '-w',
      file,
      '-o',
      'json',
    )
    expect(stderr).toMatch(how)
    const report = JSON.parse(stdout) as CaptureReport
    expect({ exitCode, findings: report.findings.map(({ check }) => check) }).toMatchObject({ exitCode: 2 })
    expect(report.findings.map(({ check }) => check)).toEqual(
      expect.arrayContaining(['client-closed-first', 'answer-after-close']),
    )
    expect(report.stories.map(({ says }) => says)).toContainEqual(
      expect.stringMatching(
        /^GET \/items; [45]\d\d(?: to 5\d\d)? ms later 127\.0\.0\.1 closed \(FIN\); .* answer \(200\) came/,
      ),
    )
    expect(await dumping()).toBe(0)
    expect((await readFile(file)).toString('latin1')).not.toMatch(/user-agent/i)
    expect(await added()).toBe(before + stays)
    expect(await kubectl(['-n', OWN, 'get', 'pods', '-o', 'name'])).toBe('')
  }, 90_000)
})

it('killed half-way, it ends by itself in the pod, and the next start ends the lease', async () => {
  const started = run('all.yaml', '-n', `${PREFIX}-restricted`, '--port', '3000', '--for', '10s')
  await until('tcpdump that runs', 60, async () => (await dumping()) === 1)
  started.kill('SIGKILL')
  await started
  expect(await kubectl(['-n', OWN, 'get', 'pods', '-o', 'name'])).not.toBe('')
  await until('its end', 20, async () => (await dumping()) === 0)
  const { stderr } = await run('all.yaml', '-n', `${PREFIX}-restricted`, '--for', '1s')
  expect(stderr).toContain('From an earlier run of this command that was killed:')
  expect(await kubectl(['-n', OWN, 'get', 'pods', '-o', 'name'])).toBe('')
}, 120_000)

it('what cannot be captured: why, and what to do instead', async () => {
  const refused = await run('no-pods.yaml', '-n', `${PREFIX}-restricted`)
  expect(refused.exitCode).toBe(64)
  expect(refused.stderr).toMatch(/violates PodSecurity "restricted:latest"[\s\S]*mesh-medic timeline --file/)
  const none = await run('no-image.yaml', '-n', `${PREFIX}-restricted`)
  expect(none.exitCode).toBe(3)
  expect(none.stderr).toContain('the image docker.io/lab/none:dev could not be pulled on its node (ErrImageNeverPull')
  expect(await kubectl(['-n', OWN, 'get', 'pods', '-o', 'name'])).toBe('')
}, 90_000)

it('in Slack, with the rights of deploy/: it is captured and explained in each namespace, once somebody else has approved it', async () => {
  const bot = await openLiveBot({
    ...POLICY,
    postsCaptures: () => true,
    captures: { image: { image: TOOLS, pullPolicy: 'Never' } },
  })
  const refused = (): number =>
    bot.standIn.ephemerals('U_ONCALL').filter(({ text }) => text.includes('somebody else has to approve it')).length
  try {
    for (const level of LEVELS) {
      await bot.standIn.type(`/mesh capture pod/catalog -n ${PREFIX}-${level} --filter "port 3000" --for 6s`)
      const { message } = await bot.seen(
        /waits for approval/,
        ({ text: shown }) => shown.includes(`pod/catalog`) && shown.includes('asked for by'),
        60_000,
      )
      const before = refused()
      await bot.click(message, 'Approve', 'U_ONCALL')
      await until('the refusal', 20, () => Promise.resolve(refused() > before))
      await bot.click(message, 'Approve', 'U_SECOND')
      const { text } = await bot.seen(
        // On a busy machine the client is late to give up.
        /GET \/items; [\d,]+(?: to [\d,]+)? ms later 127\.0\.0\.1 closed \(FIN\)/,
        ({ text: shown }) => shown.includes(`${PREFIX}-${level}/catalog`),
        70_000,
      )
      expect(text).toContain('headers of HTTP and bodies are not there')
    }
    expect(await dumping()).toBe(0)
  } finally {
    await bot.close()
  }
}, 240_000)
