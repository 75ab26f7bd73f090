import { changesOf } from '../fixes/propose.ts'
import { examine } from '../diagnosis/examine.ts'
import { parseTarget } from '../mesh/target-query.ts'
import { carryOut } from './carry-out.ts'
import { withoutValues } from './kept-answer.ts'
import type { Processor, ProcessorDeps } from './processor.ts'
import type { RunProgress } from './run-thread.ts'
import { shownBySteps } from '../report/what-it-showed.ts'

/** Diagnoses a run's target and tells the thread. */
export function diagnose(deps: ProcessorDeps): Processor {
  return carryOut(deps, async (run, thread, signal) => {
    const told: RunProgress = { steps: [] }
    const examined = await examine(parseTarget(run.request.text, run.request.namespace), deps.clients, deps.checks, {
      signal,
      onBroken: (check, error) => deps.log.error({ err: error, run: run.id, check }, 'a check failed and was left out'),
      stepTimeout: deps.stepTimeout,
      concurrency: deps.concurrency,
      progress: {
        steps(steps) {
          told.steps = steps
          thread.progress(told)
        },
        target(target) {
          told.target = target
          thread.progress(told)
        },
      },
    })
    const report = { ...examined, ...changesOf(examined) }
    return { kind: 'diagnose', report: withoutValues(report), shown: shownBySteps(report) }
  })
}
