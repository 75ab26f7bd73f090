import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'

/** Where the ill meshes rebuilt from public reports are: a folder each. */
export const REPORTS = join(import.meta.dirname, 'reports')

const Request = z.strictObject({
  /** `outside`, through the ingress gateway, or `NAMESPACE/DEPLOYMENT`. */
  from: z.string(),
  url: z.string(),
  times: z.number().default(8),
  /** Further arguments of curl. */
  curl: z.array(z.string()).default([]),
  /** It carries a token of this issuer. */
  token: z.string().exactOptional(),
  /** It posts a body of so many bytes. */
  bytes: z.number().exactOptional(),
  /** The answers it gets, each at least once; `000`: none. */
  gets: z.array(z.string()).default(['200']),
})
/** A request that is sent several times. */
export type Request = z.infer<typeof Request>

const Truth = z.union([
  z.strictObject({
    verdict: z.literal('ill'),
    because: z.string(),
    /** What a person would change. */
    subjects: z.array(z.string()).min(1),
    /** What would mend it too. */
    acceptable: z.array(z.string()).default([]),
  }),
  z.strictObject({ verdict: z.literal('healthy'), because: z.string() }),
])

const File = z.strictObject({
  about: z.string(),
  /** The public report it was rebuilt from. */
  source: z.string(),
  /** `$NS` in all of its files. */
  namespace: z.string(),
  /** Further namespaces. */
  namespaces: z.array(z.string()).default([]),
  /** Those of its namespaces, the first included, whose pods get no sidecar. */
  withoutSidecars: z.array(z.string()).default([]),
  /** Names of files in reports/manifests, applied with the report's own mesh.yaml. */
  manifests: z.array(z.string()),
  /** What is asked, as typed after `diagnose`. */
  ask: z.string(),
  requests: z.array(Request),
  settles: z.enum(['ready', 'never-ready']).default('ready'),
  /** Written down before the first diagnosis of it. */
  truth: Truth,
  /** What makes the healthy twin of it beside mended.yaml: objects deleted (`RESOURCE NAMESPACE/NAME`), and the requests when they are others. */
  mended: z
    .strictObject({ delete: z.array(z.string()).default([]), requests: z.array(Request).optional() })
    .default({ delete: [] }),
})

/** An ill mesh that somebody reported in public, or one that looked ill to them; and how its healthy twin is made. */
export type Report = z.infer<typeof File> & { name: string }

/** A file of a report with its namespace in it. */
export const inNamespace = (text: string, namespace: string): string => text.replaceAll('$NS', namespace)

/** Reads one report's folder. */
export function readReport(name: string): Report {
  const text = readFileSync(join(REPORTS, name, 'situation.yaml'), 'utf8')
  const [, namespace = ''] = /^namespace: (\S+)$/m.exec(text) ?? []
  return { ...File.parse(parse(inNamespace(text, namespace))), name }
}

/** Every report, by name. */
export const reports = (): Report[] =>
  readdirSync(REPORTS)
    .filter((name) => existsSync(join(REPORTS, name, 'situation.yaml')))
    .sort()
    .map(readReport)

/** Whether there is a healthy twin of it; what is healthy has none. */
export const hasTwin = ({ truth }: Report): boolean => truth.verdict === 'ill'
