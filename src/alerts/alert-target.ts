/** The workload or host that an alert is about. */
export interface AlertTarget {
  /** As `/mesh diagnose` takes it: `catalog.shop`, `deploy/catalog.shop`, `pod/NAME`, a host or a URL. */
  text: string
  /** Only where `text` cannot name it. */
  namespace?: string
  /** Whose requests fail: `web.front`, of the callee's namespace when none is told. */
  caller?: string
  subset?: string
  /** The pod that the alert names. */
  pod?: string
  /** The rule by which it was found, 1 to 9. */
  rank: Rank
  /** By what: `destination_service="catalog.shop.svc.cluster.local"`. */
  by: string
}

/** A rule's place in the order in which labels are trusted. */
export type Rank = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8

/** A rule that gave no target. */
export interface Tried {
  rank: Rank
  /** What was looked at: `destination_*`. */
  looked: string
  /** Why it gave none. */
  why: string
}

/** What the labels tell of a symptom; empty lists when nothing. */
export interface Symptom {
  /** Envoy's response flags, sorted: `UH`. */
  flags: string[]
  /** Status codes as the labels have them: `503`, `5..`. */
  codes: string[]
}

/** A rule's answer before its rank is known. */
export type FoundBy = Omit<AlertTarget, 'rank'> | { none: string }
