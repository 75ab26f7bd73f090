import { randomBytes } from 'node:crypto'
import { UserError } from '../mesh/user-error.ts'
import { EXIT } from './exit-codes.ts'
import { Interruption } from './interruption.ts'
import { remark } from './output.ts'

/** Codes of errors that tell whoever runs this what to configure instead. */
const CONFIGURATION_CODES: readonly unknown[] = ['cluster-configuration', 'unknown-context', 'configuration']

/** Codes of what gives no answer: whoever runs this has typed nothing wrong. */
const UNREACHABLE: readonly unknown[] = ['cluster-unreachable', 'prometheus-unreachable']

/** Says on standard error why a command failed, and answers its exit code. What is nobody's mistake but ours is logged with a run id. */
export async function explainFailure(error: unknown): Promise<number> {
  if (error instanceof Interruption) {
    remark(error.message)
    return error.exitCode
  }
  if (error instanceof UserError) {
    remark([error.why, ...error.remedies].join('\n'))
    return UNREACHABLE.includes(error.code) ? EXIT.broken : EXIT.usage
  }
  if (error instanceof Error && 'code' in error && CONFIGURATION_CODES.includes(error.code)) {
    remark(error.message)
    return error.code === 'cluster-configuration' ? EXIT.broken : EXIT.usage
  }
  const run = newRun()
  const { createLog } = await import('../log.ts')
  createLog().child({ run }).error({ err: error }, 'command failed')
  remark(`mesh-medic failed, run ${run}: ${error instanceof Error ? error.message : String(error)}`)
  return EXIT.broken
}

/** A check that threw during a diagnosis, with what it threw. */
export interface BrokenCheck {
  check: string
  error: unknown
}

/** Logs checks that failed while the others went on, and says so on standard error. */
export async function explainBroken(broken: readonly BrokenCheck[]): Promise<void> {
  const run = newRun()
  const { createLog } = await import('../log.ts')
  const log = createLog().child({ run })
  for (const { check, error } of broken) log.error({ err: error, check }, 'a check failed and was left out')
  remark(`run ${run}: not run because of an internal error: ${broken.map(({ check }) => check).join(', ')}`)
}

const newRun = (): string => randomBytes(4).toString('hex')
