import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { parse } from 'yaml'
import { z } from 'zod'
import { planKiali } from '../../src/diagnosis/plan-kiali.ts'
import type { Clients, Kiali } from '../../src/evidence/clients/clients.ts'
import { kialiApi } from '../../src/evidence/clients/kiali.ts'
import { captured } from '../../src/evidence/collectors/captured.ts'
import { Evidence } from '../../src/evidence/evidence.ts'
import { look } from '../../src/evidence/gather.ts'
import type { EvidenceKind, Reading } from '../../src/evidence/reading.ts'
import type { AccessLog, AccessLogLine } from '../../src/mesh/access-log.ts'
import type { Target } from '../../src/mesh/target.ts'
import { parseZtunnelConfig } from '../../src/mesh/ztunnel.ts'
import { parseZtunnelLog } from '../../src/mesh/ztunnel-log.ts'
import { asRecorded, serveKiali } from '../kiali/recorded-kiali.ts'
import type { Replayed } from '../replay.ts'
import { replay } from '../replay.ts'
import { defined } from '../../src/mesh/defined.ts'
import { shownBy } from './captures.ts'

/** What a check must find. `Pod shop/catalog-*` takes any object whose name begins so: pods' names differ in each recording. */
const Expected = z.strictObject({
  code: z.string(),
  subject: z.string(),
  standing: z.enum(['configured', 'live', 'observed']),
  args: z.record(z.string(), z.unknown()).optional(),
  /** Words that one of its proofs says. */
  says: z.string().optional(),
})
/**
 * One change to what was seen. Objects are named `shop/catalog`, or `shop/catalog-*` for all that begin so; proxies in `proxy-status`
 * likewise, pieces of a proxy's configuration by their name, analyzer messages by their code.
 * In what is put in, `@-60s` is the time a minute before the look, whenever that was.
 */
export const Change = z.strictObject({
  kind: z.string(),
  /** `Pod istio-system/NAME*`: only readings of pods so named; all readings of the kind when absent. */
  of: z.string().optional(),
  /** `drop`: takes the readings away; `blind`: nobody could look. */
  drop: z.literal(true).optional(),
  blind: z.enum(['forbidden', 'timeout', 'unavailable', 'unparsable']).optional(),
  /** What was read, in place of what the recording holds; also where nobody could look. */
  list: z.array(z.unknown()).optional(),
  /** Takes the named object out of a list (`shop/catalog`), or puts one in. */
  without: z.string().optional(),
  with: z.unknown().optional(),
  /** Merges fields into the named object, deeply; lists are replaced, and `null` takes a field out. */
  merge: z.strictObject({ name: z.string(), into: z.unknown() }).optional(),
  /** Merges fields into the last lines of access logs that have the fields of `where`: into all such lines, or the last few of each log. */
  lines: z
    .strictObject({
      where: z.record(z.string(), z.unknown()).default({}),
      last: z.number().optional(),
      into: z.unknown(),
    })
    .optional(),
})

/** A node's ztunnel that is put beside what was recorded: of the shape that Istio's sources document, as none could be recorded. */
const Ztunnel = z.strictObject({
  /** `istio-system/ztunnel-1` */
  name: z.string(),
  node: z.string(),
  ready: z.boolean().default(true),
  /** True when nobody could read it. */
  unread: z.literal(true).optional(),
  /** Its `/config_dump`, read by the collector's own parser; absent when it was not read. */
  dump: z.unknown().optional(),
  /** Its log, likewise. */
  log: z.string().optional(),
})

/** One case: a recorded mesh, changes to what was seen, and what the check must find: nothing means silent. */
const Case = z.strictObject({
  name: z.string(),
  sort: z.enum(['finds', 'silent', 'blind']),
  /** `chapter-10/ill`: the recording it starts from. */
  from: z.string(),
  /** Another question than the recording's own: `deploy/catalog -n shop`. */
  ask: z.string().optional(),
  changes: z.array(Change).default([]),
  /** In these, `${shop/catalog-*}` is the name of the first pod that begins so, `${shop/catalog-*:ip}` and `:node` its address and node; `@-60s` a minute before the look. */
  ztunnels: z.array(Ztunnel).optional(),
  /** Beside the recorded mesh, what a real Kiali answered about chapter 10, asked minutes later; `merge` goes into each of its checks. */
  kiali: z
    .strictObject({ answers: z.enum(['broken', 'fixed']), merge: z.record(z.string(), z.string()).default({}) })
    .optional(),
  /** Captures of a pod that were made before the look: of `test/checks/captures.ts`; `begins` counts from the look. */
  captures: z
    .array(
      z.strictObject({
        of: z.string(),
        holds: z.string(),
        begins: z.string().default('@-5s'),
      }),
    )
    .optional(),
  finds: z.array(Expected).default([]),
})
export type Case = z.infer<typeof Case>

