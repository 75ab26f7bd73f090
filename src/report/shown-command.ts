import type { Finding, Proof } from '../checks/check.ts'
import { RESOURCES } from '../evidence/collectors/objects.ts'
import { formatRef } from '../mesh/ref.ts'

/** A whole list of one kind, as a step asks for it: `kubectl get services -A -o yaml`. */
const LIST = /^kubectl get (?<resource>\S+) (?:-A|-n \S+) -o yaml$/
/** Kinds by the name under which kubectl lists them: `virtualservices.networking.istio.io`. */
const KINDS: ReadonlyMap<string, string> = new Map(
  Object.values(RESOURCES).map(({ plural, group, kind }) => [group === '' ? plural : `${plural}.${group}`, kind]),
)

/** An object as our sentences name it: `VirtualService shop/catalog`. */
const NAMED = /\b([A-Z][A-Za-z]+) ([a-z0-9][a-z0-9.-]*)\/([a-z0-9][a-z0-9.-]*)/g

/** The time at the start of a quoted access log line. */
const LOGGED_AT = /\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z/

/**
 * The command that shows what a proof says, and no more: the object instead of all of its kind, the line instead of the log. The looks
 * themselves read whole lists, because they serve every check.
 */
export function shownCommand({ source, says, quote = '' }: Proof, finding: Finding): string {
  const resource = LIST.exec(source)?.groups?.resource
  if (resource !== undefined) {
    const named = [...says.matchAll(NAMED)].map(([, kind = '', namespace, name = '']) => ({ kind, namespace, name }))
    const ours = [finding.subject, ...(finding.subjects ?? [])].filter((ref) => says.includes(formatRef(ref)))
    const one = [...ours, ...named].find(({ kind }) => kind === KINDS.get(resource))
    if (one === undefined) return source
    const where = one.namespace === undefined ? '' : ` -n ${one.namespace}`
    return `kubectl get ${resource} ${one.name}${where} -o yaml`
  }
  const at = source.startsWith('kubectl logs ') ? LOGGED_AT.exec(quote)?.[0] : undefined
  return at === undefined ? source : `${source} | grep -F ${at}`
}
