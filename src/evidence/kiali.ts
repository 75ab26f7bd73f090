import type { Ref } from '../mesh/ref.ts'

/** What Kiali holds against one object. */
export interface KialiValidation {
  of: Ref
  /** `KIA1107`. */
  code: string
  severity: 'error' | 'warning' | 'unknown'
  message: string
  /** Where in the object: `spec/http[0]/route[0]/destination`. */
  path: string
}

/** Kiali's answer about the objects of one namespace. */
export interface KialiObjects {
  validations: KialiValidation[]
  /** The objects as Kiali knew them; a generation tells an older answer. */
  objects: { of: Ref; generation?: number }[]
}

/** Kiali's validations of a target's objects in one namespace. */
export interface KialiValidations {
  namespace: string
  validations: KialiValidation[]
  /** Objects that were changed after what Kiali says of them, or may have been: nothing of it counts. A clause each. */
  outdated: { of: Ref; says: string }[]
}

/** Kiali's health of an application. */
export interface KialiApp {
  app: string
  /** Healthy, Degraded, Failure, Not Ready, NA. */
  status: string
  /** Per cent of its requests; absent without any. */
  errorRatio?: number
  workloads: { name: string; available: number; desired: number }[]
}

/** Kiali's health of the applications of one namespace. */
export interface KialiHealth {
  namespace: string
  apps: KialiApp[]
}
