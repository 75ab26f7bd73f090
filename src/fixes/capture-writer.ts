import { setTimeout as pause } from 'node:timers/promises'
import { UnseenError, type Kubernetes } from '../evidence/clients/clients.ts'
import type { Running } from '../evidence/clients/exec.ts'
import { RESOURCES } from '../evidence/collectors/objects.ts'
import { isDnsLabel } from '../mesh/names.ts'
import type { Pod } from '../mesh/objects.ts'
import { formatRef, sameRef, type Ref } from '../mesh/ref.ts'
import { refusal, type ApiAnswer } from './api-refusal.ts'
import {
  captureCommand,
  captureContainer,
  captureName,
  capturePod,
  captureRef,
  runningContainer,
  type AddedStatus,
  type CaptureImage,
  type PodWithAdded,
  type WantedCapture,
} from './capture-pod.ts'
import type { CaptureWriter } from './capturing.ts'
import type { WriteError } from './cluster-writer.ts'
import { FIELD_MANAGER } from './cluster-writer.ts'
import type { LeasePermit } from './permit.ts'
import { seenAnswer } from './seen-answer.ts'

/** One request with the bot's own rights; `MERGE` adds to the lists of what is there. @throws WriteError when there is no answer */
export type SendOwn = (
  method: 'POST' | 'MERGE' | 'DELETE',
  path: string,
  sent: { query: Readonly<Record<string, string>>; body: unknown },
  signal: AbortSignal,
) => Promise<ApiAnswer>

/** Starts a program in a container. @throws UnseenError */
export type RunIn = (
  where: { pod: Ref; container: string; command: readonly string[] },
  signal: AbortSignal,
) => Promise<Running>

/** Milliseconds until a container runs, or has ended, and between two looks. */
const STARTS_WITHIN = 60_000
const ENDS_WITHIN = 10_000
const LOOKS_EVERY = 250
/** Why a container waits that will not run. */
const NO_IMAGE = ['ErrImagePull', 'ImagePullBackOff', 'ErrImageNeverPull', 'InvalidImageName']
const HOPELESS = [...NO_IMAGE, 'CreateContainerError', 'CreateContainerConfigError', 'RunContainerError']

/** Whether a capture of a lease is there. @throws UnseenError */
export async function isCapturing(
  kubernetes: Pick<Kubernetes, 'list'>,
  lease: string,
  pod: Ref,
  wanted: WantedCapture,
  signal: AbortSignal,
): Promise<boolean> {
  const where = captureRef(lease, pod, wanted)
  const found = await podNow(kubernetes, where, signal)
  if (found === undefined) return false
  if (wanted.form === 'pod') return true
  const isThere = found.spec?.ephemeralContainers?.some(({ name }) => name === captureName(lease)) === true
  return isThere && statusOf(found, captureName(lease))?.state?.terminated === undefined
}

const statusOf = (pod: PodWithAdded, container: string): AddedStatus | undefined =>
  [...(pod.status?.ephemeralContainerStatuses ?? []), ...((pod.status?.containerStatuses ?? []) as AddedStatus[])].find(
    ({ name }) => name === container,
  )

async function podNow(
  kubernetes: Pick<Kubernetes, 'list'>,
  { name, namespace }: Ref,
  signal: AbortSignal,
): Promise<PodWithAdded | undefined> {
  const found = (await kubernetes.list(
    RESOURCES.pods,
    { namespace, fields: `metadata.name=${name}` },
    signal,
  )) as PodWithAdded[]
  return found.find(({ metadata }) => metadata.name === name && metadata.namespace === namespace)
}

