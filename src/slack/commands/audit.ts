import { UnknownTargetError } from '../../diagnosis/target-errors.ts'
import { targetKey } from '../../mesh/target.ts'
import { parseTarget, type TargetQuery } from '../../mesh/target-query.ts'
import { AuditChain, readEntry, storedAudit, type AuditEntry } from '../../store/audit.ts'
import { tell } from '../access/asking.ts'
import { auditMessage, MOST_EVENTS, type AuditAnswer } from '../blocks/audit.ts'
import type { SlackDeps } from '../deps.ts'
import { findTarget } from '../access/find-target.ts'
import { requireViewer } from '../access/require-role.ts'
import { seesEverything } from '../access/sees-everything.ts'
import type { Records } from '../../store/records.ts'
import { readRun } from '../../store/runs.ts'
import { UserError } from '../../mesh/user-error.ts'
import { defineCommand } from './command.ts'
import { readArguments } from './words.ts'
import { defined } from '../../mesh/defined.ts'

const usage = 'audit [TARGET] [-n NAMESPACE]'

/** Shows the last events of the audit in this channel, of all or of one target, and whether the chain is whole. */
export const audit = defineCommand({
  name: 'audit',
  usage,
  about: 'shows who asked for, approved and changed what in this channel, and whether that record is complete',
  asks: [],
  async run(deps, asking, words) {
    const isAll = await seesEverything(deps, asking)
    if (!isAll) await requireViewer(deps, asking)
    const {
      words: [text, ...more],
      namespace,
    } = readArguments(words, usage)
    if (more.length > 0) throw new UserError({ why: 'One target at a time.', commands: [`/mesh ${usage}`] })
    if (text === undefined && namespace !== undefined)
      throw new UserError({ why: 'A namespace alone is not a target.', commands: [`/mesh ${usage}`] })
    const asked = text === undefined ? undefined : await askedFor(deps, parseTarget(text, namespace))
    const answer = await lastEvents(deps, { isAsked: asked?.is, channel: isAll ? undefined : asking.channel })
    if (answer.count === 0 && asked?.unknown !== undefined) throw asked.unknown
    await tell(deps, asking, auditMessage({ ...answer, ...defined({ target: text }) }))
  },
})

type IsAsked = (target: string) => boolean

/** Which events are meant. A target that the cluster does not have (any more) is looked for by its name; `unknown` says why it was not found. */
async function askedFor(deps: SlackDeps, query: TargetQuery): Promise<{ is: IsAsked; unknown?: Error }> {
  try {
    const key = targetKey(await findTarget(deps, query, (target) => `/mesh audit ${target}`))
    return { is: (target) => target === key }
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    if (!(error.cause instanceof UnknownTargetError) && error.cause !== undefined) throw error
    const [name, namespace] = [query.name.toLowerCase(), query.namespace]
    return {
      is: (target) => target.endsWith(`/${name}`) && (namespace === undefined || target.split('/')[1] === namespace),
      unknown: error,
    }
  }
}

/**
 * One pass over everything: the chain needs every entry, the answer only the last few.
 * @param channel whose matters are meant; absent: all
 */
async function lastEvents(
  { records }: SlackDeps,
  { isAsked, channel }: { isAsked: IsAsked | undefined; channel: string | undefined },
): Promise<AuditAnswer> {
  const chain = new AuditChain()
  const channels = new RunChannels(records)
  const last: { sequence: number; entry: AuditEntry }[] = []
  let count = 0
  for await (const stored of storedAudit(records)) {
    chain.add(stored)
    const entry = readEntry(stored)
    if (entry === undefined) continue
    channels.note(entry)
    if (isAsked !== undefined && (entry.target === undefined || !isAsked(entry.target))) continue
    if (channel !== undefined && (await channels.of(entry)) !== channel) continue
    count += 1
    last.push({ sequence: stored.sequence, entry })
    if (last.length > MOST_EVENTS) last.shift()
  }
  return { events: last.toReversed(), count, verdict: chain.verdict }
}

/** Where runs were asked for, by what the audit says of them, or their records. */
class RunChannels {
  private readonly known = new Map<string, string | undefined>()
  private readonly records: Records
  constructor(records: Records) {
    this.records = records
  }

  /** Takes in an entry that names a channel. */
  note({ run, facts }: AuditEntry): void {
    if (run !== undefined && typeof facts.channel === 'string') this.known.set(run, facts.channel)
  }

  /** The channel an entry belongs to; undefined for what belongs to none, or is not known any more. */
  async of({ run, facts }: AuditEntry): Promise<string | undefined> {
    if (typeof facts.channel === 'string') return facts.channel
    if (run === undefined) return undefined
    if (!this.known.has(run)) this.known.set(run, (await readRun(this.records, run).catch(() => undefined))?.channel)
    return this.known.get(run)
  }
}
