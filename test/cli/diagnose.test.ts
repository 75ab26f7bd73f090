import { existsSync, readFileSync } from 'node:fs'
import { execa } from 'execa'
import { afterAll, describe, expect, it } from 'vitest'
import type { Report } from '../../src/diagnosis/report.ts'
import { recordedClients } from '../replay.ts'
import { startRecordedCluster, type RecordedCluster, type RecordedClusterOptions } from './recorded-cluster.ts'

const ASK = ['diagnose', 'catalog', '-n', 'istioinaction']
const open: RecordedCluster[] = []
const plain = new Map<string, Promise<RecordedCluster>>()
afterAll(async () => {
  for (const cluster of [...open, ...(await Promise.all(plain.values()))]) await cluster.close()
})
/** One that does what was recorded is started once. */
async function cluster(from: string, options?: RecordedClusterOptions): Promise<RecordedCluster> {
  if (options !== undefined) {
    const started = await startRecordedCluster(from, options)
    open.push(started)
    return started
  }
  const started = plain.get(from) ?? startRecordedCluster(from)
  plain.set(from, started)
  return started
}

describe('the answer', () => {
  it("is by the cluster's clock, not by the machine's", async () => {
    const { runHere } = await cluster('chapter-10/mended')
    const { stdout } = await runHere([...ASK, '-o', 'json'])
    const { startedAt, finishedAt, readings } = JSON.parse(stdout) as Report
    const madeAt = recordedClients('chapter-10/mended').now().getTime()
    for (const at of [startedAt, finishedAt, ...readings.map((reading) => reading.at)])
      expect(Math.abs(Date.parse(at) - madeAt), at).toBeLessThan(3600_000)
  })

  it('healthy: exit 0, as text; commands name the context that was asked for', async () => {
    const { stdout, exitCode } = await (
      await cluster('chapter-10/mended')
    ).runHere([...ASK, '--context', 'recorded', '--verbose'])
    expect(exitCode).toBe(0)
    expect(stdout).toMatch(/^Healthy: /)
    expect(stdout).toContain('istioctl proxy-status -o json --context recorded')
    expect(stdout).toContain('kubectl get virtualservices.networking.istio.io -A -o yaml --context recorded')
  })

  it('as Markdown', async () => {
    const { stdout, exitCode } = await (await cluster('chapter-10/ill')).runHere([...ASK, '-o', 'markdown'])
    expect(exitCode).toBe(2)
    expect(stdout).toMatch(/^# Ill: Service istioinaction\/catalog\n/)
  })
})

// In processes of their own, which take most of a second to start.
describe.concurrent('the program', () => {
  it('ill: exit 2, and standard output is the JSON alone', async () => {
    const { stdout, stderr, exitCode } = await (await cluster('chapter-10/ill')).run([...ASK, '-o', 'json'])
    expect(exitCode).toBe(2)
    expect(JSON.parse(stdout) as Report).toMatchObject({
      verdict: 'ill',
      cause: {
        finding: {
          code: 'MESH0101',
          subject: { kind: 'VirtualService', namespace: 'istioinaction', name: 'catalog-v1-v2' },
        },
      },
    })
    expect(stderr).toBe('')
  })

  it('a reader that closes the pipe early is no failure', async () => {
    const { env } = await cluster('chapter-10/ill')
    const { stdout, stderr } = await execa(
      '/bin/sh',
      ['-c', `"${process.execPath}" src/cli.ts ${ASK.join(' ')} | head -c 4`],
      { extendEnv: false, env, reject: false, cwd: new URL('../..', import.meta.url) },
    )
    expect(stdout).toBe('Ill:')
    expect(stderr).toBe('')
  })

  it('Ctrl-C: exit 130, and istioctl does not stay behind', async ({ expect }) => {
    // It would wait for longer than this test may take.
    const { env, requests } = await cluster('chapter-10/mended', {
      istioctl: 'echo $$ >>"$0.pids"; exec sleep 300',
      api: () => undefined,
    })
    const running = execa(process.execPath, ['src/cli.ts', ...ASK], {
      extendEnv: false,
      env,
      reject: false,
      stdin: 'ignore',
      cwd: new URL('../..', import.meta.url),
    })
    const started = `${env.ISTIOCTL ?? ''}.pids`
    await expect.poll(() => requests.length > 0 && existsSync(started)).toBe(true)
    running.kill('SIGINT')
    const { exitCode, stdout, stderr } = await running
    expect({ exitCode, stdout, stderr }).toEqual({ exitCode: 130, stdout: '', stderr: 'Cancelled.' })
    const pids = readFileSync(started, 'utf8').trim().split('\n').map(Number)
    await expect.poll(() => pids.filter(isRunning)).toEqual([])
  })
})

describe('bad usage: exit 64, nothing on standard output', () => {
  it.each([
    [
      'a name that is nearly right',
      ['diagnose', 'catlog', '-n', 'istioinaction'],
      /no service catlog .*Nearest: catalog/,
    ],
    [
      'a namespace that is nearly right',
      ['diagnose', 'catalog', '-n', 'istioinactio'],
      /no namespace istioinactio.*istioinaction/,
    ],
    [
      'a flag for a namespace',
      ['diagnose', 'catalog', '-n', '--kubeconfig=x'],
      /"--kubeconfig=x" is not a namespace name/,
    ],
    ['shell characters', ['diagnose', 'catalog;id'], /is not a name Kubernetes allows/],
    ['an unknown context', [...ASK, '--context', 'nope'], /no context "nope"; it has: recorded/],
    ['an unknown command', ['diagnos'], /Did you mean diagnose/],
    ['an unknown flag', [...ASK, '--contxt', 'x'], /Did you mean --context/],
    ['an unknown format', [...ASK, '-o', 'xml'], /Allowed choices are text, json, markdown/],
    ['no target', ['diagnose'], /missing required argument 'target'/],
    ['a status of something impossible', ['status', '-x'], /unknown option/],
    ['a variable that cannot be', ['status'], /PROMETHEUS_URL: must be an address/, { PROMETHEUS_URL: 'nowhere' }],
  ] as [string, string[], RegExp, Record<string, string>?][])('%s', async (_, args, says, env) => {
    const { stdout, stderr, exitCode } = await (await cluster('chapter-10/mended')).runHere(args, env)
    expect(stderr).toMatch(says)
    expect(exitCode).toBe(64)
    expect(stdout).toBe('')
  })
})

describe('what could not be seen: exit 3, with the reason', () => {
  it.each([
    ['istioctl is absent', {}, /istioctl was not found.*set ISTIOCTL/, { ISTIOCTL: '/nowhere/istioctl' }],
    [
      'istioctl is too old for -o json',
      { istioctl: `[ "$1" = proxy-status ] && { echo "Error: unknown shorthand flag: 'o' in -o" >&2; exit 1; }` },
      /proxy-status: unparsable .*Istio 1\.27.*set ISTIOCTL/,
    ],
    [
      'istioctl prints a table',
      { istioctl: '[ "$1" = proxy-status ] && { echo "NAME   CLUSTER   CDS   LDS"; exit 0; }' },
      /proxy-status: unparsable .*Istio 1\.27/,
    ],
    [
      'istioctl prints half a JSON document',
      { istioctl: `[ "$1" = proxy-config ] && { printf '[{"name": "x'; exit 0; }` },
      /routes of .*: unparsable/,
    ],
    [
      'istiod is unreachable',
      { istioctl: `[ "$1" = proxy-status ] && { echo 'Error: unable to find any Istiod instances' >&2; exit 1; }` },
      /proxy-status: unavailable .*unable to find any Istiod/,
    ],
    [
      'istioctl waits for ever for a right it has not',
      {
        istioctl: `[ "$1" = proxy-status ] && { printf '2026-01-01T00:00:00.000000Z\\terror\\twatch error in cluster : failed to list *v1.MutatingWebhookConfiguration: mutatingwebhookconfigurations.admissionregistration.k8s.io is forbidden: User "x" cannot list resource "mutatingwebhookconfigurations" in API group "admissionregistration.k8s.io" at the cluster scope\\n'; exec sleep 30; }`,
      },
      /proxy-status: forbidden[\s\S]*missing rule \(ClusterRole\): \{apiGroups: \["admissionregistration\.k8s\.io"\], resources: \["mutatingwebhookconfigurations"\], verbs: \["list"\]\}/,
    ],
    [
      'the API server answers with something else',
      { api: (_, response) => void response.end('<html>a login page</html>') },
      /unparsable .*not JSON/,
    ],
    [
      'the API server refuses the credentials',
      { api: (_, response) => void response.writeHead(401).end(JSON.stringify({ message: 'Unauthorized' })) },
      /forbidden .*refused the credentials/,
    ],
    [
      'the API server forbids',
      {
        api: (_, response) =>
          void response.writeHead(403).end(
            JSON.stringify({
              message:
                'virtualservices.networking.istio.io is forbidden: User "x" cannot list resource "virtualservices" in API group "networking.istio.io" at the cluster scope',
            }),
          ),
      },
      /missing rule \(ClusterRole\): \{apiGroups: \["networking\.istio\.io"\], resources: \["virtualservices"\], verbs: \["list"\]\}/,
    ],
  ] as [string, RecordedClusterOptions, RegExp, Record<string, string>?][])('%s', async (_, options, says, env) => {
    const { stdout, exitCode } = await (await cluster('chapter-10/mended', options)).runHere(ASK, env)
    expect(stdout).toMatch(/^Unclear: /)
    expect(stdout).toMatch(says)
    expect(exitCode).toBe(3)
  })

  it('an API server that answers nothing is one line, at once: exit 1', async () => {
    const down = await cluster('chapter-10/mended', { api: (request) => void request.socket.destroy() })
    const { stdout, stderr, exitCode } = await down.runHere(ASK)
    expect(stdout).toBe('')
    expect(stderr).toMatch(
      /^No answer from the cluster: the API server at \S+ could not be reached .*\nSet KUBECONFIG, or name a context/,
    )
    expect(exitCode).toBe(1)
  })

  it('a look that takes too long is given up, the rest goes on', async () => {
    const slow = await cluster('chapter-10/mended', { istioctl: '[ "$1" = proxy-status ] && exec sleep 30' })
    const { stdout, exitCode } = await slow.runHere([...ASK, '--timeout', '1.5'])
    expect(stdout).toMatch(/proxy-status: timeout \(no answer within 1\.5 s\)/)
    expect(exitCode).toBe(3)
  })
})

it('analyze is kept from reading Secrets', async () => {
  const { runHere } = await cluster('chapter-10/mended', {
    istioctl: '[ "$1" = analyze ] && [ "$2" = -n ] && { echo "Error: $*" >&2; exit 1; }',
  })
  const { stdout } = await runHere(ASK)
  expect(stdout).toContain(
    'Error: analyze -n istioinaction -o json --remote-contexts recorded --analyzer some.Analyzer)',
  )
})

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
