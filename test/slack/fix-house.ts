import { setTimeout as pause } from 'node:timers/promises'
import type { Policy } from '../../src/fixes/policy.ts'
import { createChange, readChange, type ChangeRecord } from '../../src/fixes/record.ts'
import { writesOf } from '../../src/fixes/apply.ts'
import { digestOf } from '../../src/fixes/digest.ts'
import { clusterWriter } from '../../src/fixes/writer.ts'
import { editProposal } from '../../src/fixes/edit.ts'
import { missingSubset } from '../../src/checks/missing-subset.ts'
import { policyOf } from '../../src/config/policy.ts'
import { examine } from '../../src/diagnosis/examine.ts'
import type { Report } from '../../src/diagnosis/report.ts'
import { kubernetesApi } from '../../src/evidence/clients/kubernetes.ts'
import { auditTrail } from '../../src/capabilities/audit-trail.ts'
import { carryOut, type CarryOutDeps, type Processor } from '../../src/capabilities/carry-out.ts'
import { decide } from '../../src/capabilities/decide.ts'
import { diagnose, withoutValues, type DiagnoseRequest } from '../../src/capabilities/diagnose.ts'
import { propose, type ProposeAnswer, type ProposeRequest } from '../../src/capabilities/propose.ts'
import type { RunJob } from '../../src/queue/queue.ts'
import type { Backend } from '../../src/queue/backend.ts'
import { parseTarget } from '../../src/mesh/target-query.ts'
import type { SlackStandInOptions } from '../../src/sandbox/slack/contract.ts'
import type { Message, ShownView, SlackStandIn, Submission } from '../../src/sandbox/slack/stand-in.ts'
import { startPatientStandIn } from '../sandbox/patient-stand-in.ts'
import { slackApp } from '../../src/slack/app.ts'
import { SlackCalls } from '../../src/slack/transport/calls.ts'
import { SlackChangeBoard } from '../../src/slack/thread/change-board.ts'
import type { SlackDeps } from '../../src/slack/deps.ts'
import { requireMembers } from '../../src/slack/access/require-member.ts'
import { MeshDirectory } from '../../src/slack/access/mesh-directory.ts'
import { StartBarrier } from '../../src/slack/transport/start-barrier.ts'
import { SlackThread } from '../../src/slack/thread/thread.ts'
import { userGroups } from '../../src/slack/transport/user-groups.ts'
import { createRun, isFinished, listRuns, type RunRecord } from '../../src/store/runs.ts'
import { capabilityDeps } from '../capabilities/deps.ts'
import { startApiServer, type ApiServer, type ApiServerOptions } from '../fixes/api-server.ts'
import { recordedClients } from '../replay.ts'
import { rememberingLog, type Logged } from './house.ts'
import { memoryBackend } from '../queue/memory-backend.ts'
import { sampleChange } from './blocks/change-samples.ts'
import { shownIn } from './texts.ts'

type ProposeRun = RunRecord<ProposeRequest>

/** Approvers are U_SECOND and, by their group S_OWNERS, U_THIRD; U_ONCALL asks; U_VISITOR may only look. */
const CONFIG = {
  channels: {
    C_MESH: {
      roles: { operator: { users: ['U_ONCALL'] }, approver: { users: ['U_ONCALL', 'U_SECOND'], groups: ['S_OWNERS'] } },
    },
  },
  identities: {
    users: {
      U_ONCALL: { user: 'oncall@example.com' },
      U_SECOND: { user: 'second@example.com' },
      U_THIRD: { user: 'third@example.com' },
    },
    groups: { S_OWNERS: ['mesh-owners'] },
  },
  changes: { proofSeconds: 0.01 },
}
const PEOPLE = [
  { id: 'U_ONCALL', name: 'oncall' },
  { id: 'U_SECOND', name: 'second' },
  { id: 'U_THIRD', name: 'third' },
  { id: 'U_VISITOR', name: 'visitor' },
]
const GROUPS = [{ id: 'S_OWNERS', handle: 'mesh-owners', users: ['U_THIRD'] }]

export interface FixHouse {
  slack: SlackStandIn
  backend: Backend
  api: ApiServer
  deps: SlackDeps
  logged: Logged[]
  /** A diagnosis with a message of its own, as told by a worker. */
  diagnosed(changes: Report['changes'], advice?: Report['advice']): Promise<{ run: RunRecord; message: Message }>
  /** What the next runs of kind propose come to. */
  answers(make: (run: ProposeRun) => Promise<ProposeAnswer>): void
  /** Proposes a change in the thread of a message, as a press by `requester` does. */
  proposed(facts?: Partial<ChangeRecord>, requester?: string): Promise<{ change: ChangeRecord; message: Message }>
  /** Presses a button of a message as it is now; resolves once something has come of it, which may be a run that only begins. */
  press(message: Message, button: string, user: string): Promise<void>
  /** Sends a modal in; the same. */
  submit(view: ShownView, values: Readonly<Record<string, string>>): Promise<Submission>
  /** What a message says now. */
  now(message: Message): string
  /** Messages of the thread that a message stands in, as text. */
  thread(message: Message): string[]
  /** All that only this person saw in this house. */
  told(user: string): string
  /** Waits until every run that was asked for in this house has ended. */
  idle(): Promise<RunRecord[]>
  close(): Promise<void>
}

