import { followText } from '../report/follow-text.ts'
import { parseFollow } from '../diagnosis/follow/question.ts'
import type { FollowReport } from '../diagnosis/follow/report.ts'
import { follow as followRequest } from '../diagnosis/follow.ts'
import type { Clients } from '../evidence/clients/clients.ts'
import { CONCURRENCY, STEP_TIMEOUT } from '../evidence/gather.ts'
import { openClients } from './clients.ts'
import { connectionFor, type Settings } from './connection.ts'
import { EXIT } from './exit-codes.ts'
import { interruptible } from './interruption.ts'
import { answer } from './output.ts'
import { askedToFollow, recorded, replayedClients, type RecordingOptions } from './recordings.ts'

export interface FollowOptions extends RecordingOptions {
  namespace?: string
  from?: string
  method?: string
  header?: string[]
  context?: string
  output: 'text' | 'json'
}

type Limits = Pick<Settings['limits'], 'stepTimeout' | 'concurrency'>

const EXIT_CODES: Readonly<Record<FollowReport['outcome'], number>> = {
  arrives: EXIT.healthy,
  dies: EXIT.ill,
  unclear: EXIT.unclear,
}

/** `mesh-medic follow`: the way of one request on standard output; answers 0 when it arrives, 2 when it dies, 3 when that is unclear. */
export async function follow(
  host: string,
  { namespace, from, method, header, context, output, record, replay }: FollowOptions,
): Promise<number> {
  const question = parseFollow(host, { namespace, from, method, headers: header })
  const asked = askedToFollow(question, from)
  const controller = interruptible()
  const inLimits = async (clients: Clients, limits: Limits): Promise<FollowReport> =>
    followRequest(question, clients, {
      signal: controller.signal,
      stepTimeout: limits.stepTimeout,
      concurrency: limits.concurrency,
    })
  const live = async (): Promise<FollowReport> => {
    const { connection, limits } = connectionFor(context)
    const clients = openClients(connection, controller)
    return record === undefined
      ? inLimits(clients, limits)
      : recorded(record, clients, asked, (recording) => inLimits(recording, limits))
  }
  const report = await (replay === undefined
    ? live()
    : inLimits(replayedClients(replay, asked), { stepTimeout: STEP_TIMEOUT, concurrency: CONCURRENCY }))
  await answer(output === 'json' ? `${JSON.stringify(report, null, 2)}\n` : followText(report))
  return EXIT_CODES[report.outcome]
}
