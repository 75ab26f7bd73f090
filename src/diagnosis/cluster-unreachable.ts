import type { Reading } from '../evidence/reading.ts'
import { UserError } from '../mesh/user-error.ts'

/** Words of the client when no answer came at all, of whatever kind. */
const NO_ANSWER = /could not be reached|did not answer in time/

/** The API server gave no answer to any look: there is nothing to diagnose from. */
export class ClusterUnreachableError extends UserError {
  override readonly name = 'ClusterUnreachableError'
  constructor(detail: string) {
    super(
      {
        why: `No answer from the cluster: ${detail}.`,
        remedies: ['Set KUBECONFIG, or name a context (--context), for a cluster that this machine reaches.'],
      },
      { code: 'cluster-unreachable' },
    )
  }
}

/** @throws {ClusterUnreachableError} when of several looks at objects, of so many at least, not one was answered */
export function requireAnswer(readings: readonly Reading[], fewest = 3): void {
  const objects = readings.filter(({ source }) => source.startsWith('kubectl get '))
  const [first] = objects
  if (first === undefined || first.ok || objects.length < fewest) return
  if (objects.every((reading) => !reading.ok && NO_ANSWER.test(reading.detail)))
    throw new ClusterUnreachableError(first.detail)
}
