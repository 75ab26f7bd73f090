import { z } from 'zod'
import { authorise, denyState, holdersOf } from '../fixes/authorise.ts'
import { baselineOf } from '../fixes/baseline.ts'
import { editProposal } from '../fixes/edit.ts'
import { groupsOf } from '../fixes/roles.ts'
import { proposalsFor } from '../fixes/propose.ts'
import type { Proposal } from '../fixes/proposal.ts'
import { createChange, readChange, updateChange, type ChangeRecord } from '../fixes/record.ts'
import { digestOf } from '../fixes/digest.ts'
import { WriteError } from '../fixes/cluster-writer.ts'
import { UnseenError } from '../evidence/clients/clients.ts'
import { validate } from '../fixes/validate.ts'
import { hurts } from '../diagnosis/cause.ts'
import { examine } from '../diagnosis/examine.ts'
import type { Report } from '../diagnosis/report.ts'
import { Evidence } from '../evidence/evidence.ts'
import { sameRef, type Ref } from '../mesh/ref.ts'
import { parseTarget } from '../mesh/target-query.ts'
import { UserError } from '../mesh/user-error.ts'
import { isNotedLately, recordAudit } from '../store/audit.ts'
import { ConflictError } from '../store/records.ts'
import { AskedTarget, updateRun, type RunRecord } from '../store/runs.ts'
import { defineCapability } from './capability.ts'
import type { CapabilityDeps } from './deps.ts'
import type { RunThread } from './run-thread.ts'
import { defined } from '../mesh/defined.ts'

const Subject = z.object({ kind: z.string(), namespace: z.string().exactOptional(), name: z.string() })

const ProposeRequest = z.object({
  kind: z.literal('propose'),
  text: z.string(),
  namespace: z.string().optional(),
  target: AskedTarget.optional(),
  /** The diagnosis whose thread it was asked in. */
  of: z.string().optional(),
  /** The finding to mend, and which of several candidates. */
  finding: z.object({ code: z.string(), subject: Subject }).optional(),
  choice: z.string().optional(),
  /** The change it takes the place of, and its YAML as a person edited it. */
  change: z.string().optional(),
  edited: z.string().optional(),
})
export type ProposeRequest = z.infer<typeof ProposeRequest>
type ProposeRun = RunRecord<ProposeRequest>

const of = { kind: z.literal('propose') }
/** What came of asking for a fix: a stored change, several to choose from, or why there is none. */
const ProposeAnswer = z.union([
  z.object({ ...of, change: z.string() }),
  z.object({ ...of, candidates: z.array(z.object({ choice: z.string(), title: z.string(), why: z.string() })) }),
  z.object({ ...of, none: z.string() }),
])
export type ProposeAnswer = z.infer<typeof ProposeAnswer>

/** Looks at the target again, and proposes what would mend the finding that was asked about; validated before anybody may approve it. */
export const propose = defineCapability({
  kind: 'propose',
  request: ProposeRequest,
  answer: ProposeAnswer,
  role: 'viewer',
  audit: { asked: 'fix-asked', facts: ({ change }) => defined({ change }) },
  claim: ({ of, edited }) => (of !== undefined && edited === undefined ? `propose/${of}` : undefined),
  async work(deps, run, thread, signal): Promise<ProposeAnswer> {
    // Of a run that was killed after it had stored its change.
    const known = await readChange(deps.records, run.id)
    if (known === undefined) return proposeFor(deps, run, thread, signal)
    const { change: former } = run.request
    return proposed(deps, run, known, former === undefined ? undefined : { id: former })
  },
  async unshown({ records, log }, answer) {
    if (!('change' in answer)) return
    log.warn({ change: answer.change }, 'a proposal that could not be shown is over')
    // Without its buttons nobody can decide on it.
    await updateChange(records, answer.change, (now) =>
      now.state === 'proposed' ? { ...now, state: 'expired', told: true } : undefined,
    )
  },
  outcome(answer) {
    if ('change' in answer) return { verdict: 'proposed', sentence: `change ${answer.change}` }
    return 'none' in answer
      ? { verdict: 'none', sentence: answer.none }
      : { verdict: 'choice', sentence: `${answer.candidates.length} candidates` }
  },
})