let files: Map<string, Case[]> | undefined

/** The cases of every check, by the check's name; read once in a thread. */
export const caseFiles = (): ReadonlyMap<string, Case[]> =>
  (files ??= new Map(
    readdirSync(import.meta.dirname)
      .filter((file) => file.endsWith('.yaml'))
      .sort()
      .map((file) => [
        file.replace(/\.yaml$/, ''),
        z.array(Case).parse(parse(readFileSync(join(import.meta.dirname, file), 'utf8'))),
      ]),
  ))

type Fields = Record<string, unknown>
const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function merged(base: unknown, into: unknown): unknown {
  if (!isFields(base) || !isFields(into)) return into
  return Object.fromEntries(
    [...new Set([...Object.keys(base), ...Object.keys(into)])]
      .filter((key) => into[key] !== null)
      .map((key) => [key, key in into ? merged(base[key], into[key]) : base[key]]),
  )
}

/** A proxy's status has its name beside its facts; objects have theirs in metadata. */
const nameOf = (object: unknown): string => {
  const { metadata, ...plain } = object as {
    metadata?: { namespace?: string; name?: string }
    namespace?: string
    name?: string
    code?: string
  }
  const { namespace = '', name = plain.code ?? '' } = metadata?.name === undefined ? plain : metadata
  return namespace === '' ? name : `${namespace}/${name}`
}

/** `shop/catalog-*` takes any name that begins so. */
export const named = (pattern: string, name: string): boolean =>
  pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : pattern === name

/** Puts times for `@-60s`, counted from the look. */
function timed(value: unknown, at: string): unknown {
  if (Array.isArray(value)) return value.map((item) => timed(item, at))
  if (isFields(value)) return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, timed(inner, at)]))
  const [, seconds] = (typeof value === 'string' ? /^@([+-]\d+)s$/.exec(value) : undefined) ?? []
  return seconds === undefined ? value : new Date(Date.parse(at) + Number(seconds) * 1000).toISOString()
}

function changedLog(
  log: AccessLog,
  { where, last = log.lines.length, into }: NonNullable<z.infer<typeof Change>['lines']>,
): AccessLog {
  const hits = log.lines.filter((line) =>
    Object.entries(where).every(([key, value]) => isDeepStrictEqual((line as unknown as Fields)[key], value)),
  )
  const touched = new Set(hits.slice(Math.max(0, hits.length - last)))
  return { ...log, lines: log.lines.map((line) => (touched.has(line) ? (merged(line, into) as AccessLogLine) : line)) }
}

function change(reading: Reading, given: z.infer<typeof Change>): Reading[] {
  const {
    drop,
    blind,
    list: whole,
    without,
    with: added,
    merge,
    lines,
  } = timed(given, reading.at) as z.infer<typeof Change>
  if (drop === true) return []
  const about = { kind: reading.kind, ...defined({ of: reading.of }), source: reading.source, at: reading.at }
  if (blind !== undefined) return [{ ...about, ok: false, reason: blind, detail: `${blind} in this case` }]
  if (whole !== undefined) return [{ ...about, ok: true, value: whole } as Reading]
  if (!reading.ok) return [reading]
  if (reading.kind === 'access-log' && lines !== undefined)
    return [{ ...reading, value: changedLog(reading.value, lines) }]
  if (!Array.isArray(reading.value)) return [reading]
  let list: unknown[] = reading.value
  if (without !== undefined) list = list.filter((object) => !named(without, nameOf(object)))
  if (merge !== undefined)
    list = list.map((object) => (named(merge.name, nameOf(object)) ? merged(object, merge.into) : object))
  if (added !== undefined) list = [...list, added]
  return [{ ...about, ok: true, value: list } as Reading]
}

