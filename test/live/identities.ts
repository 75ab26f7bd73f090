import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse, parseAllDocuments } from 'yaml'
import { kubectl } from './mesh.ts'

/** People whom the bot may impersonate in these tests, beside the rehearsal's user. */
const PEOPLE = ['oncall@example.com', 'second@example.com', 'no-rights@example.com']
const MANIFESTS = join(import.meta.dirname, '..', '..', 'deploy', 'manifests')

interface Manifest {
  kind: string
  metadata: { name: string; namespace?: string }
  rules?: { resources: string[]; resourceNames?: string[] }[]
}

/** The bot's identity with exactly the rights of deploy/manifests, under names of this test's own. */
export interface Identities {
  /** Holds nothing but the bot's token. */
  kubeconfig: string
  close(): Promise<void>
}

function manifests(name: string): Manifest[] {
  const text = ['reader.yaml', 'writer.yaml']
    .map((file) => readFileSync(join(MANIFESTS, file), 'utf8'))
    .join('\n---\n')
    .replace(/mesh-medic-(reader|impersonator|approver|rehearsal)\b/g, `${name}-$1`)
    .replaceAll('namespace: mesh-medic', `namespace: ${name}`)
  const all = parseAllDocuments(text)
    .map((document) => document.toJS() as Manifest | null)
    .filter((one) => one !== null)
  return all.map((one) => ({
    ...one,
    ...(one.rules !== undefined && {
      rules: one.rules.map((rule) =>
        rule.resources.includes('users')
          ? { ...rule, resourceNames: [...(rule.resourceNames ?? []), ...PEOPLE] }
          : rule,
      ),
    }),
  }))
}

export async function openIdentities(): Promise<Identities> {
  const name = `live-bot-${process.pid}-${Date.now().toString(36)}`
  const folder = mkdtempSync(join(tmpdir(), 'mesh-medic-identities-'))
  const kubeconfig = join(folder, 'kubeconfig')
  const all = manifests(name)
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
