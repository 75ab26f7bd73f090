import { resolveTarget } from '../../diagnosis/resolve-target.ts'
import { UnknownTargetError } from '../../diagnosis/target-errors.ts'
import type { Clients } from '../../evidence/clients/clients.ts'
import { objects } from '../../evidence/collectors/objects.ts'
import { Evidence } from '../../evidence/evidence.ts'
import { look } from '../../evidence/gather.ts'
import type { ObjectKind, Reading } from '../../evidence/reading.ts'
import type { AnyStep } from '../../evidence/step.ts'
import { nearestNames } from '../../mesh/names.ts'
import type { Target } from '../../mesh/target.ts'
import type { TargetQuery } from '../../mesh/target-query.ts'
import { UserError } from '../../mesh/user-error.ts'
import { blindError } from './user-error-of.ts'

/** Milliseconds a list is good for. */
const FRESH = 5000
/** Milliseconds the API server has to answer a person who waits. */
const PATIENCE = 5000

const HOSTS: readonly ObjectKind[] = ['virtual-services', 'service-entries', 'gateways']

/** Kinds that name hosts which nothing registers. */
const ROUTES: readonly ObjectKind[] = [...HOSTS, 'destination-rules', 'http-routes']

/** One list: of the cluster, or of one namespace. */
interface List {
  kind: ObjectKind
  namespace?: string
}

/** Which lists tell what a query means. */
function listsFor(query: TargetQuery): List[] {
  const everywhere: List[] = [{ kind: 'services' }, { kind: 'namespaces' }]
  const scope = query.namespace === undefined ? {} : { namespace: query.namespace }
  if (query.form === 'deploy') return [...everywhere, { kind: 'deployments', ...scope }]
  if (query.form === 'pod') return [...everywhere, { kind: 'pods', ...scope }]
  return query.form === 'host' || query.text.includes('.')
    ? [...everywhere, ...HOSTS.map((kind) => ({ kind }))]
    : everywhere
}

/** What there is in the cluster, for finding targets: lists are kept a few seconds, and those who ask at once share one request. */
export class MeshDirectory {
  private readonly clients: Clients
  private readonly lists = new Map<string, { at: number; reading: Promise<Reading> }>()

  constructor(clients: Clients) {
    this.clients = clients
  }

  /**
   * Finds what a query means.
   * @throws UnknownTargetError, AmbiguousTargetError; UserError when the cluster cannot be asked
   */
  async target(query: TargetQuery): Promise<Target> {
    const readings = await Promise.all(listsFor(query).map((list) => this.list(list)))
    const needed = readings.find(
      (reading) =>
        !reading.ok && (reading.kind === 'services' || reading.kind === 'deployments' || reading.kind === 'pods'),
    )
    if (needed?.ok === false) throw blindError(needed)
    try {
      return resolveTarget(query, new Evidence(readings))
    } catch (error) {
      if (!(error instanceof UnknownTargetError)) throw error
      // What no Service has may still be what routes lead to: a Service that is gone, a host that only Istio knows.
      const more = await Promise.all(ROUTES.map((kind) => this.list({ kind })))
      return resolveTarget(query, new Evidence([...readings, ...more]))
    }
  }

  /** @throws UserError when there is no such namespace, with the nearest */
  async checkNamespace(namespace: string): Promise<void> {
    const reading = await this.list({ kind: 'namespaces' })
    // Not being allowed to list namespaces is no reason to refuse one.
    if (!reading.ok) return
    const names = new Evidence([reading]).objects('namespaces').map(({ metadata }) => metadata.name)
    if (names.includes(namespace)) return
    throw new UserError({
      why: `There is no namespace ${namespace}.`,
      commands: nearestNames(namespace, names).map((name) => `/mesh status ${name}`),
    })
  }

  /** Every Service, or none when they cannot be seen. */
  async services(): Promise<{ name: string; namespace: string }[]> {
    const reading = await this.list({ kind: 'services' })
    return new Evidence([reading])
      .objects('services')
      .map(({ metadata: { name, namespace = '' } }) => ({ name, namespace }))
  }

  private async list({ kind, namespace }: List): Promise<Reading> {
    const step = objects(kind, 'objects', namespace === undefined ? {} : { namespace }) as AnyStep
    const known = this.lists.get(step.id)
    if (known !== undefined && Date.now() - known.at < FRESH) return known.reading
    const reading = look(step, this.clients, { stepTimeout: PATIENCE })
    this.lists.set(step.id, { at: Date.now(), reading })
    const seen = await reading
    // A failure is not kept: whoever asks next asks again.
    if (!seen.ok) this.lists.delete(step.id)
    return seen
  }
}
