import type { Pod } from '../mesh/objects.ts'
import type { Ref } from '../mesh/ref.ts'
import { LEASE_ANNOTATION } from './lent-telemetry.ts'

/** What captures run with. */
export interface CaptureImage {
  /** Has tcpdump, sh, timeout, head, and nsenter where pods of our own are used. */
  image: string
  pullPolicy: 'IfNotPresent' | 'Always' | 'Never'
}

/**
 * How packets of a pod are reached, least invasive first: a container that is added to it and may do nothing but see packets; the same with what the runtime gives
 * any container; a pod of our own on its node that enters its network.
 */
export const CAPTURE_FORMS = ['container', 'plain-container', 'pod'] as const
export type CaptureForm = (typeof CAPTURE_FORMS)[number]

/** One capture as its lease notes it. */
export interface WantedCapture {
  form: CaptureForm
  /** How long its container may live at most; it ends by itself then. Seconds. */
  seconds: number
  /** Where the pod of our own is made. */
  namespace?: string
}

/** The name of the container or the pod of a lease. */
export const captureName = (lease: string): string => `mesh-medic-capture-${lease}`

/** Waits, ends at once on TERM, and by itself after some seconds, whoever has forgotten it. */
const WAIT = 'trap "exit 0" TERM; sleep "$1" & wait'
/** Captures for some seconds and bytes. The first of these numbers that is reached ends it. */
const CAPTURE = 'seconds=$1 bytes=$2; shift 2; timeout -k 2 -s INT "$seconds" tcpdump "$@" | head -c "$bytes"'
/** The same in the network of a container of another pod, found by its id. */
const CAPTURE_IN =
  'id=$1 seconds=$2 bytes=$3; shift 3; for dir in /proc/[0-9]*; do if grep -qs "$id" "$dir/cgroup"; then timeout -k 2 -s INT "$seconds" nsenter -t "${dir#/proc/}" -n tcpdump "$@" | head -c "$bytes"; exit; fi; done; echo "no process of container $id" >&2; exit 3'

/** tcpdump becomes a user without rights as soon as it listens, where its packager wanted that, and ends if it can't; to end it then takes KILL. */
const AS_ANOTHER_USER = ['KILL', 'SETGID', 'SETUID']

const waiting = (seconds: number): string[] => ['sh', '-c', WAIT, 'mesh-medic-capture', String(seconds)]

/** The command of a capture. @param container id of a container whose network is entered; undefined in the pod itself */
export const captureCommand = (
  { seconds, bytes, tcpdump }: { seconds: number; bytes: number; tcpdump: readonly string[] },
  container: string | undefined,
): string[] =>
  container === undefined
    ? ['sh', '-c', CAPTURE, 'mesh-medic-capture', String(seconds), String(bytes), ...tcpdump]
    : ['sh', '-c', CAPTURE_IN, 'mesh-medic-capture', container, String(seconds), String(bytes), ...tcpdump]

/** The container that is added to a pod. Names of capabilities are those of Pod Security. */
export function captureContainer(
  lease: string,
  { form, seconds }: WantedCapture,
  { image, pullPolicy }: CaptureImage,
): unknown {
  return {
    name: captureName(lease),
    image,
    imagePullPolicy: pullPolicy,
    command: waiting(seconds),
    terminationMessagePolicy: 'File',
    securityContext: {
      // What the pod says of users is about its application.
      runAsUser: 0,
      runAsNonRoot: false,
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      seccompProfile: { type: 'RuntimeDefault' },
      ...(form === 'container' && { capabilities: { drop: ['ALL'], add: ['NET_RAW', ...AS_ANOTHER_USER] } }),
    },
  }
}

/** The pod of our own, on the node of another. It holds no token and mounts nothing. */
export function capturePod(
  lease: string,
  target: Pod,
  { seconds, namespace }: WantedCapture,
  { image, pullPolicy }: CaptureImage,
): unknown {
  const { name, namespace: where = '' } = target.metadata
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: captureName(lease),
      namespace,
      labels: {
        'app.kubernetes.io/managed-by': 'mesh-medic',
        'app.kubernetes.io/component': 'capture',
        'sidecar.istio.io/inject': 'false',
        'istio.io/dataplane-mode': 'none',
      },
      annotations: { [LEASE_ANNOTATION]: lease, 'mesh-medic/target': `${where}/${name}` },
    },
    spec: {
      nodeName: target.spec?.nodeName,
      hostPID: true,
      restartPolicy: 'Never',
      // The kubelet ends it, though nobody is left to delete it.
      activeDeadlineSeconds: seconds,
      terminationGracePeriodSeconds: 0,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      tolerations: [{ operator: 'Exists' }],
      containers: [
        {
          name: 'capture',
          image,
          imagePullPolicy: pullPolicy,
          command: waiting(seconds),
          resources: { requests: { cpu: '10m', memory: '32Mi' }, limits: { cpu: '500m', memory: '128Mi' } },
          securityContext: {
            runAsUser: 0,
            runAsNonRoot: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ['ALL'], add: ['NET_RAW', 'SYS_ADMIN', 'SYS_PTRACE', ...AS_ANOTHER_USER] },
          },
        },
      ],
    },
  }
}

/** What a pod says of containers that were added to it, and where it runs. */
export interface PodWithAdded extends Pod {
  spec?: NonNullable<Pod['spec']> & {
    ephemeralContainers?: { name: string }[]
    shareProcessNamespace?: boolean
    hostPID?: boolean
  }
  status?: NonNullable<Pod['status']> & { ephemeralContainerStatuses?: AddedStatus[] }
}
export interface AddedStatus {
  name: string
  containerID?: string
  state?: {
    waiting?: { reason?: string; message?: string }
    running?: object
    terminated?: { reason?: string; exitCode?: number }
  }
}

/** The id of some running container of a pod, without its runtime: all of them share one network. */
export function runningContainer({ status }: Pod): string | undefined {
  const all = (status?.containerStatuses ?? []) as readonly AddedStatus[]
  const id = all.find(({ state }) => state?.running !== undefined)?.containerID
  return /^[a-z]+:\/\/([0-9a-f]{16,128})$/.exec(id ?? '')?.[1]
}

/** The pod itself, for texts. */
export const captureRef = (lease: string, target: Ref, { form, namespace = '' }: WantedCapture): Ref =>
  form === 'pod' ? { kind: 'Pod', namespace, name: captureName(lease) } : target
