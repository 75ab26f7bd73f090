import type { ProbeRequest } from '../../mesh/probe.ts'
import type { Ref } from '../../mesh/ref.ts'

/** Requests that one diagnosis sends, at most: one for a class, and one more for a class whose first one failed against what is configured. */
export const MOST_PROBED_CLASSES = 4
export const MOST_PROBES = 2 * MOST_PROBED_CLASSES

/** A class of requests that no probe is sent for, and why. */
export interface NotProbed {
  method: string
  host: string
  path: string
  /** A sentence without its full stop. */
  why: string
}

/** What is about to be sent. */
export interface PlannedProbes {
  send: readonly ProbeRequest[]
  left: readonly NotProbed[]
}

/** A probe and what became of it. */
export interface SentProbe extends ProbeRequest {
  /** The command that sends the same by hand. */
  command: string
  /** The status that came back. */
  code?: number
  /** The gateway and the pods in whose access logs it was found. */
  logged: Ref[]
  /** True when it counts as a request that was observed. */
  counts: boolean
  /** What became of it and, when it does not count, why: a sentence without its full stop. */
  says: string
}

/** The probes of a diagnosis. */
export interface Probing {
  sent: SentProbe[]
  left: NotProbed[]
}
