import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Clients } from '../evidence/clients/clients.ts'
import { UnseenError } from '../evidence/clients/clients.ts'
import { STEP_TIMEOUT } from '../evidence/gather.ts'
import { redact } from '../evidence/redaction.ts'
import { parseAnalyzerMessages, type AnalyzerMessage } from '../mesh/analyzer.ts'
import type { KubernetesObject } from '../mesh/objects.ts'
import { formatRef } from '../mesh/ref.ts'
import { WriteError, type ClusterWriter, type FieldConflict } from './cluster-writer.ts'
import { showChange, type ShownChange } from './diff.ts'
import { FATE, gitOpsOwner } from './gitops.ts'
import { isRestart } from './inverse.ts'
import { applied, parseManifest, yamlOf, yamlText } from './manifest.ts'
import type { Policy } from './policy.ts'
import type { Proposal, Write } from './proposal.ts'
import { defined } from '../mesh/defined.ts'

/** What the cluster and Istio's analyzers say of a proposal, before anybody may approve it. */
export interface Validation {
  /** Unified diff of the live objects and of what the API server would make of them. */
  diff: string
  /** Sentences for those who approve. */
  notes: string[]
  /** Why nobody may approve it, in sentences that say what would work. */
  blocked?: string
  /** True when approving takes fields over from other managers; `notes` say whose. */
  force: boolean
}

export interface ValidateOptions {
  writer: ClusterWriter
  clients: Pick<Clients, 'istioctl'>
  policy: Pick<Policy, 'rehearseAs' | 'gitops'>
  signal: AbortSignal
  /** Milliseconds the analyzers may take; STEP_TIMEOUT when absent. */
  stepTimeout?: number | undefined
}

/** One write, rehearsed. */
interface Rehearsed {
  write: Write
  before: KubernetesObject | undefined
  /** Absent when it would be deleted, or was refused. */
  after?: KubernetesObject
  conflicts: readonly FieldConflict[]
  refused?: string
}

const MOST_MESSAGES = 5
/** Places of an object named in a sentence; the diff shows all. */
const MOST_PLACES = 12

/**
 * Rehearses a proposal, write by write: server-side dry run, Istio's analyzers on what would be, owners of the fields and of the objects.
 * @throws WriteError `moved` when an object is not what the proposal was made for, `unavailable` when the API server does not answer; UnseenError
 */
export async function validate({ writes }: Proposal, options: ValidateOptions): Promise<Validation> {
  const rehearsed: Rehearsed[] = []
  for (const write of writes) rehearsed.push(await rehearse(write, options))
  const refused = rehearsed.flatMap(({ refused: words }) => (words === undefined ? [] : [words]))
  const shown = rehearsed.map((one) => ({ ref: one.write.ref, ...shownOf(one) }))
  const diff = shown.map((one) => one.diff).join('')
  const owned = ownersOf(rehearsed, options.policy)
  const analysis = refused.length > 0 ? { notes: [], errors: [] } : await analyze(rehearsed, options)
  const idle =
    refused.length === 0 && diff === '' ? ['It would change nothing: the objects already look like this.'] : []
  const unread = shown.flatMap(({ ref, hidden }) => hidden.map((place) => `${place} of ${formatRef(ref)}`))
  const unreadable =
    unread.length === 0
      ? []
      : [
          `A value that changes is hidden here as a secret: ${unread.join(', ')}. A change that cannot be read cannot be approved: download the patch and apply it by hand.`,
        ]
  const blocked = [...refused, ...unreadable, ...owned.blocked, ...analysis.errors, ...idle]
  return {
    diff,
    force: rehearsed.some(({ conflicts }) => conflicts.length > 0),
    notes: [...rehearsed.flatMap(takenOver), ...owned.notes, ...analysis.notes, ...shown.flatMap(changedPlaces)],
    ...(blocked.length > 0 && { blocked: blocked.join(' ') }),
  }
}

async function rehearse(write: Write, { writer, policy, signal }: ValidateOptions): Promise<Rehearsed> {
  const before = await writer.read(write.ref, write.apiVersion, signal)
  const run = async (force: boolean): Promise<Rehearsed> => {
    const after = await writer.rehearse(write, policy.rehearseAs, { force, signal })
    return { write, before, conflicts: [], ...defined({ after }) }
  }
  try {
    return await run(false)
  } catch (error) {
    if (!(error instanceof WriteError)) throw error
    if (error.reason !== 'conflict') return { write, before, conflicts: [], refused: refusalOf(write, error) }
    const { conflicts } = error
    return await run(true).then(
      (forced) => ({ ...forced, conflicts }),
      (again: unknown) => {
        if (!(again instanceof WriteError)) throw again
        return { write, before, conflicts, refused: refusalOf(write, again) }
      },
    )
  }
}

/** Why a dry run ends a proposal; errors that say nothing of the proposal are thrown on. */
function refusalOf({ ref }: Write, error: WriteError): string {
  if (error.reason === 'refused') return `The API server would refuse it: ${sentence(error.message)}`
  if (error.reason === 'forbidden')
    return `mesh-medic may not make a dry run on ${formatRef(ref)}: ${sentence(error.message)} Ask the bot's administrator to apply deploy/manifests/writer.yaml, or to name another user under changes.rehearseAs.`
  throw error
}

