import { UnseenError } from '../../evidence/clients/clients.ts'
import type { WantedCapture } from '../../fixes/capture-pod.ts'
import { isCapturing } from '../../fixes/capture-writer.ts'
import type { Held, Leasable, Settings } from '../leasable.ts'
import { refOfPod } from '../lease-record.ts'
import { captureSetting, NO_CAPTURE, PACKET_CAPTURE, parseCaptureSetting } from './capture-setting.ts'

/** What captures for the lease. @throws UnseenError for a record that is none of a capture */
function wantedBy({ lease }: Pick<Held, 'lease'>): WantedCapture {
  const wanted = parseCaptureSetting(lease.lent[PACKET_CAPTURE])
  if (wanted === undefined)
    throw new UnseenError('unparsable', 'the record of the lease is damaged: it does not say how packets are captured')
  return wanted
}

/** Packets of a pod, captured by a container that is added to it or a pod beside it: none is there before, and none captures after. */
export const captures: Leasable = {
  kind: 'captures',
  async read({ clients }, held, signal): Promise<Settings> {
    const wanted = wantedBy(held)
    const isThere = await isCapturing(clients.kubernetes, held.lease.id, refOfPod(held.proxy), wanted, signal)
    return { [PACKET_CAPTURE]: isThere ? captureSetting(wanted) : NO_CAPTURE }
  },
  async set({ writer }, { permit, settings, ...held }, signal) {
    const pod = refOfPod(held.proxy)
    const wanted = wantedBy(held)
    if (settings[PACKET_CAPTURE] !== NO_CAPTURE) return writer.startCapture(permit, pod, wanted, signal)
    await writer.endCapture(permit, pod, wanted, signal)
    return undefined
  },
  refusal: (_wanted, { [PACKET_CAPTURE]: has }) =>
    has === NO_CAPTURE ? undefined : "something of the lease's name captures already",
  claimOf: () => PACKET_CAPTURE,
  podsOf: () => Promise.resolve([]),
  left: () => 'what captures was changed by somebody else',
}
