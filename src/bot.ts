import type { App } from '@slack/bolt'
import type { AddressInfo } from 'node:net'
import { keepLeases, type LeaseKeeping } from './leases/keep-leases.ts'
import { ASK_ONLY, type Policy } from './fixes/policy.ts'
import { READ_ONLY } from './fixes/read-only.ts'
import { testIdentities } from './fixes/test-identities.ts'
import { testAccessLogRights } from './leases/access-logs/test-rights.ts'
import type { ClusterWriter } from './fixes/writer.ts'
import type { Check } from './checks/check.ts'
import { CHECKS } from './checks/index.ts'
import { meshStatus } from './diagnosis/mesh-status.ts'
import { testCluster } from './diagnosis/self-test.ts'
import type { Clients } from './evidence/clients/clients.ts'
import type { Backend } from './queue/backend.ts'
import type { Log } from './queue/log.ts'
import { auditTrail, type AuditTrail } from './capabilities/audit-trail.ts'
import { AuditHeadPublisher, type AuditHeadOptions } from './capabilities/publish-audit-head.ts'
import { processors } from './capabilities/processors.ts'
import { WorkSlots } from './capabilities/work-slots.ts'
import { sweepChanges } from './capabilities/sweep-changes.ts'
import { sweepRuns } from './capabilities/sweep.ts'
import { noteOpenRuns } from './store/runs.ts'
import type { RunRecord } from './store/runs.ts'
import type { JobWorker, WorkerRequest } from './queue/worker.ts'
import { slackApp, type SlackAppOptions } from './slack/app.ts'
import { SlackCalls } from './slack/transport/calls.ts'
import { SlackChangeBoard } from './slack/thread/change-board.ts'
import type { SlackDeps } from './slack/deps.ts'
import { CommandLimit, type CommandLimits } from './slack/access/command-limit.ts'
import { requireMembers } from './slack/access/require-member.ts'
import { MeshDirectory } from './slack/access/mesh-directory.ts'
import { StartBarrier } from './slack/transport/start-barrier.ts'
import { testSlack } from './slack/transport/test-slack.ts'
import { userGroups } from './slack/transport/user-groups.ts'
import { SlackThread } from './slack/thread/thread.ts'
import { AlertDesk, type AlertDeskOptions } from './slack/incidents/alert-desk.ts'
import { alertWebhooks } from './webhooks/alert-webhooks.ts'
import type { Route } from './webhooks/http-server.ts'
import type { WebhookSecrets } from './webhooks/authenticate.ts'
import { defined } from './mesh/defined.ts'
import type { LinkTemplate } from './report/links.ts'

/** How a bot talks to Slack and how much it does at once. */
export interface BotOptions extends SlackAppOptions {
  /** HTTP mode's port; 0 takes a free one. Default 3000. */
  port?: number
  /** Base of the pages that findings link to: `https://…/docs/findings`. */
  docsUrl?: string
  /** Other tools that reports link to. */
  links?: readonly LinkTemplate[]
  /** Jobs at the same time in this process; 0 when other processes work. Default 4. */
  jobs?: number
  /** Milliseconds within which whoever typed something sees that it was heard. */
  heardWithin?: number
  /** Milliseconds after which another process goes on with a request whose process has ended. Default 10 000. */
  holdRequests?: number
  /** Milliseconds between two messages that are posted in one channel. */
  postEvery?: number
  /** Milliseconds between two updates of a run's message. */
  updateEvery?: number
  /** Milliseconds between looks at whether a run is to be cancelled. */
  cancelPoll?: number
  /** Milliseconds a step of a diagnosis may take. */
  stepTimeout?: number
  /** Looks at the mesh at the same time, in one diagnosis. */
  concurrency?: number
  /** Milliseconds before each further try of a call to Slack whose answer was lost. */
  pauses?: readonly number[]
  /** Milliseconds that a post of a worker that was thought dead may take yet. */
  underWay?: number
  /** How the head of the audit is signed and published. */
  auditHead?: AuditHeadOptions
  /** Alerts that come in, and who takes them. Absent: none are taken. */
  alerts?: AlertDeskOptions & { secrets: WebhookSecrets; mostBytes?: number; alertmanager?: string }
  /** Commands that a person, and all in a channel, may send within a minute. Absent: as many as they like. */
  commandLimits?: CommandLimits
  /** For tests. */
  stall?: WorkerRequest['stall']
}

