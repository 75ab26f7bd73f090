import { setTimeout as pause } from 'node:timers/promises'
import { z } from 'zod'
import type { Clients } from '../evidence/clients/clients.ts'
import { defined } from '../mesh/defined.ts'
import { parseTarget } from '../mesh/target-query.ts'
import { refOfPod, readLease } from '../leases/lease-record.ts'
import { packetsOf } from '../report/timeline-packets.ts'
import { timelineHeadline } from '../report/timeline-text.ts'
import { defineCapability } from './capability.ts'
import { answersLately } from './captures-lately.ts'
import {
  findTimelineProxies,
  readTimeline,
  TIMELINE_WINDOW,
  type TargetTimeline,
  type TimelineProxies,
} from './find-timeline.ts'
import { raisedProxies, runningLease, watchFor } from './watch-timeline.ts'

const TimelineRequest = z.object({
  kind: z.literal('timeline'),
  text: z.string(),
  namespace: z.string().optional(),
  requestId: z.string().optional(),
  status: z.number().int().optional(),
  path: z.string().optional(),
  /** Seconds that are looked back at. */
  window: z.number().int().positive().optional(),
  /** The lease that was asked about: its proxies are read, since it began. */
  lease: z.string().optional(),
})

const TimelineAnswer = z.object({
  kind: z.literal('timeline'),
  found: z.custom<TargetTimeline>((value) => typeof value === 'object' && value !== null && 'timeline' in value),
})
export type TimelineAnswer = z.infer<typeof TimelineAnswer>

/** Proxies of other workloads whose logs are read. */
const MOST_BESIDE = 4

/** Milliseconds before a look that are read again: a story has a beginning. */
const OVERLAP = 60_000

/** Milliseconds after a request in which its entry may not be in the access log yet: Istio's proxies write it once a second. */
const FLUSHED = 3500

/** The same request once more, where it ended just now and a proxy has not logged it yet. */
async function withAccessLogs(
  found: TargetTimeline,
  { proxies, clients, since, signal }: { proxies: TimelineProxies; clients: Clients; since: Date; signal: AbortSignal },
): Promise<TargetTimeline> {
  const { legs } = found.timeline
  const ended = Math.max(...legs.map(({ endedAt }) => endedAt / 1000))
  const requestId = legs[0]?.request.id
  const age = clients.now().getTime() - ended
  if (requestId === undefined || age > FLUSHED || legs.every(({ accesses }) => accesses > 0)) return found
  await pause(FLUSHED - Math.max(0, age), undefined, { signal })
  const again = await readTimeline(proxies, { requestId }, clients, { signal, since })
  const { matching } = found.timeline
  return { ...again, timeline: { ...again.timeline, ...defined({ matching }) } }
}

/** What happened to one request to a target, from its proxies' logs; while their levels are raised it waits for one. */
export const timeline = defineCapability({
  kind: 'timeline',
  request: TimelineRequest,
  answer: TimelineAnswer,
  role: 'viewer',
  audit: {
    asked: 'diagnosis-asked',
    facts: ({ requestId, status, path, lease }) => defined({ requestId, status, path, lease }),
  },
  async work(
    { clients, records, stepTimeout, concurrency },
    { request, channel, thread: ofThread },
    thread,
    signal,
  ): Promise<TimelineAnswer> {
    const { text, namespace, requestId, status, path, window } = request
    const asked = defined({ requestId, status, path })
    const named = request.lease === undefined ? undefined : await readLease(records, request.lease)
    // Whoever's levels are raised may have called it: what is not about the target is left out.
    const raised = named === undefined ? await raisedProxies(records, Date.now()) : named.proxies.map(refOfPod)
    const beside = raised.slice(0, MOST_BESIDE)
    const proxies = await findTimelineProxies(parseTarget(text, namespace), clients, {
      signal,
      stepTimeout,
      concurrency,
      beside,
    })
    const pods = proxies.proxies.map(({ pod }) => pod)
    const lease = named?.state === 'raised' ? named : await runningLease(records, pods, Date.now())
    const begun =
      named !== undefined && window === undefined
        ? new Date(named.from)
        : new Date(clients.now().getTime() - (window ?? TIMELINE_WINDOW) * 1000)
    let since = begun
    const found = await watchFor(
      async () => {
        const at = clients.now().getTime()
        const read = await readTimeline(proxies, asked, clients, {
          signal,
          since,
          progress: (steps) => thread.progress({ target: proxies.target, steps }),
        }).catch((error: unknown) => {
          since = new Date(Math.max(begun.getTime(), at - OVERLAP))
          throw error
        })
        return read
      },
      {
        until: lease === undefined ? 0 : Date.parse(lease.until),
        signal,
        waiting: (looks) =>
          thread.progress({
            target: proxies.target,
            steps: [
              {
                id: 'timeline waits',
                kind: 'access-log',
                group: 'traffic',
                title: `no such request yet after ${looks} ${looks === 1 ? 'look' : 'looks'}; watching until ${lease?.until.slice(11, 19) ?? ''} UTC`,
                command: '',
                outcome: 'running',
              },
            ],
          }),
      },
    )
    const told = await withAccessLogs(found, { proxies, clients, since: begun, signal })
    const captures = await answersLately(
      records,
      { channel, ...defined({ thread: ofThread }) },
      clients.now().getTime(),
    )
    const packets = packetsOf(
      told.timeline,
      captures.map(({ pod, report }) => ({ name: `the capture of ${pod}`, streams: report.streams })),
    )
    return { kind: 'timeline', found: { ...told, notes: [...packets, ...told.notes] } }
  },
  outcome: ({ found }) => ({ verdict: 'shown', sentence: timelineHeadline(found.timeline) }),
})
