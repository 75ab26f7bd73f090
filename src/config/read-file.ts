import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { isMap, isScalar, LineCounter, parseDocument, type Document, type ParsedNode } from 'yaml'
import { z } from 'zod'
import { isSameUser } from '../fixes/identity.ts'
import { hasCredentials } from './has-credentials.ts'
import { accessProblems } from './prometheus-access.ts'
import { nearestNames } from '../mesh/names.ts'
import { ConfigFile } from './file.ts'
import type { Problem } from './problem.ts'

/** Reads and checks the configuration file; every problem names its line. */
export function readConfigFile(path: string): { file: ConfigFile; problems: Problem[] } {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    return {
      file: {},
      problems: [
        {
          where: 'MESH_MEDIC_CONFIG',
          says: `cannot be read: ${error instanceof Error ? error.message : String(error)}`,
        },
      ],
    }
  }
  return readConfigText(text, basename(path))
}

/** The same from the file's text; `name` is what problems call it. */
export function readConfigText(text: string, name: string): { file: ConfigFile; problems: Problem[] } {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const at = (offset: number | undefined): string =>
    offset === undefined ? name : `${name}:${lines.linePos(offset).line}`
  if (document.errors.length > 0)
    return { file: {}, problems: document.errors.map(({ pos, message }) => ({ where: at(pos[0]), says: message })) }
  const parsed = ConfigFile.safeParse(document.toJS() ?? {})
  if (parsed.success)
    return {
      file: parsed.data,
      problems: [clusterProblems, identityProblems, prometheusProblems].flatMap((find) =>
        find(parsed.data, (keys) => at(offsetOf(document, keys))),
      ),
    }
  return { file: {}, problems: parsed.error.issues.flatMap((issue) => explain(issue, document, at)) }
}

type Keys = readonly PropertyKey[]

function explain(
  issue: z.core.$ZodIssue,
  document: Document.Parsed,
  at: (offset: number | undefined) => string,
): Problem[] {
  const name = issue.path.map(String).join('.')
  if (issue.code !== 'unrecognized_keys')
    return [
      {
        where: at(offsetOf(document, issue.path)),
        says: `${name === '' ? 'the file' : name}: ${issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? issue.message) : issue.message}`,
      },
    ]
  const known = keysAt(issue.path)
  return issue.keys.map((key) => {
    const [nearest] = nearestNames(key, known)
    const full = [...issue.path.map(String), key].join('.')
    return {
      where: at(offsetOf(document, [...issue.path, key])),
      says: `${full} is not a key here; ${nearest === undefined ? `known are ${known.join(', ')}` : `did you mean ${nearest}?`}`,
    }
  })
}

/** Where the key that a path ends with stands, else the value it leads to. */
function offsetOf(document: Document.Parsed, keys: Keys): number | undefined {
  const parent: unknown = keys.length <= 1 ? document.contents : document.getIn(keys.slice(0, -1), true)
  const last = keys.at(-1)
  const pair = isMap<ParsedNode>(parent)
    ? parent.items.find(({ key }) => isScalar(key) && key.value === last)
    : undefined
  if (pair !== undefined) return pair.key.range[0]
  return (document.getIn(keys, true) as ParsedNode | undefined)?.range[0] ?? document.contents?.range[0]
}

interface JsonSchema {
  properties?: Record<string, JsonSchema>
  additionalProperties?: JsonSchema | boolean
}

/** The keys the schema knows where a path leads to. */
function keysAt(keys: Keys): string[] {
  let schema: JsonSchema | undefined = z.toJSONSchema(ConfigFile, { io: 'input' }) as JsonSchema
  for (const key of keys)
    schema =
      schema?.properties?.[String(key)] ??
      (typeof schema?.additionalProperties === 'object' ? schema.additionalProperties : undefined)
  return Object.keys(schema?.properties ?? {})
}

/** Slack users who are one user in Kubernetes: either of them could approve what the other asked for. */
function identityProblems({ identities: { users = {} } = {} }: ConfigFile, at: (keys: Keys) => string): Problem[] {
  const all = Object.entries(users)
  return all.flatMap(([slack, { user }], index) => {
    const [other] = all.slice(0, index).find(([, before]) => isSameUser(before.user, user)) ?? []
    return other === undefined
      ? []
      : [
          {
            where: at(['identities', 'users', slack]),
            says: `identities.users.${slack}: ${other} is already ${user} in Kubernetes; one person could approve their own change with two Slack accounts`,
          },
        ]
  })
}

/** What is wrong with how the Prometheus of a cluster is asked. */
function prometheusProblems({ clusters = {} }: ConfigFile, at: (keys: Keys) => string): Problem[] {
  return Object.entries(clusters).flatMap(([name, { prometheus, prometheusAccess = {} }]) => [
    ...(prometheus !== undefined && hasCredentials(prometheus)
      ? [
          {
            where: at(['clusters', name, 'prometheus']),
            says: `clusters.${name}.prometheus: must hold no name and no password: use prometheusAccess`,
          },
        ]
      : []),
    ...accessProblems(prometheusAccess, prometheus, `clusters.${name}.prometheus`).map(({ of, says }) => ({
      where: at(['clusters', name, 'prometheusAccess', of]),
      says: `clusters.${name}.prometheusAccess.${of}: ${says}`,
    })),
  ])
}

/** Names of clusters that are not among the clusters. */
function clusterProblems({ cluster, clusters = {}, channels = {} }: ConfigFile, at: (keys: Keys) => string): Problem[] {
  const known = Object.keys(clusters)
  const unknown = (name: string): string => {
    const [nearest] = nearestNames(name, known)
    return `there is no cluster ${name}; ${nearest === undefined ? `known are: ${known.join(', ') || 'none'}` : `did you mean ${nearest}?`}`
  }
  const problems: Problem[] = []
  if (cluster !== undefined && !known.includes(cluster))
    problems.push({ where: at(['cluster']), says: `cluster: ${unknown(cluster)}` })
  if (cluster === undefined && known.length > 1)
    problems.push({
      where: at(['clusters']),
      says: `clusters: there are ${known.length}; say which one the bot looks at with "cluster: ${known[0] ?? ''}"`,
    })
  for (const [channel, { cluster: named }] of Object.entries(channels)) {
    if (named !== undefined && !known.includes(named))
      problems.push({
        where: at(['channels', channel, 'cluster']),
        says: `channels.${channel}.cluster: ${unknown(named)}`,
      })
  }
  return problems
}
