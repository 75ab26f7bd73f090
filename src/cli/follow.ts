import { followText } from '../report/follow-text.ts'
import { parseFollow } from '../diagnosis/follow/question.ts'
import type { FollowReport } from '../diagnosis/follow/report.ts'
import { follow as followRequest } from '../diagnosis/follow.ts'
import { openClients } from './clients.ts'
import { connectionFor } from './connection.ts'
import { EXIT } from './exit-codes.ts'
import { interruptible } from './interruption.ts'
import { answer } from './output.ts'

export interface FollowOptions {
  namespace?: string
  from?: string
  method?: string
  header?: string[]
  context?: string
  output: 'text' | 'json'
}

const EXIT_CODES: Readonly<Record<FollowReport['outcome'], number>> = {
  arrives: EXIT.healthy,
  dies: EXIT.ill,
  unclear: EXIT.unclear,
}

/** `mesh-medic follow`: the way of one request on standard output; answers 0 when it arrives, 2 when it dies, 3 when that is unclear. */
export async function follow(
  host: string,
  { namespace, from, method, header, context, output }: FollowOptions,
): Promise<number> {
  const question = parseFollow(host, { namespace, from, method, headers: header })
  const { connection, limits } = connectionFor(context)
  const controller = interruptible()
  const report = await followRequest(question, openClients(connection, controller), {
    signal: controller.signal,
    stepTimeout: limits.stepTimeout,
    concurrency: limits.concurrency,
  })
  await answer(output === 'json' ? `${JSON.stringify(report, null, 2)}\n` : followText(report))
  return EXIT_CODES[report.outcome]
}
