import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { vi } from 'vitest'
import { runProgram } from '../../src/cli/program.ts'
import type { Recording } from '../../src/evidence/clients/recording.ts'
import { compileCache } from '../compile-cache.ts'
import { recordingOf } from '../replay.ts'

const CLI = join(import.meta.dirname, '..', '..', 'src', 'cli.ts')

/** What the fake istioctl does before it answers from the recording; shell. */
type Script = string

export interface RecordedClusterOptions {
  /** Shell put before the recorded answers of the fake istioctl. */
  istioctl?: Script
  /** Answers instead of the recorded API server. */
  api?: RequestListener
}

/** What a command line wrote, and its exit code. */
interface Ended {
  stdout: string
  stderr: string
  exitCode: number | undefined
}

/** A recorded mesh behind a fake API server and a fake istioctl, for the real command line. */
export interface RecordedCluster {
  env: Record<string, string>
  /** Requests the API server got: `GET /api/v1/pods`. */
  requests: string[]
  run: (args: readonly string[], env?: Record<string, string>) => Promise<Ended>
  /** The same without a process of its own, which takes most of a second to start. */
  runHere: (args: readonly string[], env?: Record<string, string>) => Promise<Ended>
  close(): Promise<void>
}

/** Starts one from a situation, `chapter-10/ill`. */
export async function startRecordedCluster(
  from: string,
  { istioctl = '', api }: RecordedClusterOptions = {},
): Promise<RecordedCluster> {
  const recording = recordingOf(from)
  const folder = mkdtempSync(join(tmpdir(), 'mesh-medic-cli-'))
  const requests: string[] = []
  const answer = api ?? apiServer(recording)
  const server = createServer((request, response) => {
    requests.push(`${request.method ?? ''} ${request.url ?? ''}`)
    answer(request, response)
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const env = {
    PATH: `${dirname(process.execPath)}:/usr/bin:/bin`,
    HOME: folder,
    ...compileCache(),
    MESH_MEDIC_DATA: join(folder, 'data'),
    KUBECONFIG: writeKubeconfig(folder, (server.address() as AddressInfo).port),
    ISTIOCTL: writeIstioctl(folder, recording, istioctl),
  }
  return {
    env,
    requests,
    async run(args, more = {}) {
      const { stdout, stderr, exitCode } = await execa(process.execPath, [CLI, ...args], {
        reject: false,
        extendEnv: false,
        env: { ...env, ...more },
        stdin: 'ignore',
        stripFinalNewline: false,
      })
      return { stdout, stderr, exitCode }
    },
    runHere: (args, more = {}) => runHere(args, { ...env, ...more }),
    async close() {
      await new Promise((resolve) => {
        server.close(resolve).closeAllConnections()
      })
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Runs a command line in this thread, with an environment of its own; nothing of it stays behind. */
async function runHere(args: readonly string[], env: Record<string, string>): Promise<Ended> {
  const outer = process.env
  const written = { stdout: '', stderr: '' }
  const catching =
    (name: 'stdout' | 'stderr') =>
    (text: string | Uint8Array, ...rest: unknown[]): boolean => {
      written[name] += String(text)
      const done = rest.at(-1)
      if (typeof done === 'function') (done as () => void)()
      return true
    }
  const emitters = [
    [process, ['SIGINT', 'SIGTERM']],
    [process.stdout, ['error']],
    [process.stderr, ['error']],
  ] as [Pick<NodeJS.EventEmitter, 'listeners' | 'off'>, string[]][]
  const listeners = emitters.flatMap(([emitter, events]) =>
    events.map((event) => ({ emitter, event, before: emitter.listeners(event) })),
  )
  process.env = { ...env }
  const spies = (['stdout', 'stderr'] as const).map((name) =>
    vi.spyOn(process[name], 'write').mockImplementation(catching(name)),
  )
  try {
    const exitCode = await runProgram(args)
    return { exitCode, ...written }
  } finally {
    for (const spy of spies) spy.mockRestore()
    process.env = outer
    for (const { emitter, event, before } of listeners)
      for (const listener of emitter.listeners(event))
        if (!before.includes(listener)) emitter.off(event, listener as () => void)
  }
}

function writeKubeconfig(folder: string, port: number): string {
  const path = join(folder, 'kubeconfig')
  writeFileSync(
    path,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'recorded',
      clusters: [
        { name: 'recorded', cluster: { server: `http://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true } },
      ],
      users: [{ name: 'nobody', user: {} }],
      contexts: [{ name: 'recorded', context: { cluster: 'recorded', user: 'nobody' } }],
    }),
  )
  return path
}

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`

/** Answers `analyze --list-analyzers` by itself; flags that mesh-medic adds are not part of what was recorded. Starts no process but `cat`. */
function writeIstioctl(folder: string, recording: Recording, before: Script): string {
  const answers = join(folder, 'answers')
  mkdirSync(answers)
  const cases = recording.calls
    .filter(({ call }) => call.startsWith('istioctl '))
    .map(({ call, json, text = '' }, index) => {
      const file = join(answers, String(index))
      writeFileSync(file, json === undefined ? text : JSON.stringify(json))
      return `${quoted(call.slice('istioctl '.length))}) exec cat ${quoted(file)};;`
    })
  const path = join(folder, 'istioctl')
  writeFileSync(
    path,
    `#!/bin/sh
${before}
case "$*" in "analyze --list-analyzers"*) printf '* some.Analyzer:\\n    Checks\\n* gateway.SecretAnalyzer:\\n    Checks\\n'; exit 0;; esac
args="$*"
args="\${args%% --remote-contexts*}"
args="\${args%% --context *}"
case "$args" in
${cases.join('\n')}
esac
echo "Error: not recorded: $args" >&2
exit 1
`,
  )
  chmodSync(path, 0o755)
  return path
}

/** Lists and logs as recorded; the clock stands where the recording was made. */
function apiServer(recording: Recording): RequestListener {
  const calls = new Map(recording.calls.map((call) => [call.call, call]))
  return (request, response) => {
    response.setHeader('date', new Date(recording.madeAt).toUTCString())
    const url = new URL(request.url ?? '', 'http://recorded')
    const [, core, group, groupVersion, namespace, plural, pod] =
      /^\/(?:api\/(v1)|apis\/([^/]+)\/([^/]+))(?:\/namespaces\/([^/]+))?\/([^/]+)(?:\/([^/]+)\/log)?$/.exec(
        url.pathname,
      ) ?? []
    const query = (name: string, flag: string): string =>
      url.searchParams.has(name) ? ` ${flag} ${url.searchParams.get(name) ?? ''}` : ''
    const name =
      pod !== undefined
        ? `kubernetes log Pod ${namespace ?? ''}/${pod} ${url.searchParams.get('container') ?? ''} ${url.searchParams.get('tailLines') ?? ''}`
        : `kubernetes list ${plural ?? ''}.${core ?? `${groupVersion ?? ''}.${group ?? ''}`} ${namespace === undefined ? '-A' : `-n ${namespace}`}${query('labelSelector', '-l')}${query('fieldSelector', '--field-selector')}`
    const call = calls.get(name)
    response.setHeader('content-type', 'application/json')
    if (call === undefined) response.writeHead(500).end(JSON.stringify({ message: `not recorded: ${name}` }))
    else response.end(pod === undefined ? JSON.stringify({ items: call.json, metadata: {} }) : call.text)
  }
}