/** @param image absent where none is configured */
export function captureWriter(
  send: SendOwn,
  runIn: RunIn,
  kubernetes: Pick<Kubernetes, 'list'>,
  image: CaptureImage | undefined,
): CaptureWriter {
  const requireImage = (): CaptureImage => {
    if (image !== undefined) return image
    throw new UnseenError('unavailable', 'no image to capture with is configured (capture.image)')
  }

  async function target(pod: Ref, signal: AbortSignal): Promise<PodWithAdded> {
    const found = await podNow(kubernetes, pod, signal)
    if (found === undefined) throw new UnseenError('unavailable', `${formatRef(pod)} is gone`)
    return found
  }

  function make(
    lease: string,
    pod: PodWithAdded,
    wanted: WantedCapture,
    isDry: boolean,
    signal: AbortSignal,
  ): Promise<ApiAnswer> {
    const query = { fieldManager: FIELD_MANAGER, fieldValidation: 'Strict', ...(isDry && { dryRun: 'All' }) }
    const { name, namespace = '', uid } = pod.metadata
    if (wanted.form === 'pod')
      return send(
        'POST',
        `/api/v1/namespaces/${wanted.namespace ?? ''}/pods`,
        { query, body: capturePod(lease, pod, wanted, requireImage()) },
        signal,
      )
    const added = captureContainer(lease, wanted, requireImage())
    return send(
      'MERGE',
      `/api/v1/namespaces/${namespace}/pods/${name}/ephemeralcontainers`,
      // Another pod of that name has another UID: it gets nothing.
      {
        query,
        body: { metadata: { uid }, spec: { ephemeralContainers: [added] } },
      },
      signal,
    )
  }

  async function untilRunning(lease: string, pod: Ref, wanted: WantedCapture, signal: AbortSignal): Promise<void> {
    const where = captureRef(lease, pod, wanted)
    const container = wanted.form === 'pod' ? 'capture' : captureName(lease)
    for (const late = Date.now() + STARTS_WITHIN; ;) {
      const now = await podNow(kubernetes, where, signal)
      if (now === undefined) throw new UnseenError('unavailable', `${formatRef(where)} is gone`)
      const state = statusOf(now, container)?.state
      if (state?.running !== undefined) return
      const { reason = '', message = '' } = state?.waiting ?? {}
      if (HOPELESS.includes(reason))
        throw new UnseenError(
          'unavailable',
          `${NO_IMAGE.includes(reason) ? `the image ${requireImage().image} could not be pulled on its node` : 'its container could not be started'} (${reason}${message === '' ? '' : `: ${message.slice(0, 200)}`})`,
        )
      if (state?.terminated !== undefined)
        throw new UnseenError(
          'unavailable',
          `its container ended at once (exit code ${state.terminated.exitCode ?? '?'})`,
        )
      if (Date.now() > late)
        throw new UnseenError(
          'timeout',
          `its container did not start within ${STARTS_WITHIN / 1000} s${reason === '' ? '' : ` (${reason})`}`,
        )
      await pause(LOOKS_EVERY, undefined, { signal })
    }
  }

  async function untilEnded(lease: string, pod: Ref, wanted: WantedCapture, signal: AbortSignal): Promise<void> {
    for (const late = Date.now() + ENDS_WITHIN; await isCapturing(kubernetes, lease, pod, wanted, signal);) {
      if (Date.now() > late)
        throw new UnseenError(
          'unavailable',
          `it still runs, and ends by itself within ${wanted.seconds} s of its start`,
        )
      await pause(LOOKS_EVERY, undefined, { signal })
    }
  }

  return {
    async refusesCapture(lease, pod, wanted, signal) {
      requireNames(wanted)
      const now = await target(pod, signal)
      const answer = await seenAnswer(() => make(lease, now, wanted, true, signal))
      if (isMade(answer)) return undefined
      const why = refusal(answer, formatRef(pod))
      if (why.reason === 'unavailable') throw asUnseen(why)
      return why.message
    },

    async startCapture(permit, pod, wanted, signal) {
      const { lease } = requirePermit(permit, pod, wanted)
      const now = await target(pod, signal)
      const isThere = now.spec?.ephemeralContainers?.some(({ name }) => name === captureName(lease)) === true
      const answer =
        isThere && wanted.form !== 'pod' ? undefined : await seenAnswer(() => make(lease, now, wanted, false, signal))
      // There already: a former try of this lease, whose id nobody else has.
      if (answer !== undefined && !isMade(answer) && !(answer.status === 409 && wanted.form === 'pod'))
        throw asUnseen(refusal(answer, formatRef(pod)))
      await untilRunning(lease, pod, wanted, signal)
      return wanted.form === 'pod'
        ? (await podNow(kubernetes, captureRef(lease, pod, wanted), signal))?.metadata.uid
        : undefined
    },

    async capturePackets(permit, pod, wanted, order, signal) {
      const { lease } = requirePermit(permit, pod, wanted)
      const inside = wanted.form === 'pod' ? runningContainer(await target(pod, signal)) : undefined
      if (wanted.form === 'pod' && inside === undefined)
        throw new UnseenError('unavailable', `no container of ${formatRef(pod)} runs`)
      return runIn(
        {
          pod: captureRef(lease, pod, wanted),
          container: wanted.form === 'pod' ? 'capture' : captureName(lease),
          command: captureCommand(order, inside),
        },
        signal,
      )
    },

    async endCapture(permit, pod, wanted, signal) {
      const { lease } = requirePermit(permit, pod, wanted)
      const where = captureRef(lease, pod, wanted)
      const now = await podNow(kubernetes, where, signal)
      if (now === undefined) return
      if (wanted.form === 'pod') await remove(lease, now, signal)
      // Where processes are shared, the first one is not the container's own: it ends by itself.
      else if (
        now.spec?.shareProcessNamespace !== true &&
        now.spec?.hostPID !== true &&
        (await isCapturing(kubernetes, lease, pod, wanted, signal))
      )
        await runIn({ pod: where, container: captureName(lease), command: ['sh', '-c', 'kill -TERM 1'] }, signal)
          .then(({ ended }) => ended)
          // Its end may cut off the answer.
          .catch((error: unknown) => {
            if (!(error instanceof UnseenError)) throw error
          })
      await untilEnded(lease, pod, wanted, signal)
    },
  }

  async function remove(lease: string, { metadata }: Pod, signal: AbortSignal): Promise<void> {
    const { name, namespace = '', uid, labels } = metadata
    if (labels?.['app.kubernetes.io/component'] !== 'capture' || name !== captureName(lease))
      throw new UnseenError('unavailable', `Pod ${namespace}/${name} is not as it was made: it is left alone`)
    const body = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid }, gracePeriodSeconds: 0 }
    const answer = await seenAnswer(() =>
      send('DELETE', `/api/v1/namespaces/${namespace}/pods/${name}`, { query: {}, body }, signal),
    )
    if (answer.status !== 200 && answer.status !== 202 && answer.status !== 404)
      throw asUnseen(refusal(answer, `Pod ${namespace}/${name}`))
  }
}

const isMade = ({ status }: ApiAnswer): boolean => status === 200 || status === 201

/** @throws TypeError for a pod that the lease is not for, or names that are none: before anything is sent */
function requirePermit(permit: LeasePermit, pod: Ref, wanted: WantedCapture): LeasePermit {
  if (!permit.pods.some((one) => sameRef(one, pod)) || pod.kind !== 'Pod')
    throw new TypeError(`lease ${permit.lease} is not for ${formatRef(pod)}`)
  requireNames(wanted)
  return permit
}

/** @throws TypeError */
function requireNames({ form, namespace, seconds }: WantedCapture): void {
  if (form === 'pod' && !isDnsLabel(namespace ?? '')) throw new TypeError(`${String(namespace)} is no namespace`)
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > 3600)
    throw new TypeError(`${seconds} seconds are not a time to capture for`)
}

const asUnseen = (error: WriteError): UnseenError =>
  new UnseenError(error.reason === 'forbidden' ? 'forbidden' : 'unavailable', error.message, { cause: error })
