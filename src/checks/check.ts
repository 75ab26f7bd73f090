import type { Evidence } from '../evidence/evidence.ts'
import type { EvidenceKind, Seen } from '../evidence/reading.ts'
import type { Ref } from '../mesh/ref.ts'
import type { Target } from '../mesh/target.ts'
import { defined } from '../mesh/defined.ts'
import { oneLine } from '../mesh/visible.ts'

/** A permanent code; its first two digits say the field: 01 routing, 02 sync, 03 endpoints, 04 traffic, 05 security, 06 gateway, 07 workload, 09 control plane. */
export type Code = `MESH${number}`
/** `error`: requests to the target fail because of it; `warning`: some may, or soon; `info`: worth knowing. */
export type Severity = 'error' | 'warning' | 'info'
/** How a finding is known: from objects or analyzers only, from the proxies' own configuration too, or from traffic. */
export type Standing = 'configured' | 'live' | 'observed'
/** Facts that fill a problem's texts. */
export type Args = Readonly<Record<string, string | number | readonly string[]>>

/** Why a finding is believed: which reading, what it says, and the piece of it that says so. */
export interface Proof {
  kind: EvidenceKind
  of?: Ref
  /** The command that shows the same by hand. */
  source: string
  at: string
  says: string
  /** An excerpt of what was read, at most a screenful. */
  quote?: string
}

/** A kind of trouble. Texts hold `{name}` for an argument and `{subject}` for the object. */
export interface Problem {
  severity: Severity
  /** Three to six words. */
  title: string
  /** One sentence: what is wrong. */
  says: string
  /** One sentence: what would mend it. */
  remedy: string
  /** Analyzer messages this problem covers, so that they are not said twice: a code, or a code and words of the message (`IST0101 host+subset`). */
  covers?: readonly string[]
  /** Kiali's codes that say the same of the same object: `KIA1107`. */
  kiali?: readonly string[]
  /** Codes of findings this problem can be the reason for. */
  explains?: readonly Code[]
  /** True for a problem that is always the effect of another: it is shown, but is no cause. */
  symptom?: true
  /**
   * What of the traffic it counts, so that it is over once every class of requests arrives: `failures`, and it names nothing that makes them;
   * `refusals`, and it names who refuses.
   */
  counts?: 'failures' | 'refusals'
}

/** What a check found. `subject` is the object a person would change. */
export interface Finding {
  code: Code
  /** Name of the check. */
  check: string
  severity: Severity
  standing: Standing
  subject: Ref
  /** All objects with the very same fault, when there are several; `subject` is the first. */
  subjects?: Ref[]
  args: Args
  because: [Proof, ...Proof[]]
  /** Hosts and pods it concerns: findings that share one may explain each other. */
  scope: string[]
}

/** A finding as a check returns it; check name and severity come from the check's own table. */
export type Found = Omit<Finding, 'check' | 'severity' | 'scope'> & { scope?: string[] }

/** Judges one symptom. Pure: reads nothing but the evidence. */
export interface Check {
  name: string
  /** One sentence: what it looks for. Shown when it is ruled out. */
  about: string
  /** Without any of these it does not run. */
  needs: readonly EvidenceKind[]
  /** Raises or contradicts a finding when it was seen; when it could not be, that is said. */
  confirms?: readonly EvidenceKind[]
  /** What it needs is read only where something is configured: elsewhere it rules nothing out. */
  optional?: true
  /** Its findings come from following requests, not from a run of its own. */
  followed?: true
  problems: Readonly<Record<Code, Problem>>
  run(evidence: Evidence, target: Target): Found[]
}

/** Declares a check; only gives the literal its type. */
export const defineCheck = (check: Check): Check => check

/** The highest standing that proofs carry: traffic over the proxies' configuration over objects. */
export function standingOf({ live, observed = [] }: { live: readonly Proof[]; observed?: readonly Proof[] }): Standing {
  return observed.length > 0 ? 'observed' : live.length > 0 ? 'live' : 'configured'
}

/** A proof out of a reading. */
export function proof(reading: Pick<Seen, 'kind' | 'of' | 'source' | 'at'>, says: string, quote?: string): Proof {
  const { kind, of, source, at } = reading
  return { kind, ...defined({ of }), source, at, says, ...defined({ quote }) }
}

/** Arguments that are clauses of our own, with values from the cluster between backticks. */
const SENTENCES: ReadonlySet<string> = new Set(['clause', 'correction'])
/** A clause of our own with each of its values marked. */
export const markedWithin = (clause: string, mark: (value: string) => string): string =>
  clause.replace(/`([^`]*)`/g, (_, value: string) => mark(value))

/**
 * Fills a problem's text: lists are joined with commas; every value but a number is marked, for it is somebody else's text.
 * `{subsets?subset:subsets}` is the first word for a list of one, the second for more.
 */
export function fill(
  template: string,
  subject: string | readonly string[],
  args: Args,
  mark: (value: string) => string = (value) => value,
): string {
  const marked = (value: string | number): string => (typeof value === 'number' ? String(value) : mark(oneLine(value)))
  return template.replace(/\{(\w+)(?:\?([^:{}]*):([^{}]*))?\}/g, (whole, name: string, one?: string, more?: string) => {
    const value: string | number | readonly string[] | undefined = name === 'subject' ? subject : args[name]
    if (value === undefined) return whole
    if (one !== undefined && more !== undefined) return Array.isArray(value) && value.length > 1 ? more : one
    if (typeof value === 'string' && SENTENCES.has(name)) return markedWithin(oneLine(value), mark)
    return Array.isArray(value)
      ? value.map((item: string) => marked(item)).join(', ')
      : marked(value as string | number)
  })
}