const sentence = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`)

function shownOf({ write, before, after, refused }: Rehearsed): ShownChange {
  const desired = refused === undefined ? after && yamlOf(after) : desiredIn(write, before)
  return showChange(formatRef(write.ref), before && yamlOf(before), desired)
}

const changedPlaces = ({ ref, paths }: ShownChange & { ref: Write['ref'] }): string[] =>
  paths.length === 0
    ? []
    : [
        `It changes ${paths.slice(0, MOST_PLACES).join(', ')}${paths.length > MOST_PLACES ? ` and ${paths.length - MOST_PLACES} more places` : ''} of ${formatRef(ref)}, and nothing else.`,
      ]

/** What a write is for, where the API server did not say what it would make of it. */
function desiredIn(write: Write, before: KubernetesObject | undefined): string | undefined {
  if (write.verb === 'delete') return undefined
  return before === undefined ? write.manifest : yamlText(applied(before, parseManifest(write.manifest)))
}

const takenOver = ({ write, conflicts }: Rehearsed): string[] =>
  conflicts.map(
    ({ manager, fields }) =>
      `Approving takes over fields of ${formatRef(write.ref)} from ${manager}: ${fields.join(', ')}.`,
  )

function ownersOf(
  rehearsed: readonly Rehearsed[],
  policy: Pick<Policy, 'gitops'>,
): { notes: string[]; blocked: string[] } {
  const notes: string[] = []
  const blocked: string[] = []
  for (const { write, before } of rehearsed) {
    const owner = before && gitOpsOwner(before)
    if (owner === undefined) continue
    const says = `${formatRef(write.ref)} belongs to ${owner.tool} (${redact(owner.by)}), ${FATE[owner.tool]}.`
    notes.push(says)
    // A restart is nothing that a repository could hold.
    const isOnlyRestart = write.verb === 'apply' && isRestart(write)
    if (policy.gitops === 'patch' && !isOnlyRestart)
      blocked.push(`${says} Download the patch and make the change in the source that ${owner.tool} deploys from.`)
  }
  return { notes, blocked }
}

/** What the analyzers say of the mesh with the would-be objects, and do not say of it as it is. */
async function analyze(
  rehearsed: readonly Rehearsed[],
  { clients: { istioctl }, signal, stepTimeout = STEP_TIMEOUT }: ValidateOptions,
): Promise<{ notes: string[]; errors: string[] }> {
  const objects = rehearsed.flatMap(({ after }) => (after === undefined ? [] : [after]))
  if (objects.length === 0)
    return {
      notes: ['istioctl analyze cannot analyze a deletion; the checks after the change will cover it.'],
      errors: [],
    }
  const folder = await mkdtemp(join(tmpdir(), 'mesh-medic-would-be-'))
  const either = AbortSignal.any([signal, AbortSignal.timeout(stepTimeout)])
  try {
    const file = join(folder, 'would-be.yaml')
    await writeFile(file, objects.map(yamlOf).join('---\n'), { mode: 0o600 })
    const messages = async (args: readonly string[]): Promise<AnalyzerMessage[]> =>
      parseAnalyzerMessages(redact(await istioctl.run(['analyze', ...args, '-o', 'json'], either)))
    const looks = namespacesOf(rehearsed).map((namespace) =>
      Promise.all([messages(['-n', namespace]), messages(['-n', namespace, file])]),
    )
    const answers = await Promise.all(looks)
    return tell(
      answers.flatMap(([now, then]) => without(then, now)),
      answers.flatMap(([now, then]) => without(now, then)),
    )
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof UnseenError) && !(error instanceof SyntaxError)) throw error
    return {
      notes: [`istioctl analyze could not check the changed configuration: ${sentence(redact(error.message))}`],
      errors: [],
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const namespacesOf = (rehearsed: readonly Rehearsed[]): string[] =>
  [
    ...new Set(
      rehearsed.flatMap(({ write: { ref }, after }) =>
        after === undefined ? [] : [ref.namespace ?? (ref.kind === 'Namespace' ? ref.name : '')],
      ),
    ),
  ].filter((name) => name !== '')

const keyOf = ({ code, origin, message }: AnalyzerMessage): string =>
  [code, origin === undefined ? '' : formatRef(origin), message].join(' ')
const without = (messages: readonly AnalyzerMessage[], others: readonly AnalyzerMessage[]): AnalyzerMessage[] => {
  const known = new Set(others.map(keyOf))
  return messages.filter((one) => !known.has(keyOf(one)))
}

function tell(
  fresh: readonly AnalyzerMessage[],
  gone: readonly AnalyzerMessage[],
): { notes: string[]; errors: string[] } {
  const say = ({ code, origin, message }: AnalyzerMessage): string =>
    `${code}${origin === undefined ? '' : ` (${formatRef(origin)})`}: ${sentence(message)}`
  const codes = [...new Set(gone.map(({ code }) => code))]
  const away = codes.length === 0 ? '' : ` ${codes.join(', ')} ${codes.length === 1 ? 'disappears' : 'disappear'}.`
  const errors = fresh
    .filter(({ level }) => level === 'Error')
    .slice(0, MOST_MESSAGES)
    .map((one) => `istioctl analyze finds a new error in the changed configuration: ${say(one)}`)
  const warnings = fresh
    .filter(({ level }) => level !== 'Error')
    .slice(0, MOST_MESSAGES)
    .map((one) => `istioctl analyze has a new message for the changed configuration: ${say(one)}`)
  const quiet = fresh.length === 0 ? [`istioctl analyze finds nothing new in the changed configuration.${away}`] : []
  return { notes: [...warnings, ...quiet], errors }
}