/** What the looks at a case's ztunnels would have yielded. */
function readingsOf({ ztunnels = [], name }: Case, readings: readonly Reading[]): Reading[] {
  if (ztunnels.length === 0) return []
  const pods = new Evidence(readings).objects('pods')
  const { at = '' } = readings.find(({ kind, ok }) => kind === 'pods' && ok) ?? {}
  const filled = (text: string): string =>
    text
      .replace(/@([+-]\d+)s/g, (_, seconds: string) => new Date(Date.parse(at) + Number(seconds) * 1000).toISOString())
      .replace(/\$\{([^}:]+)(?::(ip|node))?\}/g, (_, pattern: string, fact?: string) => {
        const pod = pods.find((object) => named(pattern, nameOf(object)))
        if (pod === undefined) throw new Error(`${name}: no pod ${pattern} was recorded`)
        return (fact === 'ip' ? pod.status?.podIP : fact === 'node' ? pod.spec?.nodeName : pod.metadata.name) ?? ''
      })
  const made = ztunnels.map((one) => {
    const [namespace = '', podName = ''] = one.name.split('/')
    const of = { kind: 'Pod', namespace, name: podName }
    const pod = {
      kind: 'Pod',
      metadata: { namespace, name: podName, uid: podName, labels: { app: 'ztunnel' } },
      spec: { nodeName: filled(one.node), containers: [{ name: 'istio-proxy' }] },
      status: { phase: 'Running', conditions: [{ type: 'Ready', status: one.ready ? 'True' : 'False' }] },
    }
    const unread: Reading = {
      ...{ kind: 'ztunnel-config', of, at, ok: false, reason: 'forbidden', detail: 'forbidden in this case' },
      source: `istioctl ztunnel-config all ${podName}.${namespace} -o json`,
    }
    const read: Reading[] = [
      ...(one.unread === true ? [unread, { ...unread, kind: 'ztunnel-log' as const }] : []),
      ...(one.dump === undefined
        ? []
        : [
            {
              ...{ kind: 'ztunnel-config' as const, of, at, ok: true as const },
              source: `istioctl ztunnel-config all ${podName}.${namespace} -o json`,
              value: parseZtunnelConfig(filled(JSON.stringify(one.dump))),
            },
          ]),
      ...(one.log === undefined
        ? []
        : [
            {
              ...{ kind: 'ztunnel-log' as const, of, at, ok: true as const },
              source: `kubectl logs -n ${namespace} ${podName}`,
              value: parseZtunnelLog(filled(one.log)),
            },
          ]),
    ]
    return { pod, read }
  })
  const listed: Reading = {
    ...{ kind: 'pods', at, ok: true },
    source: 'kubectl get pods -A -l app=ztunnel -o yaml',
    value: made.map(({ pod }) => pod),
  }
  return [listed, ...made.flatMap(({ read }) => read)]
}

/** What the looks at a case's Kiali yield. */
async function kialiReadings({ kiali }: Case, readings: readonly Reading[], target: Target): Promise<Reading[]> {
  if (kiali === undefined) return []
  const { url, close } = await serveKiali(asRecorded(kiali.answers))
  try {
    const real = kialiApi(url)
    const told: Kiali = {
      ...real,
      async validations(...asked) {
        const answer = await real.validations(...asked)
        return { ...answer, validations: answer.validations.map((check) => ({ ...check, ...kiali.merge })) }
      },
    }
    const clients = {
      kiali: told,
      now: () => new Date(Math.max(...readings.map(({ at }) => Date.parse(at))) + 600_000),
    } as Clients
    const steps = planKiali(target, new Evidence(readings), true)
    return await Promise.all(steps.map((step) => look(step, clients)))
  } finally {
    close()
  }
}

/** What earlier captures of a case's pods have shown. */
function captureReadings({ captures = [], name }: Case, readings: readonly Reading[]): Reading[] {
  const pods = new Evidence(readings).objects('pods')
  const at = readings.find(({ kind, ok }) => kind === 'pods' && ok)?.at ?? ''
  return captures.map(({ of: pattern, holds, begins }): Reading => {
    const pod = pods.find((object) => named(pattern, nameOf(object)))
    if (pod === undefined) throw new Error(`${name}: no pod ${pattern} was recorded`)
    const { namespace = '', name: podName } = pod.metadata
    const value = { ...shownBy(holds, { namespace, name: podName }), begins: timed(begins, at) as string }
    const { of, source } = captured(value)
    return { kind: 'capture', ...defined({ of }), source, at, ok: true, value }
  })
}

/** The evidence of a case and the target it is about. */
export async function evidenceOf(one: Case): Promise<{ evidence: Evidence; target: Target }> {
  const { readings, target }: Replayed = await replay(one.from, one.ask)
  let left: readonly Reading[] = [
    ...readings,
    ...(await kialiReadings(one, readings, target)),
    ...captureReadings(one, readings),
  ]
  for (const step of one.changes) {
    const concerned = (reading: Reading): boolean =>
      reading.kind === (step.kind as EvidenceKind) &&
      (step.of === undefined ||
        named(
          step.of,
          reading.of === undefined ? '' : `${reading.of.kind} ${reading.of.namespace ?? ''}/${reading.of.name}`,
        ))
    if (!left.some(concerned))
      throw new Error(`${one.name}: the recording ${one.from} has no reading of ${step.kind} ${step.of ?? ''}`)
    let first = true
    left = left.flatMap((reading) => {
      if (!concerned(reading)) return [reading]
      const { with: added, ...rest } = step
      const done = change(reading, first && added !== undefined ? step : rest)
      first = false
      return done
    })
  }
  return { evidence: new Evidence([...left, ...readingsOf(one, left)]), target }
}