async function proposeFor(
  deps: CapabilityDeps,
  run: ProposeRun,
  thread: RunThread<ProposeAnswer>,
  signal: AbortSignal,
): Promise<ProposeAnswer> {
  const { request } = run
  const former = request.change === undefined ? undefined : await readChange(deps.records, request.change)
  if (request.edited !== undefined && former !== undefined) await requireEditor(deps, run, former)
  const report = await examine(parseTarget(request.text, request.namespace), deps.clients, deps.checks, {
    signal,
    onBroken: (check, error) => deps.log.error({ err: error, run: run.id, check }, 'a check failed and was left out'),
    stepTimeout: deps.stepTimeout,
    concurrency: deps.concurrency,
    descriptions: true,
    progress: { steps: (steps) => thread.progress({ steps }) },
  })
  if (request.edited !== undefined) {
    if (former === undefined)
      return { kind: 'propose', none: 'The change that was edited is no longer known. Press “Propose fix” again.' }
    return store(deps, run, report, editProposal(former, request.edited), signal, former)
  }
  const finding = wanted(report, request.finding)
  if (finding === undefined) return { kind: 'propose', none: nothingHurts(report, request.finding) }
  const { proposals, advice } = proposalsFor([finding], new Evidence(report.readings), report.target)
  const chosen = request.choice === undefined ? proposals : proposals.filter(({ choice }) => choice === request.choice)
  const [only, ...others] = chosen
  if (only === undefined)
    return {
      kind: 'propose',
      none:
        advice[0]?.says ?? `There is no fix for ${finding.code}. Its page and the remedy above say what would help.`,
    }
  if (others.length > 0 && request.choice === undefined)
    return { kind: 'propose', candidates: chosen.map(({ choice = '', title, why }) => ({ choice, title, why })) }
  return store(deps, run, report, only, signal, former)
}

/** The finding that was asked about, as it is now: by its code and subject, or the cause when none was named. */
function wanted({ findings, cause }: Report, asked: ProposeRequest['finding']): Report['findings'][number] | undefined {
  if (asked === undefined) return cause?.finding ?? findings.find(hurts)
  const subject: Ref = {
    kind: asked.subject.kind,
    name: asked.subject.name,
    ...defined({ namespace: asked.subject.namespace }),
  }
  return findings.find((finding) => hurts(finding) && finding.code === asked.code && sameRef(finding.subject, subject))
}

function nothingHurts({ verdict }: Report, asked: ProposeRequest['finding']): string {
  const what = asked === undefined ? 'No problem is left' : `${asked.code} is no longer found`
  if (verdict === 'starting') return `${what}, but pods are still starting. Diagnose it again.`
  return verdict === 'unclear'
    ? `${what}, as far as could be seen just now; not everything could be read. Diagnose it again.`
    : `${what}: the target was just diagnosed again. There is nothing to fix.`
}

