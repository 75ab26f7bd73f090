import type { Code, Finding } from '../checks/check.ts'
import type { Evidence } from '../evidence/evidence.ts'
import type { KubernetesObject } from '../mesh/objects.ts'
import type { Ref } from '../mesh/ref.ts'
import type { Target } from '../mesh/target.ts'
import { defined } from '../mesh/defined.ts'

/** Which state of an object a write was made for. */
export interface Version {
  uid: string
  resourceVersion: string
  /** Absent for kinds that have none (Namespace, Pod). */
  generation?: number
}

/**
 * Server-side apply of the fields that `manifest` holds, and of no others. Istio's lists are atomic: a manifest that changes one route holds
 * the whole `http` list.
 */
export interface ApplyWrite {
  verb: 'apply'
  ref: Ref
  apiVersion: string
  /** YAML of one object: apiVersion, kind, metadata (name, namespace, labels, annotations) and what is set. Comments are kept for people. */
  manifest: string
  /** `absent`: the object is made. */
  was: Version | 'absent'
}

/** Deletes an object. */
export interface DeleteWrite {
  verb: 'delete'
  ref: Ref
  apiVersion: string
  was: Version
}

export type Write = ApplyWrite | DeleteWrite

/** How far a change reaches when it is wrong. */
export interface Risk {
  level: 'low' | 'medium' | 'high'
  /** One sentence: what else it may touch. */
  says: string
}

/** One way to mend a finding, minimal, made from the cluster's own objects. */
export interface Proposal {
  /** Name of the fix: `add-subsets`. */
  act: string
  for: Code
  /** A few words, `Define subsets v1 and v2 of catalog`. */
  title: string
  /** One or two sentences: why this mends it, and from which objects its values come. */
  why: string
  /** One sentence: what it changes for whom. */
  effect: string
  risk: Risk
  /** One sentence: how it is taken back; also when it can't be. */
  undo: string
  /** In the order they are written; the next one only after the one before. */
  writes: [Write, ...Write[]]
  /** Tells candidates of one fix apart, a few words: `route to catalog-v2`. Absent when there is only one. */
  choice?: string
}

/** Why a finding has no fix that a program should offer: who decides what. */
export interface ForPeople {
  /** One or two sentences. */
  people: string
}

/** Proposes changes for some findings: one act, one file. Pure: reads nothing but what it is handed. */
export interface Fix {
  /** The act: `add-subsets`. Also the file's name. */
  act: string
  /** One sentence. */
  about: string
  /** Codes of the findings it can mend. */
  codes: readonly Code[]
  /** Candidates, best first; none when the evidence does not tell how. */
  propose(finding: Finding, evidence: Evidence, target: Target): Proposal[] | ForPeople
}

/** Declares a fix; only gives the literal its type. */
export const defineFix = (fix: Fix): Fix => fix

/** The version of an object that was read. @throws TypeError when it has none, as objects out of a file */
export function versionOf({ kind, metadata: { name, uid, resourceVersion, generation } }: KubernetesObject): Version {
  if (uid === undefined || resourceVersion === undefined) throw new TypeError(`${kind} ${name} has no version`)
  return { uid, resourceVersion, ...defined({ generation }) }
}
