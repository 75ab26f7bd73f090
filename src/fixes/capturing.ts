import type { Running } from '../evidence/clients/exec.ts'
import type { Ref } from '../mesh/ref.ts'
import type { WantedCapture } from './capture-pod.ts'
import type { LeasePermit } from './permit.ts'

/** What packets are captured with: numbers and tcpdump's arguments, made by planCapture. */
export interface CaptureOrder {
  seconds: number
  bytes: number
  tcpdump: readonly string[]
}

/** The part of the writer that captures packets: it adds one form of container to a pod, or makes one form of pod, and starts one program in it. */
export interface CaptureWriter {
  /**
   * Whether the API server would take it (server-side dry run): its own words where it would not, undefined where it would.
   * @throws UnseenError when that is not known
   */
  refusesCapture(lease: string, pod: Ref, wanted: WantedCapture, signal: AbortSignal): Promise<string | undefined>
  /**
   * Makes what packets are captured in, and waits until it runs. Doing it again does nothing.
   * @returns UID of the pod that was made; undefined for a container, which stays in the pod's specification for good
   * @throws UnseenError; then it may be there
   */
  startCapture(permit: LeasePermit, pod: Ref, wanted: WantedCapture, signal: AbortSignal): Promise<string | undefined>
  /** Captures; `output` is pcap. @throws UnseenError */
  capturePackets(
    permit: LeasePermit,
    pod: Ref,
    wanted: WantedCapture,
    order: CaptureOrder,
    signal: AbortSignal,
  ): Promise<Running>
  /** Ends what captures, and deletes the pod that was made for it. @throws UnseenError while it may still run */
  endCapture(permit: LeasePermit, pod: Ref, wanted: WantedCapture, signal: AbortSignal): Promise<void>
}
