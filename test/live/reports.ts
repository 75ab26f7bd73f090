/**
 * Makes the ill meshes of test/reports on the mesh that KUBECONFIG names, diagnoses each and its healthy twin, and prints a scorecard.
 *
 * npm run reports -- all | NAME...     MESH_MEDIC_TEST_IMAGE, MESH_MEDIC_TEST_INGRESS and MESH_MEDIC_TEST_INGRESS_TLS as on that mesh
 * ... --out FILE                       appends a line of JSON for each (reports.jsonl)
 * ... --record                         keeps what the diagnosis got from the mesh, for `npm run corpus`
 * ... --keep                           leaves the last one as it is, ill
 *
 * A mesh that does not show what its report says is counted as `not shown`, not for or against the diagnosis.
 */
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { execa } from 'execa'
import { parseAllDocuments } from 'yaml'
import { CHECKS } from '../../src/checks/index.ts'
import { openClients } from '../../src/cli/clients.ts'
import { connectionFor } from '../../src/cli/connection.ts'
import { examine } from '../../src/diagnosis/examine.ts'
import { writeRecording } from '../../src/evidence/clients/recording-file.ts'
import { recordClients } from '../../src/evidence/clients/recording.ts'
import { formatRef } from '../../src/mesh/ref.ts'
import type { Report, Request } from '../report.ts'
import { hasTwin, inNamespace, readReport, reports, REPORTS } from '../report.ts'
import type { Score, Told } from '../report-score.ts'
import { causeTold, scoreOf } from '../report-score.ts'
import type { Phase } from '../situation.ts'
import { parseAsk } from '../situation.ts'
import { meshMedic } from './cli.ts'
import { filled, INGRESS, kubectl } from './mesh.ts'
import { token } from './token.ts'

/** Host and port of the gateway for plain HTTP and for HTTPS. */
const DOORS = { http: new URL(INGRESS).host, https: process.env.MESH_MEDIC_TEST_INGRESS_TLS ?? 'localhost:443' }
/** Applied ahead of a report's turn, while another one is asked about. */
const AHEAD = ['Deployment', 'StatefulSet', 'Secret']

interface Manifest {
  kind: string
  apiVersion: string
  metadata: { name: string; namespace: string }
}
type Written = Omit<Manifest, 'metadata'> & { metadata: { name: string; namespace?: string } }

const namespacesOf = ({ namespace, namespaces, withoutSidecars }: Report): string[] => [
  ...new Set([namespace, ...namespaces, ...withoutSidecars]),
]

/** The objects of one of a report's files, or of one in reports/manifests. */
function objects(report: Report, file: string): Manifest[] {
  if (!existsSync(file)) return []
  return parseAllDocuments(filled(inNamespace(readFileSync(file, 'utf8'), report.namespace)))
    .map((document) => document.toJS() as Written | null)
    .filter((one) => one !== null)
    .map((one) => ({ ...one, metadata: { ...one.metadata, namespace: one.metadata.namespace ?? report.namespace } }))
}

const own = (report: Report, name: string): Manifest[] => objects(report, join(REPORTS, report.name, `${name}.yaml`))
const meshOf = (report: Report): Manifest[] => [
  ...report.manifests.flatMap((name) => objects(report, join(REPORTS, 'manifests', `${name}.yaml`))),
  ...own(report, 'mesh'),
]

async function apply(manifests: readonly Manifest[]): Promise<void> {
  if (manifests.length > 0) await kubectl(['apply', '-f', '-'], manifests.map((one) => JSON.stringify(one)).join('\n'))
}

const prepared = new Set<string>()
/** Makes the namespaces and starts the workloads, once. */
async function prepare(report: Report): Promise<void> {
  if (prepared.has(report.name)) return
  prepared.add(report.name)
  for (const namespace of namespacesOf(report)) {
    await kubectl(['delete', 'namespace', namespace, '--ignore-not-found', '--wait'])
    await kubectl(['create', 'namespace', namespace])
    if (!report.withoutSidecars.includes(namespace))
      await kubectl(['label', 'namespace', namespace, 'istio-injection=enabled'])
  }
  await apply([...own(report, 'first'), ...meshOf(report)].filter(({ kind }) => AHEAD.includes(kind)))
}

