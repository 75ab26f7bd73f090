import { UnseenError, type Clients } from '../../evidence/clients/clients.ts'
import { RESOURCES } from '../../evidence/collectors/objects.ts'
import type { GatherOptions } from '../../evidence/gather.ts'
import { formatRef, sameRef, type Ref } from '../../mesh/ref.ts'
import type { TargetQuery } from '../../mesh/target-query.ts'
import type { Target } from '../../mesh/target.ts'
import { LeaseRefusedError } from '../lease-refused.ts'
import type { Settings } from '../lease-record.ts'
import { ACCESS_LOG } from '../lease-words.ts'
import type { LeasedWorkload } from '../raise.ts'
import { BUILT_IN, chooseProvider, type ChosenProvider } from './choose-provider.ts'
import { findWorkloads, type FoundWorkload, type FoundWorkloads } from './find-workloads.ts'

/** Access logs as they are to be turned on: which workload, by which provider. */
export interface PreparedAccessLogs {
  target: Target
  workload: LeasedWorkload
  settings: Settings
  /** What the person who asked should know. */
  notes: string[]
  /** Pods whose configuration shows whether it had an effect: none where it has access logs already. */
  pods: FoundWorkload['pods']
}

/** What is asked for; all of it may be left to what is found. */
export interface AskedAccessLogs {
  /** `Deployment shop/catalog`, of those that the target has. */
  workload?: string | undefined
  provider?: string | undefined
  /** Pods whose workloads may be named beside the target's own. */
  beside?: readonly Ref[]
}

/**
 * Finds the one workload and the provider. Whether a Telemetry object stands in the way is looked at when it is turned on.
 * @throws LeaseRefusedError, and what findProxies throws
 */
export async function prepareAccessLogs(
  query: TargetQuery,
  clients: Clients,
  { workload: named, provider, beside = [], ...options }: AskedAccessLogs & GatherOptions,
): Promise<PreparedAccessLogs> {
  await requireServed(clients, options.signal ?? new AbortController().signal)
  const found = await findWorkloads(query, clients, { ...options, beside })
  const workload = oneOf(found, named)
  const { selector, refusal = '' } = workload
  if (selector === undefined) throw new LeaseRefusedError(`${refusal.slice(0, 1).toUpperCase()}${refusal.slice(1)}.`)
  const chosen = providerOf(found, workload, provider)
  if (workload.isOn === true && provider === undefined && chosen.connections.length === 0)
    throw new LeaseRefusedError(
      `Access logs of ${formatRef(workload.ref)} are on already: there is nothing to turn on.`,
      ['Name a provider of the mesh configuration for another format: --provider NAME'],
    )
  return {
    target: found.target,
    workload: { ref: workload.ref, uid: workload.uid, selector },
    settings: { [ACCESS_LOG]: chosen.name },
    notes: notesOf(workload, chosen),
    pods: workload.isOn === true ? [] : workload.pods,
  }
}

/** @throws LeaseRefusedError where the cluster has no Telemetry objects, or knows them in an older version alone */
export async function requireServed({ kubernetes }: Pick<Clients, 'kubernetes'>, signal: AbortSignal): Promise<void> {
  const { group, version, plural } = RESOURCES.telemetries
  const served = await kubernetes.served?.([group], signal).catch((error: unknown) => {
    if (error instanceof UnseenError) return undefined
    throw error
  })
  if (served === undefined) return
  const versions = served.filter((one) => one.plural === plural).map((one) => one.version)
  if (versions.includes(version)) return
  throw new LeaseRefusedError(
    versions.length === 0
      ? 'The cluster has no Telemetry objects (telemetry.istio.io): the definitions of Istio are not installed.'
      : `The cluster has Telemetry objects in version ${versions.join(', ')} alone: ${version} is needed, which Istio has since 1.22.`,
  )
}

function oneOf({ target, workloads }: FoundWorkloads, named: string | undefined): FoundWorkload {
  const names = workloads.map(({ ref }) => formatRef(ref))
  if (named !== undefined) {
    const found = workloads.find(({ ref }) => formatRef(ref) === named)
    if (found !== undefined) return found
    throw new LeaseRefusedError(`${named.slice(0, 120)} is no workload of ${target.name} any more.`, [
      `Its workloads: ${names.join(', ')}`,
    ])
  }
  // What was typed is a workload itself, though its selector may match pods of others.
  const own = workloads.find(({ ref }) => sameRef(ref, target.ref))
  if (own !== undefined) return own
  const off = workloads.filter(({ isOn }) => isOn === false)
  const [only, ...more] = off.length > 0 ? off : workloads
  if (only !== undefined && more.length === 0) return only
  throw new LeaseRefusedError(
    `${target.name} has ${names.length} workloads, and access logs are turned on for one at a time.`,
    [`Name one: ${workloads.map(({ ref }) => asTyped(ref)).join(', ')}`],
  )
}

/** `deploy/catalog -n shop`, as targets are typed; other kinds by their own names. */
const asTyped = ({ kind, name, namespace = '' }: Ref): string =>
  kind === 'Deployment' ? `deploy/${name} -n ${namespace}` : `a pod of ${kind} ${name}: pod/NAME -n ${namespace}`

function providerOf(
  { mesh, unread }: FoundWorkloads,
  { versions }: FoundWorkload,
  named: string | undefined,
): ChosenProvider {
  if (unread === undefined) return chooseProvider(mesh, versions, named)
  if (named !== undefined && named !== BUILT_IN)
    throw new LeaseRefusedError(`The mesh configuration could not be read, and its providers with it: ${unread}`)
  return {
    name: BUILT_IN,
    connections: [],
    isJson: false,
    note: "the mesh configuration could not be read: Istio's own provider is used",
  }
}

function notesOf({ isOn, why = '' }: FoundWorkload, { note }: ChosenProvider): string[] {
  return [
    ...(note === undefined ? [] : [note]),
    ...(isOn === true ? ['access logs were on before, in another format'] : []),
    ...(isOn === undefined ? [`whether access logs were on before is not known: ${why}`] : []),
  ]
}
