import {
  findTimelineProxies,
  readTimeline,
  TIMELINE_WINDOW,
  type TargetTimeline,
} from '../capabilities/find-timeline.ts'
import { watchFor } from '../capabilities/watch-timeline.ts'
import { windowAsked } from '../diagnosis/telemetry/window-asked.ts'
import { parseTarget } from '../mesh/target-query.ts'
import type { AskedRequest } from '../timeline/find-requests.ts'
import { openClients } from './clients.ts'
import { connectionFor } from './connection.ts'
import { interruptible } from './interruption.ts'
import { remark } from './output.ts'

/** Tells a request to a target from its proxies' logs; waits for one as long as `patience` says, in milliseconds. */
export async function timelineOfTarget(
  target: string,
  asked: AskedRequest,
  { namespace, context, window, patience }: { namespace?: string; context?: string; window?: string; patience: number },
): Promise<TargetTimeline> {
  const query = parseTarget(target, namespace)
  const seconds = window === undefined ? TIMELINE_WINDOW : windowAsked(window, 'mesh-medic timeline')
  const { connection, limits } = connectionFor(context)
  const controller = interruptible()
  const { signal } = controller
  const clients = openClients(connection, controller)
  const { stepTimeout, concurrency } = limits
  const proxies = await findTimelineProxies(query, clients, { signal, stepTimeout, concurrency })
  const since = new Date(clients.now().getTime() - seconds * 1000)
  return watchFor(() => readTimeline(proxies, asked, clients, { signal, since }), {
    until: Date.now() + patience,
    signal,
    waiting: (looks) => {
      if (looks === 1) remark('No such request yet; waiting for one. Ctrl-C ends it.')
    },
  })
}