/** Waits for every rollout, then until the proxies have what was applied. */
async function settle(report: Report, isTwin: boolean): Promise<void> {
  if (!isTwin && report.settles === 'never-ready') {
    await sleep(25_000)
    return
  }
  for (const namespace of namespacesOf(report)) {
    const names = await kubectl(['-n', namespace, 'get', 'deployments,statefulsets', '-o', 'name'])
    for (const name of names.split('\n').filter((one) => one !== ''))
      await kubectl(['-n', namespace, 'rollout', 'status', name, '--timeout=150s'])
  }
  await sleep(4000)
}

async function make(report: Report): Promise<void> {
  const first = own(report, 'first')
  await apply(first)
  // The age of objects counts in whole seconds.
  if (first.length > 0) await sleep(2500)
  await apply(meshOf(report))
  await settle(report, false)
}

async function mend(report: Report): Promise<void> {
  for (const one of report.mended.delete) {
    const [resource = '', name = ''] = one.split(' ')
    const [namespace = '', object = ''] = name.split('/')
    await kubectl(['-n', namespace, 'delete', resource, object, '--wait'])
  }
  await apply(own(report, 'mended'))
  await settle(report, true)
}

/** Deletes the namespaces, without waiting, and what the report put into others. */
async function remove(report: Report): Promise<void> {
  const others = [...own(report, 'first'), ...meshOf(report), ...own(report, 'mended')].filter(
    ({ metadata: { namespace } }) => !namespacesOf(report).includes(namespace),
  )
  if (others.length > 0)
    await kubectl(['delete', '--ignore-not-found', '-f', '-'], others.map((one) => JSON.stringify(one)).join('\n'))
  await kubectl(['delete', 'namespace', ...namespacesOf(report), '--ignore-not-found', '--wait=false'])
}

/** curl, `times` in a row; writes one status code a line. */
const LOOP = 'n=$1; shift; for i in $(seq "$n"); do curl -s -m 5 -o /dev/null -w "%{http_code}\\n" "$@"; done; true'
/** As LOOP with a body on standard input. */
const LOOP_WITH_BODY = `cat >/tmp/body; ${LOOP}`

/** Sends a request as often as it says; the answers. */
async function send({ from, url, times, curl, token: issuer, bytes }: Request): Promise<string[]> {
  const args = [
    ...curl,
    ...(issuer === undefined ? [] : ['-H', `authorization: Bearer ${token(issuer)}`]),
    ...(bytes === undefined ? [] : ['-H', 'content-type: application/json', '--data-binary', '@/tmp/body']),
    ...(from === 'outside' ? ['--connect-to', `::${url.startsWith('https:') ? DOORS.https : DOORS.http}`] : []),
    url,
  ]
  const shell = ['sh', '-c', bytes === undefined ? LOOP : LOOP_WITH_BODY, 'sh', String(times), ...args]
  const input = bytes === undefined ? '' : JSON.stringify({ active: false, type: 'x'.repeat(bytes) })
  const [namespace = '', workload = ''] = from.split('/')
  const { stdout } =
    from === 'outside'
      ? await execa(shell[0]!, shell.slice(1), { input })
      : await execa('kubectl', ['-n', namespace, 'exec', '-i', `deploy/${workload}`, '-c', workload, '--', ...shell], {
          input,
        })
  return stdout.split('\n').filter((code) => code !== '')
}

interface Answered {
  url: string
  gets: readonly string[]
  got: string[]
}

const isAsSaid = ({ gets, got }: Answered): boolean =>
  JSON.stringify([...new Set(got)].sort()) === JSON.stringify([...gets].sort())

/** Sends all of a report's requests; again when a change may not have arrived yet. */
async function sendAll(requests: readonly Request[], isTwin: boolean): Promise<Answered[]> {
  for (let tries = 0; ; tries++) {
    const answers: Answered[] = []
    for (const request of requests)
      answers.push({ url: request.url, gets: isTwin ? ['200'] : request.gets, got: await send(request) })
    // Proxies flush their logs once a second.
    await sleep(1500)
    if (answers.every(isAsSaid) || tries === 2) return answers
    await sleep(4000)
  }
}

/** Asks the command line, or, when it is recorded, what the command line is made of. */
async function diagnose({ name, ask }: Report, phase: Phase, isRecorded: boolean): Promise<Told | undefined> {
  try {
    if (!isRecorded) return (await meshMedic(['diagnose', ...ask.split(' ')])).report
    const { clients, recording } = recordClients(
      openClients(connectionFor(undefined).connection, new AbortController()),
    )
    try {
      return await examine(parseAsk(ask), clients, CHECKS)
    } finally {
      const folder = join(REPORTS, name, phase)
      mkdirSync(folder, { recursive: true })
      writeRecording(join(folder, 'recording.json'), recording)
    }
  } catch (error) {
    console.log(`${name}/${phase}: ${error instanceof Error ? error.message : String(error)}`.slice(0, 400))
    return undefined
  }
}