/** What a bot is made of; `checks` are all of them unless told otherwise. */
export interface BotRequest {
  backend: Backend
  clients: Clients
  options: BotOptions
  log: Log
  checks?: readonly Check[]
  /** Who may do what; absent: everybody may ask, nobody may change anything. */
  policy?: Policy
  /** The hand on the cluster; absent: nothing can be changed. */
  writer?: ClusterWriter
}

/** The bot, connected to Slack and working. */
export interface Bot {
  app: App
  /** Port of HTTP mode; undefined in Socket Mode. */
  port: number | undefined
  /** Answers requests to the webhooks for alerts; absent where none are taken. */
  alerts: Route | undefined
  /** Rejects unless Slack, the store and the queue answer. For readiness. */
  ready(): Promise<void>
  /** Takes nothing new, lets the current runs end within the grace, and disconnects. The backend stays open. */
  stop(options?: { graceMilliseconds?: number }): Promise<void>
}

/** Runs that are begun or told for each that is worked on. */
const TOLD_AT_ONCE = 4
/** Milliseconds between two looks for runs and changes that nobody works on. */
const SWEEP_EVERY = 15_000

/**
 * Joins the rooms: connects to Slack, takes what is asked there, works on it, and keeps leases, changes and runs up to their records.
 * @throws Slack's own error when the tokens do not work, StoreUnavailableError
 */
export async function startBot(request: BotRequest): Promise<Bot> {
  const { backend, clients, options, log, checks = CHECKS, policy = ASK_ONLY, writer = READ_ONLY } = request
  const { records, queue } = backend
  const slack = new SlackCalls({
    token: options.botToken,
    log,
    ...defined({ apiUrl: options.apiUrl, pauses: options.pauses, postEvery: options.postEvery }),
  })
  const who = await slack.patiently('auth.test', (client) => client.auth.test())
  const audit = auditTrail(records, log)
  const members = userGroups(slack, { log })
  const telling = { checks, ...defined({ docsUrl: options.docsUrl, links: options.links }) }
  let desk: AlertDesk | undefined
  let leases: LeaseKeeping | undefined
  const deps: SlackDeps = {
    records,
    queue,
    slack,
    audit,
    log,
    clients,
    writer,
    policy,
    members,
    telling,
    requireMember: requireMembers({ slack, log, access: policy.access }, who.team_id),
    startBarrier: new StartBarrier(),
    commandLimit: new CommandLimit(records, log, options.commandLimits),
    directory: new MeshDirectory(clients),
    board: new SlackChangeBoard({ records, slack, log, policy, members, telling, team: who.team_id }),
    incidentChanged: (subject) => desk?.changed(subject),
    leaseEnded: () => leases?.soon(),
    ...defined({
      alertmanager: options.alerts?.alertmanager,
      updateEvery: options.updateEvery,
      underWay: options.underWay,
      heardWithin: options.heardWithin,
      holdRequests: options.holdRequests,
    }),
  }
  const app = slackApp(options, { botId: who.bot_id ?? '', botUserId: who.user_id ?? '' }, deps)
  const server: unknown = await app.start(...(options.appToken === undefined ? [options.port ?? 3000] : []))
  const head = new AuditHeadPublisher(records, log, options.auditHead)
  if (options.alerts !== undefined) desk = new AlertDesk(deps, options.alerts)
  try {
    const working = await startWorking(request, deps, audit)
    leases = working.leases
    head.start()
    desk?.start()
    return {
      app,
      port: portOf(server),
      alerts:
        desk === undefined || options.alerts === undefined ? undefined : webhooksOf(request, desk, options.alerts),
      async ready() {
        await backend.ping()
        await slack.client.auth.test()
      },
      async stop({ graceMilliseconds = 10_000 } = {}) {
        await app.stop()
        await desk?.stop()
        await working.stop(graceMilliseconds)
        await head.stop()
      },
    }
  } catch (error) {
    await app.stop()
    throw error
  }
}

