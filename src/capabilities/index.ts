import type { RunJob } from '../queue/queue.ts'
import type { WorkerRequest } from '../queue/worker.ts'
import { readRun } from '../store/runs.ts'
import { giveUp } from './carry-out.ts'
import { abandonChange, decide } from './decide.ts'
import { diagnose } from './diagnose.ts'
import { doctor, type DoctorDeps } from './doctor.ts'
import { follow } from './follow.ts'
import { lend } from './lend.ts'
import { logLevels } from './log-levels.ts'
import type { ChangeDeps, Processor } from './processor.ts'
import { propose } from './propose.ts'
import { status, type LookAtMesh } from './status.ts'

export type ProcessorsDeps = DoctorDeps & ChangeDeps & { meshStatus: LookAtMesh }

/** What a worker does with each kind of job, and with one that has no attempts left. */
export function processors(deps: ProcessorsDeps): Required<Pick<WorkerRequest, 'process' | 'gaveUp'>> {
  const byKind: Readonly<Record<RunJob['kind'], Processor>> = {
    decide: decide(deps),
    diagnose: diagnose(deps),
    doctor: doctor(deps),
    follow: follow(deps),
    lend: lend(deps),
    'log-levels': logLevels(deps),
    propose: propose(deps),
    status: status(deps),
  }
  return {
    process: (job, signal) => byKind[job.kind](job, signal),
    async gaveUp(job, error) {
      const run = await readRun(deps.records, job.run)
      if (run?.request.kind === 'decide') return abandonChange(deps, run, error)
      if (run !== undefined) {
        await deps
          .openThread(run)
          .failed()
          .catch((err: unknown) => deps.log.error({ err, run: job.run }, 'a failed run could not be told'))
      }
      await giveUp(deps, job.run, error)
    },
  }
}
