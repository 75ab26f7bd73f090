import type { Finding } from '../checks/check.ts'
import type { BlindReason, EvidenceKind, Permission, Reading } from '../evidence/reading.ts'
import type { StepGroup } from '../evidence/step.ts'
import type { Advice, Change } from './change.ts'
import type { FollowReport } from './follow/report.ts'
import type { History } from './history.ts'
import type { LogsRead } from './logs-read.ts'
import type { KialiApp } from '../evidence/kiali.ts'
import type { Probing } from './probe/probing.ts'
import type { Ref } from '../mesh/ref.ts'
import type { Target } from '../mesh/target.ts'

export type Verdict = 'healthy' | 'ill' | 'starting' | 'not in the mesh' | 'unclear'

/** Why a target is starting, not in the mesh, or unclear, and what would change that: clauses, with values from the cluster between backticks. */
export interface VerdictReason {
  says: string
  remedy: string
}

/** A step of the plan and how it went. */
export interface PlannedStep {
  id: string
  kind: EvidenceKind
  of?: Ref
  group: StepGroup
  title: string
  /** The command a person would type. */
  command: string
  outcome: 'waiting' | 'running' | 'seen' | 'blind'
  milliseconds?: number
}

/** A check that could not look at what it needs, wholly or in part, or that failed itself. */
export interface Skipped {
  check: string
  /** What it could not look at; absent for a check that broke. */
  kind?: EvidenceKind
  of?: Ref
  /** In place of a kind: what was left out, in a few words. */
  what?: string
  /** Why it could not look; `broken`: the check itself failed, by a mistake of ours; `beyond`: it is more than is looked at, or of a kind that is not understood; `moving`: it changed while it was read; `outdated`: what was told of it may be of before its last change. */
  reason: BlindReason | 'broken' | 'beyond' | 'moving' | 'outdated'
  detail: string
  permission?: Permission
  /** True when it ran on what else was seen. */
  partly: boolean
  /** Only said: no verdict depends on it. */
  isAside?: true
}

/** Requests to the target in the access logs since the objects concerned last changed, at most 15 minutes back. */
export interface TrafficFigure {
  requests: number
  failed: number
  /** Those that got no answer before their caller gave up. */
  unanswered?: number
  /** ISO times of the first and last of them. */
  from: string
  to: string
  /** ISO time of the first that failed. */
  failingFrom?: string
  /** What the failed ones were answered, `503 NC`, most frequent first. */
  failures?: { answer: string; requests: number }[]
}

/** Requests to the target as Prometheus has them: all of the window, whatever changed meanwhile. */
export interface RateFigure {
  perSecond: number
  /** 0 to 1. */
  failedShare: number
  /** The window, in seconds. */
  seconds: number
}

/** One class of requests that concerns the target: what was foreseen for it and what was seen. */
export interface FollowedClass {
  /** Whose requests: a gateway's or a caller's pod; absent for a caller whose proxy was not read. */
  caller?: Ref
  method: string
  host: string
  path: string
  /** Requests seen since what concerns them last changed, and those of them that failed. */
  seen: number
  failed: number
  /** What those that failed were answered, most frequent first; absent when none failed. */
  answers?: { answer: string; requests: number }[]
  /** When the first of those that failed was sent, an ISO time. */
  failingFrom?: string
  /** Probes of ours among those seen. */
  probes?: number
  foreseen?: 'arrives' | 'fails' | 'unknown'
  outcome: 'arrives' | 'fails' | 'contradicted' | 'unknown'
  /** Where it fails, in a sentence. */
  says?: string
}

/** The answer to a diagnosis; the thread, the terminal and the JSON output all show this. */
export interface Report {
  target: Target
  plan: PlannedStep[]
  readings: Reading[]
  /** Most telling first. */
  findings: Finding[]
  skipped: Skipped[]
  /** Checks that ran and found nothing: what was ruled out. */
  ruledOut: { check: string; about: string }[]
  /** Absent when nothing hurts, or when no single finding explains the rest. */
  cause?: { finding: Finding; explains: Finding[] }
  /** Objects that explain what fails equally well, when no single one can be told. */
  candidates?: Finding[]
  verdict: Verdict
  /** Of *starting* and *not in the mesh*, and of *unclear* where something else than what was not read is why. */
  verdictReason?: VerdictReason
  /** Every class of requests that was followed, those that fail first. */
  requests: FollowedClass[]
  /** The requests of our own that were sent by gateways; only when they were asked for. */
  probing?: Probing
  /** The way of one request to the target, through the most telling caller whose proxy was read. */
  follow?: FollowReport
  traffic?: TrafficFigure
  /** What the access logs showed of the time that counts; absent where none was read. */
  logs?: LogsRead
  /** Only when a Prometheus is configured and has some. */
  rates?: RateFigure
  /** The same over the last hour, by both ends. */
  history?: History
  /** Kiali's health of the target's applications, or why it is not known; only when a Kiali is configured. It is told, and nothing is concluded from it. */
  kiali?: { apps: KialiApp[]; unseen?: string }
  /** Changes that would mend what hurts, those for the cause first. Empty as examined: see changes/propose.ts. */
  changes: Change[]
  /** What hurts and only people can mend. */
  advice: Advice[]
  startedAt: string
  finishedAt: string
}
