import type { Policy } from '../../src/fixes/policy.ts'
import { READ_ONLY } from '../../src/fixes/read-only.ts'
import { listLeases, updateLease, type LeaseRecord } from '../../src/leases/lease-record.ts'
import { sweepLeases } from '../../src/leases/sweep-leases.ts'
import { policyOf } from '../../src/config/policy.ts'
import type { Clients } from '../../src/evidence/clients/clients.ts'
import type { SlackStandInOptions } from '../../src/sandbox/slack/contract.ts'
import type { Ephemeral, Message } from '../../src/sandbox/slack/stand-in.ts'
import { SlackCalls } from '../../src/slack/transport/calls.ts'
import { SlackChangeBoard } from '../../src/slack/thread/change-board.ts'
import { auditEntries, type AuditEntry } from '../../src/store/audit.ts'
import { userGroups } from '../../src/slack/transport/user-groups.ts'
import { listRuns, type RunRecord } from '../../src/store/runs.ts'
import { FakeProxies } from '../leases/fake-proxies.ts'
import type { Records } from '../../src/store/records.ts'
import { ended, openHouse, rememberingLog, type House } from './house.ts'
import { memoryBackend } from '../queue/memory-backend.ts'
import { shownIn } from './texts.ts'

/** U_ONCALL and, by their group S_OWNERS, U_THIRD are operators in C_MESH; U_OTHER only in C_OTHER; U_VISITOR may only look. */
export const CONFIG = {
  channels: {
    C_MESH: { roles: { operator: { users: ['U_ONCALL'], groups: ['S_OWNERS'] } } },
    C_OTHER: { roles: { viewer: { users: ['U_ONCALL'] }, operator: { users: ['U_OTHER'] } } },
  },
  limits: { leaseProxies: 2 },
}
const SLACK: SlackStandInOptions = {
  people: ['ONCALL', 'SECOND', 'THIRD', 'OTHER', 'VISITOR'].map((name) => ({
    id: `U_${name}`,
    name: name.toLowerCase(),
  })),
  groups: [{ id: 'S_OWNERS', handle: 'mesh-owners', users: ['U_THIRD'] }],
  channels: [
    { id: 'C_MESH', name: 'mesh' },
    { id: 'C_OTHER', name: 'other' },
  ],
}

export interface LeaseHouse extends House {
  proxies: FakeProxies
  /** Types a line and waits for the run's end; its message. */
  asked(line: string, user?: string): Promise<{ run: RunRecord; message: Message }>
  /** Types a line that is answered to the person alone; the answer. */
  told(line: string, user?: string, channel?: string): Promise<string>
  /** Presses a button of a message as it is now; what only this person is told. */
  press(message: Message | Ephemeral, button: string, user: string, channel?: string): Promise<string>
  /** What a message says now. */
  now(message: Message): string
  lease(id: string): Promise<LeaseRecord>
  /** Sweeps the leases once, as the bot does every 15 s. */
  sweep(): Promise<void>
  /** What this person was refused in this house, as recorded. */
  refusals(user: string): Promise<AuditEntry[]>
  /** Events of a run or a lease. */
  events(run: string): Promise<AuditEntry[]>
}

/** The whole bot with a few proxies that keep their levels, on a stand-in for Slack; the mesh of `clients` when given. */
export async function openLeaseHouse({
  pods = ['catalog-1', 'catalog-2'],
  clients,
  policy = policyOf(CONFIG),
  records: given,
}: {
  pods?: string[]
  clients?: (mesh: FakeProxies) => Clients
  policy?: Policy
  records?: Records
} = {}): Promise<LeaseHouse> {
  const proxies = new FakeProxies(...pods)
  const mesh = clients?.(proxies) ?? proxies.clients
  const writer = { ...READ_ONLY, ...proxies.writer }
  const backend = memoryBackend()
  const house = await openHouse({
    clients: mesh,
    slack: SLACK,
    policy,
    writer,
    backend:
      given === undefined
        ? backend
        : {
            ...backend,
            records: given,
            openWorker: (request) => backend.openWorker(request),
            ping: () => backend.ping(),
            close: () => backend.close(),
          },
  })
  const {
    slack,
    backend: { records },
    logged,
  } = house
  const { log } = rememberingLog()
  const calls = new SlackCalls({ token: slack.botToken, apiUrl: slack.url, log, pauses: [20, 50], postEvery: 0 })
  const board = new SlackChangeBoard({
    records,
    slack: calls,
    log,
    policy,
    telling: { checks: [] },
    members: userGroups(calls, { log }),
  })
  const runs = async (): Promise<number> =>
    (await listRuns(records)).filter(({ createdAt }) => createdAt >= house.openedAt).length
  const lease = async (id: string): Promise<LeaseRecord> => (await listLeases(records)).find((one) => one.id === id)!
  return {
    ...house,
    proxies,
    lease,
    async asked(line, user = 'U_ONCALL') {
      const before = await runs()
      await slack.type(line, { user, channel: 'C_MESH' })
      const run = await ended(house, before + 1).catch((error: unknown) => {
        throw new Error(
          `${String(error)}; ${user} was told: ${slack.ephemerals(user).map(shownIn).join('\n')}; ${JSON.stringify(logged.filter(({ level }) => level !== 'info'))}`,
        )
      })
      return { run, message: slack.messages('C_MESH').findLast(({ ts }) => ts === run.thread)! }
    },
    async told(line, user = 'U_ONCALL', channel = 'C_MESH') {
      const typed = await slack.type(line, { user, channel })
      await slack
        .waitFor(() => typed.ephemerals().length > 0)
        .catch(() => {
          throw new Error(`no answer to ${line}`)
        })
      return shownIn(typed.ephemerals()[0]!)
    },
    async press(message, button, user, channel = 'C_MESH') {
      const current = slack.message(channel, message.ts) ?? message
      const click = await slack.click(current, button, { user, channel })
      await slack
        .waitFor(() => click.ephemerals().length > 0)
        .catch(() => {
          throw new Error(`no answer to ${button}`)
        })
      return shownIn(click.ephemerals()[0]!)
    },
    now: ({ channel, ts }) => shownIn(slack.message(channel, ts)!),
    sweep: () =>
      sweepLeases(
        {
          records,
          clients: mesh,
          writer,
          board,
          trouble: (error) => {
            throw error instanceof Error ? error : new Error(String(error))
          },
        },
        new AbortController().signal,
      ),
    refusals: async (user) =>
      (await auditEntries(records, { limit: 100_000 }))
        .map(({ entry }) => entry)
        .filter(({ event, by, at }) => event === 'lease-refused' && by.user === user && at >= house.openedAt),
    events: async (run) =>
      (await auditEntries(records, { limit: 100_000 }))
        .map(({ entry }) => entry)
        .filter((entry) => entry.run === run || entry.facts.lease === run),
    async close() {
      await house.close()
      for (const { id, cluster } of await listLeases(records)) {
        if (cluster === proxies.cluster)
          await updateLease(records, id, (now) => ({ ...now, state: 'over', told: true }))
      }
    },
  }
}