interface Outcome {
  score: Score | 'not-shown'
  verdict?: string
  cause?: string
  /** What the findings hold against which object. */
  findings?: string[]
  answers: Answered[]
}

async function outcomeOf(report: Report, phase: Phase, isRecorded: boolean): Promise<Outcome> {
  const isTwin = phase === 'mended'
  const answers = await sendAll((isTwin ? report.mended.requests : undefined) ?? report.requests, isTwin)
  if (!answers.every(isAsSaid)) return { score: 'not-shown', answers }
  const told = await diagnose(report, phase, isRecorded)
  return {
    score: scoreOf(report, told, isTwin),
    ...(told !== undefined && { verdict: told.verdict, cause: causeTold(told) }),
    ...(told?.findings !== undefined && {
      findings: told.findings.map(
        ({ check, severity, standing, subject }) => `${severity} ${standing} ${check} ${formatRef(subject)}`,
      ),
    }),
    answers,
  }
}

interface Row {
  name: string
  source: string
  commit: string
  at: string
  seconds: number
  ill: Outcome
  twin?: Outcome
}

async function row(report: Report, commit: string, next: Report | undefined, isRecorded: boolean): Promise<Row> {
  const began = Date.now()
  await prepare(report)
  await make(report)
  const preparing = next === undefined ? Promise.resolve() : prepare(next)
  preparing.catch(() => {})
  const ill = await outcomeOf(report, 'ill', isRecorded)
  let twin: Outcome | undefined
  if (hasTwin(report) && ill.score !== 'not-shown') {
    await mend(report)
    twin = await outcomeOf(report, 'mended', isRecorded)
  }
  await preparing
  const { name, source } = report
  return {
    name,
    source,
    commit,
    at: new Date().toISOString(),
    seconds: Math.round((Date.now() - began) / 1000),
    ill,
    ...(twin !== undefined && { twin }),
  }
}

const answered = ({ answers }: Outcome): string =>
  answers.map(({ got }) => [...new Set(got)].sort().join('/')).join(' ')

function card(rows: readonly Row[]): string {
  const counts = new Map<string, number>()
  for (const { ill, twin } of rows) {
    counts.set(ill.score, (counts.get(ill.score) ?? 0) + 1)
    if (twin !== undefined) counts.set(`twin ${twin.score}`, (counts.get(`twin ${twin.score}`) ?? 0) + 1)
  }
  return [...counts]
    .sort(([a], [b]) => a.localeCompare(b, 'en'))
    .map(([score, count]) => `${score} ${count}`)
    .join(', ')
}

const {
  values: { out = 'reports.jsonl', record = false, keep = false },
  positionals,
} = parseArgs({
  allowPositionals: true,
  options: { out: { type: 'string' }, record: { type: 'boolean' }, keep: { type: 'boolean' } },
})
if (positionals.length === 0) {
  console.error('usage: npm run reports -- all | NAME... [--out FILE] [--record] [--keep]')
  process.exitCode = 64
} else {
  process.env.MESH_MEDIC_DATA ??= mkdtempSync(join(tmpdir(), 'mesh-medic-reports-'))
  const { stdout: commit } = await execa('git', ['rev-parse', '--short', 'HEAD'])
  const chosen = positionals[0] === 'all' ? reports() : positionals.map(readReport)
  const rows: Row[] = []
  for (const [index, report] of chosen.entries()) {
    try {
      const one = await row(report, commit, chosen[index + 1], record)
      rows.push(one)
      appendFileSync(out, `${JSON.stringify(one)}\n`)
      const { ill, twin } = one
      console.log(
        `${report.name}: ${ill.score} (${answered(ill)}; ${ill.verdict ?? ''} ${ill.cause ?? ''})${twin === undefined ? '' : `, twin ${twin.score} (${answered(twin)}; ${twin.verdict ?? ''} ${twin.cause ?? ''})`}, ${one.seconds} s`,
      )
    } catch (error) {
      console.log(`${report.name}: broken: ${error instanceof Error ? error.message.slice(0, 600) : String(error)}`)
    } finally {
      if (!keep || index < chosen.length - 1) await remove(report)
    }
  }
  console.log(`\n${rows.length} of ${chosen.length}: ${card(rows)}`)
}