const webhooksOf = (
  { backend: { records }, log }: BotRequest,
  desk: AlertDesk,
  { secrets, mostBytes }: NonNullable<BotOptions['alerts']>,
): Route =>
  alertWebhooks({
    records,
    log,
    secrets,
    hold: desk.hold,
    stored: (id, notification) => desk.stored(id, notification),
    ...defined({ mostBytes }),
  })

/** Opens the worker, unless other processes work, and looks now and then for runs that nobody works on. */
async function startWorking(
  { backend, clients, options, log }: BotRequest,
  deps: SlackDeps,
  audit: AuditTrail,
): Promise<{ leases: LeaseKeeping; stop(graceMilliseconds: number): Promise<void> }> {
  const {
    records,
    queue,
    slack,
    policy,
    writer,
    board,
    telling: { checks },
  } = deps
  const openThread = (run: RunRecord): SlackThread => new SlackThread(deps, run)
  const jobs = options.jobs ?? 4
  const work = processors({
    slots: new WorkSlots(jobs),
    records,
    clients,
    checks,
    openThread,
    audit,
    log,
    policy,
    writer,
    board,
    queue,
    meshStatus,
    testCluster,
    selfTests: [
      () => testSlack(slack),
      (signal) => testIdentities(policy, clients, signal),
      (signal) => testAccessLogRights(clients, signal),
    ],
    store: { kind: backend.kind, ping: () => backend.ping() },
    ...defined({ ownerLabels: options.alerts?.routing.ownerLabels }),
    ...defined({ cancelPoll: options.cancelPoll, stepTimeout: options.stepTimeout, concurrency: options.concurrency }),
  })
  const worker: JobWorker | undefined =
    jobs === 0
      ? undefined
      : backend.openWorker({
          ...work,
          // The first messages of runs that begin at once go before the work on any of them.
          process: async (job, signal, begun) => {
            await deps.startBarrier.over()
            return work.process(job, signal, begun)
          },
          concurrency: jobs * TOLD_AT_ONCE,
          log,
          ...defined({ stall: options.stall }),
        })
  await worker?.ready()
  // Changes first: one that nobody goes on with has its run opened again.
  const sweep = (): Promise<void> =>
    sweepChanges({ records, board, log })
      .then(() => sweepRuns({ records, audit, log, queue, gaveUp: work.gaveUp }))
      .catch((err: unknown) => log.warn({ err }, 'the sweep for unfinished runs failed'))
  await noteOpenRuns(records).catch((err: unknown) =>
    log.warn({ err }, 'runs of an earlier version were not looked for'),
  )
  await sweep()
  let sweeping: Promise<void> | undefined
  const timer = setInterval(() => {
    sweeping ??= sweep().finally(() => (sweeping = undefined))
  }, SWEEP_EVERY)
  timer.unref()
  const leases = keepLeases(
    {
      records,
      clients,
      writer,
      board,
      trouble: (err, lease) => log.warn({ err, lease }, 'a lease could not be swept'),
    },
    { trouble: (err) => log.warn({ err }, 'the sweep of leases failed') },
  )
  return {
    leases,
    async stop(graceMilliseconds) {
      clearInterval(timer)
      await leases.stop()
      await worker?.close({ graceMilliseconds })
    },
  }
}

function portOf(server: unknown): number | undefined {
  if (typeof server !== 'object' || server === null || !('address' in server) || typeof server.address !== 'function')
    return undefined
  return ((server as { address(): AddressInfo | null }).address() ?? undefined)?.port
}
