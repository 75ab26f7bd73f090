import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse, parseAllDocuments } from 'yaml'
import { kubectl } from './mesh.ts'

const MANIFESTS = join(import.meta.dirname, '..', '..', 'deploy', 'manifests')

interface Manifest {
  kind: string
  metadata: { name: string; namespace?: string }
  rules?: { resources: string[]; resourceNames?: string[] }[]
}

/** Whose names the bot may use, and under which names of a test's own its rights are. */
export interface IdentityOptions {
  /** Of the namespace, and before the name of each object. */
  name: string
  /** Beside those of the manifests. */
  users?: readonly string[]
  groups?: readonly string[]
  /** True when users and groups of the manifests (`mesh-medic:rehearsal`) have the test's name too. */
  renamed?: boolean
}

/** The bot's identity with exactly the rights of deploy/manifests, under names of a test's own. */
export interface Identities {
  /** Holds nothing but the bot's token. */
  kubeconfig: string
  close(): Promise<void>
}

function manifests({ name, users = [], groups = [], renamed = false }: IdentityOptions): Manifest[] {
  const text = ['reader.yaml', 'writer.yaml', 'operator.yaml', '../capture.yaml']
    .map((file) => readFileSync(join(MANIFESTS, file), 'utf8'))
    .join('\n---\n')
    .replace(/mesh-medic-(reader|impersonator|approver|operator|rehearsal)\b/g, `${name}-$1`)
    // Names of containers begin so in any case.
    .replace(/mesh-medic-capture(?!-')/g, `${name}-capture`)
    .replaceAll('namespace: mesh-medic', `namespace: ${name}`)
    .replaceAll('system:serviceaccount:mesh-medic:', `system:serviceaccount:${name}:`)
  const all = parseAllDocuments(renamed ? text.replaceAll('mesh-medic:', `${name}:`) : text)
    .map((document) => document.toJS() as Manifest | null)
    .filter((one) => one !== null)
  const added = (resources: readonly string[]): readonly string[] => [
    ...(resources.includes('users') ? users : []),
    ...(resources.includes('groups') ? groups : []),
  ]
  return all.map((one) => ({
    ...one,
    ...(one.rules !== undefined && {
      rules: one.rules.map((rule) => {
        const more = added(rule.resources)
        return more.length === 0 ? rule : { ...rule, resourceNames: [...(rule.resourceNames ?? []), ...more] }
      }),
    }),
  }))
}

/** Makes them on the cluster; `close` removes them by name. */
export async function openIdentities(options: IdentityOptions): Promise<Identities> {
  const { name } = options
  const folder = mkdtempSync(join(tmpdir(), 'mesh-medic-identities-'))
  const kubeconfig = join(folder, 'kubeconfig')
  const all = manifests(options)
  await kubectl(['create', 'namespace', name])
  await kubectl(['apply', '-f', '-'], all.map((one) => JSON.stringify(one)).join('\n'))
  const token = (await kubectl(['-n', name, 'create', 'token', `${name}-reader`, '--duration=3h'])).trim()
  const {
    clusters: [cluster],
  } = parse(await kubectl(['config', 'view', '--raw', '--minify'])) as { clusters: { name: string }[] }
  writeFileSync(
    kubeconfig,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [cluster],
      users: [{ name: 'bot', user: { token } }],
      contexts: [{ name: 'bot', context: { cluster: cluster?.name, user: 'bot' } }],
      'current-context': 'bot',
    }),
    { mode: 0o600 },
  )
  return {
    kubeconfig,
    async close() {
      rmSync(folder, { recursive: true })
      for (const { kind, metadata } of all)
        await kubectl([
          'delete',
          kind.toLowerCase(),
          metadata.name,
          ...(metadata.namespace === undefined ? [] : ['-n', metadata.namespace]),
          '--ignore-not-found',
          '--wait=false',
        ])
      await kubectl(['delete', 'namespace', name, '--wait=false', '--ignore-not-found'])
    },
  }
}
