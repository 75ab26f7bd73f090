import { planText, type CapturePlan } from '../../capture/plan.ts'
import { UnseenError, type Clients } from '../../evidence/clients/clients.ts'
import type { GatherOptions } from '../../evidence/gather.ts'
import { CAPTURE_FORMS, captureName, type WantedCapture } from '../../fixes/capture-pod.ts'
import type { CaptureWriter } from '../../fixes/capturing.ts'
import { refOf, type Pod } from '../../mesh/objects.ts'
import { hasEnded } from '../../mesh/pods.ts'
import { formatRef } from '../../mesh/ref.ts'
import type { TargetQuery } from '../../mesh/target-query.ts'
import type { Target } from '../../mesh/target.ts'
import { findPods } from '../find-pods.ts'
import { LeaseRefusedError } from '../lease-refused.ts'
import type { Settings } from '../lease-record.ts'
import { captureSetting, PACKET_CAPTURE } from './capture-setting.ts'

/** A capture as it is to be made: of which pod, and how. */
export interface PreparedCapture {
  target: Target
  pod: Pod
  wanted: WantedCapture
  settings: Settings
  /** What the person who asked should know before. */
  notes: string[]
}

/** How captures may be made. */
export interface CaptureWays {
  /** Namespace for pods of our own, which enter another pod's network; none are made where it is absent. */
  namespace?: string | undefined
}

/** No way of capturing is taken by the API server for this pod; its proxy's log says who closed, and when. */
export class CaptureNotAllowedError extends LeaseRefusedError {}

/** Seconds that what captures lives beyond the capture: for its start, and for the last bytes. */
const SPARE = 60

/** How long the lease of a capture lasts. */
export const leaseMinutes = ({ seconds }: CapturePlan): number => (seconds + SPARE) / 60

/**
 * Finds the one pod, and the least invasive way that the API server takes there: each is asked about by a dry run.
 * @throws LeaseRefusedError when there is no pod, or there are several; CaptureNotAllowedError when none of the ways is taken; and what findPods throws
 */
export async function prepareCapture(
  id: string,
  query: TargetQuery,
  plan: CapturePlan,
  { clients, writer, namespace }: { clients: Clients; writer: Pick<CaptureWriter, 'refusesCapture'> } & CaptureWays,
  options: GatherOptions & { signal: AbortSignal },
): Promise<PreparedCapture> {
  const { target, pods } = await findPods(query, clients, options)
  const pod = onePod(target, pods)
  const refused: string[] = []
  for (const form of CAPTURE_FORMS) {
    if (form === 'pod' && namespace === undefined) continue
    const wanted: WantedCapture = {
      form,
      seconds: plan.seconds + SPARE,
      ...(form === 'pod' && namespace !== undefined && { namespace }),
    }
    const why = await writer.refusesCapture(id, refOf(pod), wanted, options.signal).catch((error: unknown) => {
      if (error instanceof UnseenError) return error.message
      throw error
    })
    if (why === undefined)
      return {
        target,
        pod,
        wanted,
        settings: { [PACKET_CAPTURE]: captureSetting(wanted) },
        notes: notesOf(id, wanted, plan),
      }
    refused.push(`${FORM_NAMES[form]}: ${inShort(why)}`)
  }
  const { name, namespace: where = '' } = pod.metadata
  throw new CaptureNotAllowedError(`No packets of ${formatRef(refOf(pod))} can be captured: ${refused.join('; ')}.`, [
    ...(namespace === undefined
      ? [
          'A pod on the same node can enter the network of a restricted one: set capture.namespace, and see deploy/capture.yaml.',
        ]
      : []),
    "Envoy's debug log says nearly as much: who closed, and when. Raise the log levels while requests fail, and let the timeline tell them:",
    `mesh-medic log-level pod/${name} -n ${where} http:debug,router:debug,connection:debug,pool:debug --for 5m`,
    `kubectl logs -n ${where} ${name} -c istio-proxy > proxy.log && mesh-medic timeline --file proxy.log`,
  ])
}

const FORM_NAMES: Readonly<Record<WantedCapture['form'], string>> = {
  container: 'a container with NET_RAW',
  'plain-container': "a container with its runtime's own rights",
  pod: 'a pod on its node',
}

/** Pod Security's words without the names of containers, of which each is ours. */
const inShort = (why: string): string =>
  why
    .replace(/^.* is forbidden: (?=violates PodSecurity)/, '')
    .replace(/ \(container "[^"]*" must [^)]*\)/g, '')
    .replace(/\.$/, '')

function onePod(target: Target, all: readonly Pod[]): Pod {
  const running = all.filter(
    (pod) => pod.metadata.deletionTimestamp === undefined && !hasEnded(pod) && pod.status?.phase === 'Running',
  )
  const [only, ...more] = running
  if (only === undefined) throw new LeaseRefusedError(`${target.name} has no running pod.`)
  if (more.length === 0) return only
  throw new LeaseRefusedError(`${target.name} has ${running.length} pods, and packets are captured of one at a time.`, [
    `Name one: ${running
      .slice(0, 10)
      .map(({ metadata }) => `pod/${metadata.name}`)
      .join(', ')}`,
  ])
}

function notesOf(id: string, { form, namespace }: WantedCapture, plan: CapturePlan): string[] {
  const what =
    form === 'pod'
      ? `by pod ${captureName(id)} in ${namespace ?? ''}, which enters the pod's network and is deleted at the end`
      : `by container ${captureName(id)}, which ends and stays in the pod's specification until the pod goes`
  return [planText(plan), what]
}
