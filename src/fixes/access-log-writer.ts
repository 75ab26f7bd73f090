import { UnseenError, type Kubernetes } from '../evidence/clients/clients.ts'
import { RESOURCES } from '../evidence/collectors/objects.ts'
import type { KubernetesObject } from '../mesh/objects.ts'
import { formatRef, sameRef, type Ref } from '../mesh/ref.ts'
import { refusal, type ApiAnswer } from './api-refusal.ts'
import { FIELD_MANAGER, WriteError, type ClusterWriter } from './cluster-writer.ts'
import {
  ALLOWED_BY,
  isLent,
  TELEMETRY_PATH,
  telemetryFor,
  telemetryName,
  type LentAccessLog,
} from './lent-telemetry.ts'
import type { LeasePermit } from './permit.ts'
import { seenAnswer } from './seen-answer.ts'

/** One request that makes or deletes an object, with the bot's own rights. @throws WriteError when there is no answer */
type Send = (
  method: 'POST' | 'DELETE',
  path: string,
  sent: { query: Readonly<Record<string, string>>; body: unknown },
  signal: AbortSignal,
) => Promise<ApiAnswer>

/** The part of the writer that turns access logs on and off: it writes one form of Telemetry objects, and deletes no others. */
export function accessLogWriter(
  send: Send,
  kubernetes: Pick<Kubernetes, 'list'>,
): Pick<ClusterWriter, 'turnOnAccessLog' | 'turnOffAccessLog'> {
  async function read(
    lease: string,
    { namespace }: LentAccessLog,
    signal: AbortSignal,
  ): Promise<KubernetesObject | undefined> {
    const name = telemetryName(lease)
    const found = await kubernetes.list(RESOURCES.telemetries, { namespace, fields: `metadata.name=${name}` }, signal)
    return found.find(({ metadata }) => metadata.name === name && metadata.namespace === namespace)
  }

  return {
    async turnOnAccessLog(permit, workload, wanted, signal) {
      const { lease } = requirePermit(permit, workload, wanted)
      const object = telemetryFor(lease, wanted)
      const what = refText(lease, wanted)
      const create = (): Promise<ApiAnswer> =>
        send(
          'POST',
          collection(wanted),
          { query: { fieldManager: FIELD_MANAGER, fieldValidation: 'Strict' }, body: object },
          signal,
        )
      const answer = await seenAnswer(() =>
        create().catch((error: unknown) => {
          // Of two requests for one name the API server grants one: asking again tells what became of the first.
          if (error instanceof WriteError && error.sent && !signal.aborted) return create()
          throw error
        }),
      )
      if (answer.status === 201 || answer.status === 200) {
        const { metadata } = parsed(answer, what)
        if (metadata?.uid !== undefined) return metadata.uid
      } else if (answer.status !== 409) throw unseen(refusal(answer, what), wanted)
      // There already: a former try of this lease, or somebody else's.
      const now = await read(lease, wanted, signal)
      if (now?.metadata.uid !== undefined && isLent(now, lease, wanted, undefined)) return now.metadata.uid
      throw new UnseenError(
        'unavailable',
        now === undefined ? `${what} was made, and is gone again` : `${what} is there already, and is not this lease's`,
      )
    },

    async turnOffAccessLog(permit, workload, wanted, uid, signal) {
      const { lease } = requirePermit(permit, workload, wanted)
      const what = refText(lease, wanted)
      const now = await read(lease, wanted, signal)
      if (now === undefined) return
      if (!isLent(now, lease, wanted, uid))
        throw new UnseenError('unavailable', `${what} is not as it was made: it is left alone`)
      const { metadata } = now
      const answer = await seenAnswer(() =>
        send(
          'DELETE',
          `${collection(wanted)}/${telemetryName(lease)}`,
          {
            query: {},
            body: {
              apiVersion: 'v1',
              kind: 'DeleteOptions',
              preconditions: { uid: metadata.uid, resourceVersion: metadata.resourceVersion },
            },
          },
          signal,
        ),
      )
      if (answer.status !== 200 && answer.status !== 202 && answer.status !== 404)
        throw unseen(refusal(answer, what), wanted)
    },
  }
}

const collection = ({ namespace }: LentAccessLog): string => `${TELEMETRY_PATH}/namespaces/${namespace}/telemetries`

const refText = (lease: string, { namespace }: LentAccessLog): string =>
  formatRef({ kind: 'Telemetry', namespace, name: telemetryName(lease) })

/** @throws TypeError when the lease is not for this workload, or the names are none: before anything is sent */
function requirePermit(permit: LeasePermit, workload: Ref, wanted: LentAccessLog): LeasePermit {
  if (!permit.pods.some((one) => sameRef(one, workload)) || workload.namespace !== wanted.namespace)
    throw new TypeError(`lease ${permit.lease} is not for ${formatRef(workload)}`)
  telemetryFor(permit.lease, wanted)
  return permit
}

function parsed(answer: ApiAnswer, what: string): Partial<KubernetesObject> {
  try {
    return JSON.parse(answer.text) as Partial<KubernetesObject>
  } catch (error) {
    throw new UnseenError('unparsable', `the API server answered something that is not JSON about ${what}`, {
      cause: error,
    })
  }
}

/** Leases are told of what they cannot reach, and try again; who may not is told what grants it. */
function unseen(error: WriteError, { namespace }: LentAccessLog): UnseenError {
  if (error.reason !== 'forbidden') return new UnseenError('unavailable', error.message, { cause: error })
  return new UnseenError(
    'forbidden',
    `mesh-medic may not write Telemetry objects in ${namespace} (${ALLOWED_BY} allows it): ${error.message}`,
    { cause: error },
  )
}
