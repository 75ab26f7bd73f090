import type { FollowReport, Hop } from '../follow/report.ts'
import type { Trace } from '../follow/trace.ts'
import type { RequestClass } from './classes.ts'
import type { ProbedClass } from './probed-class.ts'
import type { Present } from './present.ts'
import { type GonePort } from './gone-port.ts'

/** The way of a class through the live configuration of its own caller, and what is foreseen for it. */
export interface Way {
  trace: Trace
  report: FollowReport
  /** `unknown`: what happens depends on what is not known of the request, or on a piece that could not be seen. */
  foreseen: 'arrives' | 'fails' | 'unknown'
  /** The hops at which it fails for certain. */
  failing: Hop[]
}

/** A class of requests with its way and what was observed of it. */
export interface Followed {
  requests: RequestClass
  /** Absent when its caller's proxy was not read. */
  way?: Way
  present: Present
  /**
   * - `fails`: it was seen to fail and goes on, or is foreseen to fail and was not seen to be answered
   * - `contradicted`: it is foreseen to fail and is answered all the same
   */
  outcome: 'arrives' | 'fails' | 'contradicted' | 'unknown'
  standing: 'observed' | 'live'
  /** Probes of ours among its requests. */
  probes?: number
  /** The port of the Service that its client asked for, and that is gone. */
  gone?: GonePort
  /** True when a probe failed and no log shows how. */
  isDoubtful?: boolean
}

export interface FollowOptions {
  context?: string | undefined
  at: string
  /** What probes tell, by the keys of their classes. */
  probed?: ReadonlyMap<string, ProbedClass> | undefined
}
