import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { NeededPermission } from '../src/evidence/permissions.ts'
import { PERMISSIONS } from '../src/evidence/permissions.ts'

const FILE = join(import.meta.dirname, '..', 'deploy', 'manifests', 'reader.yaml')
const WIDTH = 140

const HEAD = `# Who the bot is when it looks: it reads, and changes nothing. No rule allows Secrets, on purpose.
# Made from src/evidence/permissions.ts by \`npm run reader-manifest\`; a test keeps the two equal.
apiVersion: v1
kind: ServiceAccount
metadata: { name: mesh-medic-reader, namespace: mesh-medic }
`

/** A reason as comment lines no wider than the file. */
function comment(text: string): string {
  const lines: string[] = []
  let line = '  #'
  for (const word of text.split(' ')) {
    if (`${line} ${word}`.length > WIDTH) {
      lines.push(line)
      line = '  #'
    }
    line += ` ${word}`
  }
  return [...lines, line].map((one) => `${one}\n`).join('')
}

const listOf = (items: readonly string[]): string => `[${items.map((item) => (item === '' ? '""' : item)).join(', ')}]`

/** Permissions that differ in nothing but the resource are one rule. */
function rules(permissions: readonly NeededPermission[]): string {
  const alike = Map.groupBy(permissions, ({ verb, group, name = '', why, caution = '' }) =>
    [verb, group, name, why, caution].join('\n'),
  )
  return [...alike.values()]
    .flatMap((of) => {
      const [first] = of
      if (first === undefined) return []
      const { verb, group, name, why, caution } = first
      const names = name === undefined ? '' : `, resourceNames: ${listOf([name])}`
      const reason = `${comment(`${why}.`)}${caution === undefined ? '' : comment(caution)}`
      return `${reason}  - { apiGroups: ${listOf([group])}, resources: ${listOf(of.map(({ resource }) => resource))}${names}, verbs: ${listOf([verb])} }\n`
    })
    .join('')
}

const role = (namespace: string | undefined, permissions: readonly NeededPermission[]): string => {
  const kind = namespace === undefined ? 'ClusterRole' : 'Role'
  const metadata = `{ name: mesh-medic-reader${namespace === undefined ? '' : `, namespace: ${namespace}`} }`
  return `---
apiVersion: rbac.authorization.k8s.io/v1
kind: ${kind}
metadata: ${metadata}
rules:
${rules(permissions)}---
apiVersion: rbac.authorization.k8s.io/v1
kind: ${kind}Binding
metadata: ${metadata}
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ${kind}, name: mesh-medic-reader }
subjects: [{ kind: ServiceAccount, name: mesh-medic-reader, namespace: mesh-medic }]
`
}

/** The text of deploy/manifests/reader.yaml. */
export function readerManifest(permissions: readonly NeededPermission[] = PERMISSIONS): string {
  const byNamespace = Map.groupBy(permissions, ({ namespace }) => namespace)
  return HEAD + [...byNamespace].map(([namespace, of]) => role(namespace, of)).join('')
}

if (import.meta.filename === process.argv[1]) writeFileSync(FILE, readerManifest())
