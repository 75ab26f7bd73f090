import { PassThrough } from 'node:stream'
import type { Running } from '../../src/evidence/clients/exec.ts'
import { captureName, type PodWithAdded } from '../../src/fixes/capture-pod.ts'
import type { CaptureOrder, CaptureWriter } from '../../src/fixes/capturing.ts'
import { READ_ONLY } from '../../src/fixes/read-only.ts'
import { recordedCapture } from '../capture/recorded.ts'
import { recordedClients, recordingOf } from '../replay.ts'

const MESH = 'chapter-10/ill'
export const name = recordingOf(MESH)
  .calls.flatMap(({ call, json }) =>
    call.startsWith('kubernetes list') && Array.isArray(json) ? (json as PodWithAdded[]) : [],
  )
  .find(({ kind, metadata }) => kind === 'Pod' && metadata.name.startsWith('catalog-v2-'))!.metadata.name
/** A recorded mesh in which a container can be added to that pod; `ended` counts how often one was ended. */
export function mesh(bytes = recordedCapture('slow-pod-lo')) {
  const clients = recordedClients(MESH)
  const seen = {
    running: new Set<string>(),
    ended: 0,
    orders: [] as CaptureOrder[],
    refused: undefined as string | undefined,
  }
  const { kubernetes } = clients
  const list: typeof kubernetes.list = async (resource, where, signal) => {
    if (where.fields === 'metadata.name=kube-system')
      return [{ kind: 'Namespace', metadata: { name: 'kube-system', uid: 'cluster' } }]
    if (where.fields !== `metadata.name=${name}`) return kubernetes.list(resource, where, signal)
    const all = (await kubernetes.list(resource, { namespace: where.namespace }, signal)) as PodWithAdded[]
    const added = [...seen.running].map((lease) => ({ name: captureName(lease), state: { running: {} } }))
    return all
      .filter(({ metadata }) => metadata.name === name)
      .map((pod) => ({
        ...pod,
        spec: { ...pod.spec!, ephemeralContainers: added },
        status: { ...pod.status, ephemeralContainerStatuses: added },
      }))
  }
  const writer: CaptureWriter = {
    refusesCapture: () => Promise.resolve(seen.refused),
    startCapture: ({ lease }) => Promise.resolve(void seen.running.add(lease)),
    capturePackets: (_permit, _pod, _wanted, order) => {
      seen.orders.push(order)
      const output = new PassThrough()
      output.end(bytes)
      return Promise.resolve<Running>({
        output,
        ended: Promise.resolve({ said: '133 packets captured', exitCode: 0 }),
        close: () => undefined,
      })
    },
    endCapture({ lease }) {
      seen.ended += 1
      seen.running.delete(lease)
      return Promise.resolve()
    },
  }
  return { clients: { ...clients, kubernetes: { ...kubernetes, list } }, writer: { ...READ_ONLY, ...writer }, seen }
}
