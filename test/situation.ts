import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import type { TargetQuery } from '../src/mesh/target-query.ts'
import { parseTarget } from '../src/mesh/target-query.ts'
import { z } from 'zod'

/** Where the recorded situations are: a folder each. */
export const SCENARIOS = join(import.meta.dirname, 'scenarios')

const Situation = z.strictObject({
  about: z.string(),
  /** Names of files in scenarios/manifests, applied before the situation's own mesh.yaml. */
  manifests: z.array(z.string()),
  /** Requests through the ingress gateway, once everything is applied. */
  traffic: z.strictObject({ host: z.string(), path: z.string(), requests: z.number() }).optional(),
  /** True when the pods of `manifests` are ready before the situation's own mesh.yaml is applied. */
  runsFirst: z.boolean().default(false),
  /** What the pods come to: ready unless said otherwise. */
  settle: z.enum(['ready', 'not-ready', 'crashing']).default('ready'),
  expect: z.strictObject({ verdict: z.enum(['ill', 'healthy', 'unclear']), cause: z.string(), code: z.string(), subject: z.string(), standing: z.string() }),
  /** What makes the healthy twin out of it. */
  mended: z.strictObject({ manifests: z.array(z.string()).default([]), delete: z.array(z.string()).default([]) }),
})

/** One way a mesh can be ill, and how its healthy twin is made. */
export type Situation = z.infer<typeof Situation> & { name: string; /** What is asked, as typed after `diagnose`. */ ask: string }

/** Reads one situation's folder. */
export function readSituation(name: string): Situation {
  const folder = join(SCENARIOS, name)
  return { ...Situation.parse(parse(readFileSync(join(folder, 'situation.yaml'), 'utf8'))), name, ask: readFileSync(join(folder, 'ask.txt'), 'utf8').trim() }
}

/** Every situation, by name. */
export function situations(): Situation[] {
  return readdirSync(SCENARIOS).filter((name) => existsSync(join(SCENARIOS, name, 'situation.yaml'))).sort().map(readSituation)
}

/** The two recordings of a situation. */
export const PHASES = ['ill', 'mended'] as const
export type Phase = (typeof PHASES)[number]

/** `catalog -n istioinaction` as a query. */
export function parseAsk(ask: string): TargetQuery {
  const [target = '', flag, namespace] = ask.split(/\s+/)
  return parseTarget(target, flag === '-n' ? namespace : undefined)
}
