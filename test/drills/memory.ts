/**
 * How much memory answers take that are larger than memory: `npm run drill:memory`. Each attempt is a process of its own that looks at a mesh whose answers
 * come from another process; printed is its largest resident memory, and how many looks were answered, cut off, or wrong.
 */
import { fork, type ChildProcess } from 'node:child_process'
import { createServer, type ServerResponse } from 'node:http'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ByteBudget, holdingAnswers } from '../../src/evidence/clients/byte-budget.ts'
import type { Clients } from '../../src/evidence/clients/clients.ts'
import { istioctlProgram } from '../../src/evidence/clients/istioctl.ts'
import { kubernetesApi } from '../../src/evidence/clients/kubernetes.ts'
import { prometheusApi } from '../../src/evidence/clients/prometheus.ts'
import { accessLog } from '../../src/evidence/collectors/access-log.ts'
import { objects } from '../../src/evidence/collectors/objects.ts'
import { traffic } from '../../src/evidence/collectors/traffic.ts'
import { proxyStatus } from '../../src/evidence/collectors/proxy-status.ts'
import { Gathering } from '../../src/evidence/gather.ts'
import type { AnyStep } from '../../src/evidence/step.ts'
import { recordingOf } from '../replay.ts'

const MEGABYTE = 1e6
/** As deploy/Dockerfile starts the bot. */
const HEAP = ['--max-old-space-size=640']
/** Bytes of resident memory that no attempt may reach. */
const MOST = 1024 * 1024 * 1024

const times = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, at) => make(at))
const pods = (namespace: string): AnyStep => objects('pods', 'workloads', { namespace })
const log = (name: string): AnyStep => accessLog({ kind: 'Pod', namespace: 'x', name })

/** What is looked at: of how many diagnoses at once, each with these steps. */
const ATTEMPTS: Readonly<Record<string, { diagnoses: number; steps: (at: number) => AnyStep[] }>> = {
  'small answers': { diagnoses: 4, steps: (at) => times(6, (step) => pods(`small-${at}-${step}`)) },
  '24 lists of 100 MB': { diagnoses: 4, steps: (at) => times(6, (step) => pods(`size-100-${at}-${step}`)) },
  '24 lists of 20 MB': { diagnoses: 4, steps: (at) => times(6, (step) => pods(`size-20-${at}-${step}`)) },
  '24 lists of nothing but {}, 100 MB each': {
    diagnoses: 4,
    steps: (at) => times(6, (step) => pods(`empty-100-${at}-${step}`)),
  },
  'a list of 600 MB': { diagnoses: 1, steps: () => [pods('size-600')] },
  'lists whose pages never end': { diagnoses: 4, steps: (at) => times(6, (step) => pods(`pages-${at}-${step}`)) },
  'streams that never end': { diagnoses: 4, steps: (at) => times(6, (step) => pods(`endless-${at}-${step}`)) },
  '24 logs of 200 MB': { diagnoses: 4, steps: (at) => times(6, (step) => log(`size-200-${at}-${step}`)) },
  'an istioctl that never ends, and a Prometheus': {
    diagnoses: 4,
    steps: () => [proxyStatus(), traffic('catalog')],
  },
}