/** The bot with the real decisions, writer and proofs, on a stand-in for Slack, a recorded mesh that is mended already, and an API server in memory. */
export async function openFixHouse({
  slack: slackOptions,
  rules,
  policy = policyOf(CONFIG),
}: { slack?: SlackStandInOptions; rules?: ApiServerOptions['rules']; policy?: Policy } = {}): Promise<FixHouse> {
  const openedAt = new Date().toISOString()
  const backend = memoryBackend()
  const { records } = backend
  const { log, logged } = rememberingLog()
  const slack = await startPatientStandIn({
    people: PEOPLE,
    groups: GROUPS,
    channels: [
      { id: 'C_MESH', name: 'mesh' },
      { id: 'C_OTHER', name: 'other' },
    ],
    ...slackOptions,
  })
  const api = await startApiServer(rules === undefined ? {} : { rules })
  const calls = new SlackCalls({ token: slack.botToken, apiUrl: slack.url, log, pauses: [20, 50], postEvery: 0 })
  const clients = recordedClients('chapter-10/mended')
  const audit = auditTrail(records, log)
  const telling = { checks: [missingSubset] }
  const writer = clusterWriter({
    kubeconfig: api.kubeconfig,
    clients: { ...clients, kubernetes: kubernetesApi({ kubeconfig: api.kubeconfig }) },
  })
  const threads = { records, slack: calls, telling, policy, log, updateEvery: 20, underWay: 10 }
  const members = userGroups(calls, { log, kept: 0 })
  const board = new SlackChangeBoard({ ...threads, members, team: slack.app.teamId })
  const deps: SlackDeps = {
    ...threads,
    clients,
    queue: backend.queue,
    audit,
    members,
    writer,
    board,
    requireMember: requireMembers({ slack: calls, log, access: policy.access }, slack.app.teamId),
    startBarrier: new StartBarrier(),
    directory: new MeshDirectory(clients),
  }
  const openThread = (run: RunRecord): SlackThread => new SlackThread(deps, run)
  const { deps: changeDeps } = capabilityDeps(records, {
    clients,
    checks: telling.checks,
    openThread,
    audit,
    log,
    policy,
    writer,
    board,
    queue: backend.queue,
  })

  let answer = (run: ProposeRun): Promise<ProposeAnswer> => proposeSample(changeDeps, run)
  const byKind: Partial<Record<RunJob['kind'], Processor>> = {
    decide: carryOut(changeDeps, decide),
    propose: carryOut(changeDeps, { ...propose, work: (_deps: unknown, run: ProposeRun) => answer(run) }),
  }
  const worker = backend.openWorker({
    process: (job, signal) => byKind[job.kind]?.(job, signal) ?? Promise.reject(new Error(`no ${job.kind} here`)),
    concurrency: 4,
    log,
  })
  await worker.ready()
  const app = slackApp(
    { botToken: slack.botToken, appToken: slack.appToken, apiUrl: slack.url },
    { botId: slack.app.botId, botUserId: slack.app.userId },
    deps,
  )
  await app.start()

  const idle = async (): Promise<RunRecord[]> => {
    for (const late = Date.now() + 30_000; ;) {
      const runs = (await listRuns(records)).filter(
        ({ createdAt, request }) => createdAt >= openedAt && request.kind !== 'diagnose',
      )
      if (runs.every(isFinished)) return runs
      if (Date.now() > late) throw new Error(`runs do not end: ${JSON.stringify(runs)}`)
      await pause(20)
    }
  }
  /** Waits for a sign that what this person does next was heeded: a run of theirs, an answer to them, a window, a file. */
  const heedOf = async (user: string): Promise<() => Promise<void>> => {
    const signs = async (): Promise<string> => {
      const runs = (await listRuns(records)).filter(
        ({ asker, createdAt }) => asker.user === user && createdAt >= openedAt,
      )
      return JSON.stringify([
        runs.length,
        slack.ephemerals(user).length,
        slack.views(user).map(({ id }) => id),
        slack.files().length,
      ])
    }
    const before = await signs()
    return async () => {
      for (const late = Date.now() + 30_000; ;) {
        if ((await signs()) !== before) return
        if (Date.now() > late) throw new Error(`nothing came of what ${user} did`)
        await pause(10)
      }
    }
  }
  const messageOf = (ts: string): Message => slack.message('C_MESH', ts)!

  return {
    slack,
    backend,
    api,
    deps,
    logged,
    idle,
    answers(make) {
      answer = make
    },
    async diagnosed(changes, advice = []) {
      const request: DiagnoseRequest = {
        kind: 'diagnose',
        text: 'catalog',
        namespace: 'istioinaction',
        target: { key: 'service/istioinaction/catalog', kind: 'Service', namespace: 'istioinaction', name: 'catalog' },
      }
      const run = await createRun(records, { request, asker: { user: 'U_ONCALL' }, channel: 'C_MESH' })
      const thread = openThread(run)
      const report = { ...(await illReport()), changes, advice }
      await carryOut(
        { ...changeDeps, openThread: () => thread },
        { ...diagnose, work: () => Promise.resolve({ kind: 'diagnose', report, shown: {} }) },
      )({ run: run.id, kind: 'diagnose' }, new AbortController().signal)
      const [told] = (await listRuns(records)).filter(({ id }) => id === run.id)
      return { run: told!, message: messageOf(told!.thread!) }
    },
    async proposed(facts = {}, requester = 'U_ONCALL') {
      const root = await slack.say('503s from catalog', { user: requester, channel: 'C_MESH' })
      const run = await createRun(records, {
        request: { kind: 'propose', text: 'catalog', namespace: 'istioinaction' } as const,
        asker: { user: requester },
        channel: 'C_MESH',
        thread: root.ts,
      })
      const thread = openThread(run)
      await carryOut(
        { ...changeDeps, openThread: () => thread },
        { ...propose, work: () => proposeSample(changeDeps, run, facts) },
      )({ run: run.id, kind: 'propose' }, new AbortController().signal)
      const change = (await readChange(records, run.id))!
      return { change, message: slack.thread('C_MESH', root.ts).at(1)! }
    },
    async press(message, button, user) {
      const heeded = await heedOf(user)
      const click = await slack.click(messageOf(message.ts), button, { user, channel: 'C_MESH' })
      if (click.outcome !== 'acknowledged') throw new Error(`not acknowledged: ${click.shownError ?? click.outcome}`)
      await heeded()
    },
    async submit(view, values) {
      const heeded = await heedOf(view.user)
      const submitted = await slack.submitView(view, values)
      if (submitted.responseAction === 'close') await heeded()
      return submitted
    },
    now: (message) => shownIn(messageOf(message.ts)),
    thread: (message) => slack.thread('C_MESH', message.threadTs ?? message.ts).map(shownIn),
    told: (user) => slack.ephemerals(user).map(shownIn).join('\n'),
    async close() {
      await app.stop()
      await worker.close({ graceMilliseconds: 500 })
      await slack.close()
      await api.stop()
    },
  }
}

