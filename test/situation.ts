import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import type { Stage } from '../src/diagnosis/follow/report.ts'
import { STAGES } from '../src/diagnosis/follow/report.ts'
import type { Report } from '../src/diagnosis/report.ts'
import { formatRef } from '../src/mesh/ref.ts'
import type { TargetQuery } from '../src/mesh/target-query.ts'
import { parseTarget } from '../src/mesh/target-query.ts'
import { z } from 'zod'
import { frozen, once } from './once.ts'

/** Where the recorded situations are: a folder each. */
export const SCENARIOS = join(import.meta.dirname, 'scenarios')

/** Where the request that a diagnosis follows dies: null when it dies nowhere, `unfollowed` when the diagnosis reads no proxy it could be followed from. */
const ExpectedHop = z
  .enum([...STAGES, 'unfollowed'])
  .nullable()
  .exactOptional()

/** What a diagnosis must say: the cause or, of a mesh that is well, which warnings it still gives; and the hop. */
const Expected = z.union([
  z.strictObject({
    verdict: z.literal('ill'),
    cause: z.string(),
    code: z.string(),
    subject: z.string(),
    standing: z.string(),
    hop: ExpectedHop,
  }),
  z.strictObject({ verdict: z.literal('healthy'), warnings: z.array(z.string()), hop: ExpectedHop }),
])
export type Expected = z.infer<typeof Expected>

const Situation = z.strictObject({
  about: z.string(),
  /** Names of files in scenarios/manifests, applied before the situation's own mesh.yaml. */
  manifests: z.array(z.string()),
  /** Namespaces besides, for objects that name one of them: made empty, and deleted when the next situation is made. */
  namespaces: z.array(z.string()).default([]),
  /** Requests through the ingress gateway, once everything is applied; one after the other, or several at once; `gap`: milliseconds between them, `spread`: up to as many more; `givesUpAfter`: milliseconds after which their client closes the connection; `issuer`: they carry a token of it, signed for these requests; `restarts`: workloads that are restarted under as many more, for as long as that takes, before these. */
  traffic: z
    .strictObject({
      host: z.string(),
      path: z.string(),
      requests: z.number(),
      atOnce: z.number().default(1),
      gap: z.number().default(0),
      spread: z.number().default(0),
      givesUpAfter: z.number().exactOptional(),
      issuer: z.string().exactOptional(),
      restarts: z.array(z.string()).exactOptional(),
    })
    .optional(),
  /** True when the pods of `manifests` are ready before the situation's own mesh.yaml is applied. */
  runsFirst: z.boolean().default(false),
  /** The catalog's own switch (`POST /blowup`), once the pods are ready: makes those of one label slow or failing. `one` takes the first pod only; volatile: about half of the requests. */
  blowup: z
    .strictObject({
      pods: z.string(),
      one: z.boolean().default(false),
      type: z.enum(['latency', '500']),
      volatile: z.boolean().default(false),
    })
    .optional(),
  /** Where the cluster's network does not enforce NetworkPolicies itself: pods of a label that drop, in their own network namespace, what is sent to a port. */
  drops: z.strictObject({ pods: z.string(), port: z.number() }).optional(),
  /** Objects deleted once the pods are ready (`serviceaccount/catalog`), and the seconds that it takes for the trouble to come of it. */
  removed: z.strictObject({ objects: z.array(z.string()), seconds: z.number().default(0) }).optional(),
  /** What the pods come to: ready unless said otherwise. */
  settle: z.enum(['ready', 'not-ready', 'crashing', 'no-pods', 'not-starting', 'starting']).default('ready'),
  expect: Expected,
  /** What makes the healthy twin out of it: objects deleted, then manifests applied, then workloads restarted. */
  mended: z.strictObject({
    manifests: z.array(z.string()).default([]),
    delete: z.array(z.string()).default([]),
    restart: z.array(z.string()).default([]),
  }),
})

/** One way a mesh can be ill, and how its healthy twin is made. */
export type Situation = z.infer<typeof Situation> & {
  name: string
  /** What is asked, as typed after `diagnose`. */ ask: string
}

/** Reads one situation's folder, once in a thread. */
export const readSituation = once((name): Situation => {
  const folder = join(SCENARIOS, name)
  return frozen({
    ...Situation.parse(parse(readFileSync(join(folder, 'situation.yaml'), 'utf8'))),
    name,
    ask: readFileSync(join(folder, 'ask.txt'), 'utf8').trim(),
  })
})

type Outcome = Expected | { verdict: string; hop: Stage | 'unfollowed' | null }

/** What a report says, in the words of the situation's `expect`: equal to it when the diagnosis is right. */
export function outcomeOf(
  { verdict, cause, findings, follow }: Pick<Report, 'verdict' | 'cause' | 'findings' | 'follow'>,
  { expect }: Situation,
): Outcome {
  const hop = follow === undefined ? 'unfollowed' : follow.dies
  if (verdict === 'healthy')
    return {
      verdict,
      warnings: [...new Set(findings.filter(({ severity }) => severity !== 'info').map(({ code }) => code))].sort(),
      hop,
    }
  if (cause === undefined) return { verdict, hop }
  const { check, code, standing } = cause.finding
  const subject = formatRef(cause.finding.subject)
  return {
    verdict,
    cause: check,
    code,
    subject: expect.verdict === 'ill' && isExpectedSubject(expect.subject, subject) ? expect.subject : subject,
    standing,
    hop,
  }
}

/** Codes that the ill mesh shows and its mended twin must not. */
export const codesOf = ({ expect }: Situation): string[] => (expect.verdict === 'ill' ? [expect.code] : expect.warnings)

/** Every situation, by name: also those that wait for their recording. */
export function everySituation(): Situation[] {
  return readdirSync(SCENARIOS)
    .filter((name) => existsSync(join(SCENARIOS, name, 'situation.yaml')))
    .sort()
    .map(readSituation)
}

/** Every situation that was recorded, by name. */
export const situations = (): Situation[] =>
  everySituation().filter(({ name }) => existsSync(join(SCENARIOS, name, 'ill', 'recording.json')))

/** True when a subject is the expected one; `Pod shop/catalog-*` takes any name that begins so. */
function isExpectedSubject(expected: string, subject: string): boolean {
  return expected.endsWith('*') ? subject.startsWith(expected.slice(0, -1)) : subject === expected
}

/** The two recordings of a situation. */
export const PHASES = ['ill', 'mended'] as const
export type Phase = (typeof PHASES)[number]

/** `catalog -n istioinaction` as a query. */
export function parseAsk(ask: string): TargetQuery {
  const [target = '', flag, namespace] = ask.split(/\s+/)
  return parseTarget(target, flag === '-n' ? namespace : undefined)
}