/** Answers as a mesh would that is larger than memory. */
async function serve(): Promise<void> {
  const [pod] = recordingOf('chapter-10/ill').calls.find(({ call }) => call.startsWith('kubernetes list pods'))
    ?.json as object[]
  const item = `${JSON.stringify(pod)},`
  const piece = (text: string): Buffer => Buffer.from(text.repeat(Math.ceil(65_536 / text.length)))
  const pieces = { size: piece(item), empty: piece('{},'), log: piece(`${'GET /items 200 '.repeat(20)}\n`) }
  const pour = (response: ServerResponse, head: string, body: Buffer, bytes: number, tail: string): void => {
    let left = bytes
    const more = (): void => {
      while (left > 0 && !response.destroyed) {
        left -= body.length
        if (!response.write(body)) return
      }
      if (!response.destroyed) response.end(tail)
    }
    response.on('drain', more).write(head)
    more()
  }
  const server = createServer((request, response) => {
    request.resume()
    const { url = '' } = request
    const [, kind = '', size = '0'] = /\/(?:namespaces|pods)\/([a-z]+)-(\d+)/.exec(url) ?? []
    const bytes = kind === 'endless' || kind === '' ? Infinity : Number(size) * MEGABYTE
    if (url.includes('/log?')) pour(response, '', pieces.log, bytes, '')
    else if (kind === 'small') response.end(`{"items":[${item.slice(0, -1)}]}`)
    else if (kind === 'pages')
      response.end(`{"metadata":{"continue":"${Math.random()}"},"items":[${item.repeat(500).slice(0, -1)}]}`)
    else pour(response, '{"items":[', kind === 'empty' ? pieces.empty : pieces.size, bytes, `${item.slice(0, -1)}]}`)
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  process.send?.((server.address() as AddressInfo).port)
  process.on('disconnect', () => process.exit())
}

/** Makes one attempt and prints what came of it. */
async function attempt(name: string, port: number): Promise<void> {
  const asked = ATTEMPTS[name]
  if (asked === undefined) throw new Error(`no attempt ${name}`)
  const folder = mkdtempSync(join(tmpdir(), 'mesh-medic-memory-'))
  const address = `http://127.0.0.1:${port}`
  const kubeconfig = join(folder, 'kubeconfig')
  const cluster = { server: address, 'insecure-skip-tls-verify': true }
  const one = { name: 'x', cluster, context: { cluster: 'x', user: 'x' }, user: {} }
  writeFileSync(kubeconfig, JSON.stringify({ 'current-context': 'x', clusters: [one], contexts: [one], users: [one] }))
  const program = join(folder, 'istioctl')
  writeFileSync(program, '#!/bin/sh\nexec yes\n', { mode: 0o700 })
  const budget = new ByteBudget()
  const clients: Clients = {
    kubernetes: kubernetesApi({ kubeconfig, budget }),
    istioctl: istioctlProgram({ program, environment: process.env, budget }),
    prometheus: prometheusApi({ url: address }, budget),
    now: () => new Date(),
  }
  const readings = await Promise.all(
    times(asked.diagnoses, (at) =>
      holdingAnswers(async () => {
        const gathering = new Gathering(clients, { stepTimeout: 60_000 })
        await gathering.gather(asked.steps(at))
        return gathering.readings
      }),
    ),
  )
  const all = readings.flat()
  const isCut = (detail: string): boolean => /cut off|no answer within|did not arrive in time/.test(detail)
  process.send?.({
    looks: all.length,
    seen: all.filter(({ ok }) => ok).length,
    cut: all.filter((reading) => !reading.ok && isCut(reading.detail)).length,
    other: [...new Set(all.flatMap((reading) => (reading.ok || isCut(reading.detail) ? [] : [reading.detail])))],
    left: budget.used,
    megabytes: Math.round((process.resourceUsage().maxRSS * 1024) / MEGABYTE),
  })
  rmSync(folder, { recursive: true })
}

const message = <T>(child: ChildProcess): Promise<T> =>
  new Promise((resolve, reject) => {
    child.once('message', (value) => resolve(value as T))
    child.once('exit', (code, signal) => reject(new Error(`it ended with ${signal ?? code}`)))
  })

async function all(only: string | undefined): Promise<void> {
  const self = import.meta.filename
  const server = fork(self, ['serve'])
  const port = await message<number>(server)
  for (const name of Object.keys(ATTEMPTS)) {
    if (only !== undefined && !name.includes(only)) continue
    const began = performance.now()
    try {
      const came = await message<{ megabytes: number; other: string[]; left: number }>(
        fork(self, ['attempt', name, String(port)], { execArgv: HEAP }),
      )
      const isGood = came.megabytes * MEGABYTE < MOST && came.other.length === 0 && came.left === 0
      if (!isGood) process.exitCode = 1
      const seconds = Math.round((performance.now() - began) / 100) / 10
      console.log(`${isGood ? 'ok  ' : 'FAIL'} ${name}: ${JSON.stringify({ ...came, seconds })}`)
    } catch (error) {
      process.exitCode = 1
      console.log(`FAIL ${name}: ${String(error)}`)
    }
  }
  server.disconnect()
}

const [, , role, ...rest] = process.argv
if (role === 'serve') await serve()
else if (role === 'attempt') await attempt(rest[0] ?? '', Number(rest[1]))
else await all(role)