/** Stores a change for a run as the real proposals do, without asking the mesh. */
async function proposeSample(
  { records, policy, board }: CarryOutDeps,
  run: ProposeRun,
  facts: Partial<ChangeRecord> = {},
): Promise<ProposeAnswer> {
  const {
    request: { change: former, edited, choice, of },
    asker,
    channel,
    thread = '',
  } = run
  const at = new Date().toISOString()
  const first = former === undefined ? undefined : await readChange(records, former)
  const writes =
    first === undefined || edited === undefined ? sampleChange().writes : editProposal(first, edited).writes
  const { id: _id, state: _state, createdAt: _at, ...sample } = sampleChange()
  const stored = facts.writes ?? [...writes]
  await createChange(records, {
    ...sample,
    id: run.id,
    run: run.id,
    writes: stored,
    digest: digestOf(writesOf(stored)),
    question: { text: 'catalog', namespace: 'istioinaction' },
    channel,
    thread,
    requester: { ...asker, at },
    of: of ?? 'none',
    expiresAt: new Date(Date.now() + policy.approvalSeconds * 1000).toISOString(),
    ...(choice !== undefined && { choice, title: `Define ${choice}` }),
    ...facts,
  })
  if (first !== undefined) await board.proposal({ ...first, state: 'superseded', successor: run.id })
  return { kind: 'propose', change: run.id }
}

let ill: Report | undefined

/** The chapter's diagnosis, of the recorded mesh. */
async function illReport(): Promise<Report> {
  if (ill !== undefined) return ill
  return (ill = withoutValues(
    await examine(parseTarget('catalog', 'istioinaction'), recordedClients('chapter-10/ill'), [missingSubset], {}),
  ))
}