async function store(
  deps: CapabilityDeps,
  run: ProposeRun,
  report: Report,
  proposal: Proposal,
  signal: AbortSignal,
  former: ChangeRecord | undefined,
): Promise<ProposeAnswer> {
  const { records, policy, writer, clients, stepTimeout } = deps
  const valid = await validated(proposal, { policy, writer, clients, signal, stepTimeout })
  if (typeof valid === 'string') return { kind: 'propose', none: valid }
  const { request, asker } = run
  const { act, for: code, title, why, effect, risk, undo, writes } = proposal
  const at = new Date().toISOString()
  const made = createChange(records, {
    id: run.id,
    digest: digestOf(writes),
    act,
    for: code,
    subject: former?.subject ?? wanted(report, request.finding)?.subject ?? writes[0].ref,
    title,
    why,
    effect,
    risk,
    undoSays: undo,
    writes,
    diff: valid.diff,
    notes: valid.notes,
    force: valid.force,
    ...defined({ blocked: valid.blocked, choice: request.choice }),
    question: { text: request.text, ...defined({ namespace: request.namespace }) },
    target: request.target?.key ?? '',
    channel: run.channel,
    thread: run.thread ?? '',
    run: run.id,
    ...defined({ of: request.of }),
    requester: { ...asker, at },
    expiresAt: new Date(Date.now() + policy.approvalSeconds * 1000).toISOString(),
    baseline: baselineOf(report),
  })
  const change = await made.catch(async (error: unknown) => {
    // Another process that works on the same run was first.
    const known = error instanceof ConflictError ? await readChange(records, run.id) : undefined
    if (known === undefined) throw error
    return known
  })
  return proposed(deps, run, change, former)
}

/** What is left to do once a change is stored, by whichever process stored it. */
async function proposed(
  deps: CapabilityDeps,
  run: ProposeRun,
  change: ChangeRecord,
  former: Pick<ChangeRecord, 'id'> | undefined,
): Promise<ProposeAnswer> {
  const { records, policy } = deps
  if (!(await isNotedLately(records, 'fix-proposed', run.id)))
    await recordAudit(records, {
      event: 'fix-proposed',
      by: run.asker,
      run: run.id,
      ...(run.request.target !== undefined && { target: run.request.target.key }),
      facts: {
        change: change.id,
        act: change.act,
        digest: change.digest,
        objects: change.writes.map(({ ref }) => ref),
        ...(former !== undefined && { instead: former.id }),
        approvers: holdersOf(policy, run.channel, 'approver'),
      },
    })
  if (former !== undefined) await supersede(deps, former.id, change)
  await forgetEdited(deps, run)
  return told(change)
}

/** Whoever takes a proposal away by another one may do as much as reject it. @throws UserError */
async function requireEditor(
  { policy, board }: CapabilityDeps,
  { asker: { user }, channel }: ProposeRun,
  former: ChangeRecord,
): Promise<void> {
  const groups = await groupsOf(policy, user, (group) => board.members(group))
  const allowed = authorise(policy, former, { user, channel, groups }, 'edit')
  const denied = allowed instanceof UserError ? allowed : denyState(former, 'edit', Date.now())
  if (denied !== undefined) throw denied
}

/** What was typed is in the change now, as long as that needs it; it may hold secrets. */
async function forgetEdited({ records }: CapabilityDeps, { id, request }: ProposeRun): Promise<void> {
  if (request.edited === undefined) return
  await updateRun(records, id, (now) => {
    const { edited: _edited, ...rest } = now.request as ProposeRequest
    return { ...now, request: rest }
  })
}

/** What validation says, or why it could not be done. */
async function validated(
  ...[proposal, deps]: Parameters<typeof validate>
): Promise<Awaited<ReturnType<typeof validate>> | string> {
  try {
    return await validate(proposal, deps)
  } catch (error) {
    deps.signal.throwIfAborted()
    if (error instanceof WriteError && error.reason === 'moved')
      return `${error.message} Somebody is changing it right now; press “Propose fix” again.`
    if (error instanceof WriteError || error instanceof UnseenError)
      return `There is a fix (${proposal.title}), but it could not be tested: ${error.message}`
    throw error
  }
}

/** The former proposal may not be approved beside the new one. */
async function supersede(
  { records, board }: Pick<CapabilityDeps, 'records' | 'board'>,
  former: string,
  change: ChangeRecord,
): Promise<void> {
  const after = await updateChange(records, former, (now) =>
    now.state === 'proposed' || (now.state === 'superseded' && now.successor === undefined)
      ? { ...now, state: 'superseded', successor: change.id }
      : undefined,
  )
  if (after?.successor === change.id) await board.proposal(after)
}

function told(change: ChangeRecord): ProposeAnswer {
  return { kind: 'propose', change: change.id }
}
