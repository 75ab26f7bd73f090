import { begun } from '../evidence/clients/begun.ts'
import { CONCURRENCY, STEP_TIMEOUT } from '../evidence/gather.ts'
import { STATUS } from '../evidence/collectors/proxy-status.ts'
import { parseTarget, type TargetQuery } from '../mesh/target-query.ts'
import { windowAsked } from '../diagnosis/telemetry/window-asked.ts'
import { connectionFor } from './connection.ts'
import { openClients } from './clients.ts'
import type { DiagnoseOptions } from './diagnose-and-tell.ts'
import { interruptible } from './interruption.ts'

/** `mesh-medic diagnose`: the report on standard output; answers the exit code of its verdict. */
export async function diagnose(target: string, options: DiagnoseOptions): Promise<number> {
  const query = queryOf(target, options)
  if (options.replay !== undefined) return replayed(query, options.replay, options)
  const { connection, limits, links } = connectionFor(options.context)
  const controller = interruptible()
  const clients = openClients(connection, controller)
  // What judges takes longer to load than all that has been loaded by now; meanwhile istioctl, which every diagnosis waits for, is on its way.
  const istioctl = begun(clients.istioctl, STATUS, controller.signal)
  const { diagnoseAndTell } = await import('./diagnose-and-tell.ts')
  const telling = { ...options, links }
  const looking = { ...clients, istioctl }
  if (options.record === undefined) return diagnoseAndTell(query, looking, limits, controller.signal, telling)
  const { askedToDiagnose, recorded } = await import('./recordings.ts')
  return recorded(options.record, looking, askedToDiagnose(query, options.namespace), (recording) =>
    diagnoseAndTell(query, recording, limits, controller.signal, telling),
  )
}

/** What is asked, with how far back requests count. @throws UserError */
function queryOf(target: string, { namespace, window }: DiagnoseOptions): TargetQuery {
  const query = parseTarget(target, namespace)
  return window === undefined ? query : { ...query, window: windowAsked(window, 'mesh-medic diagnose') * 1000 }
}

/** The same of a recording: no configuration is read and no cluster is asked. */
async function replayed(query: TargetQuery, path: string, options: DiagnoseOptions): Promise<number> {
  const [{ diagnoseAndTell }, { askedToDiagnose, replayedClients }] = await Promise.all([
    import('./diagnose-and-tell.ts'),
    import('./recordings.ts'),
  ])
  const clients = replayedClients(path, askedToDiagnose(query, options.namespace))
  const limits = { stepTimeout: STEP_TIMEOUT, concurrency: CONCURRENCY }
  return diagnoseAndTell(query, clients, limits, interruptible().signal, options)
}
