import { targetKey } from '../../mesh/target.ts'
import { parseTarget } from '../../mesh/target-query.ts'
import { auditEntries, verifyAudit, type AuditEntry } from '../../store/audit.ts'
import { tell } from '../asking.ts'
import { auditMessage, MOST_EVENTS } from '../blocks/audit.ts'
import { requireViewer } from '../require-viewer.ts'
import { RefusalError } from '../refusal-of.ts'
import { defineCommand } from './command.ts'
import { readArguments } from './words.ts'

const usage = 'audit [TARGET] [-n NAMESPACE]'
const PAGE = 1000

/** Shows the last events of the audit, of all or of one target, and whether the chain is whole. */
export const audit = defineCommand({
  name: 'audit',
  usage,
  about: 'shows who asked, approved, changed and lent what, and whether that record is whole',
  async run(deps, asking, words) {
    await requireViewer(deps, asking)
    const { words: [text, ...more], namespace } = readArguments(words, usage)
    if (more.length > 0) throw new RefusalError({ why: 'One target at a time.', commands: [`/mesh ${usage}`] })
    const key = text === undefined ? undefined : targetKey(await deps.directory.target(parseTarget(text, namespace)))
    const [verdict, all] = [await verifyAudit(deps.records), await everyEntry(deps.records)]
    const ours = key === undefined ? all : all.filter(({ entry }) => entry.target === key)
    await tell(deps, asking, auditMessage({ events: ours.slice(-MOST_EVENTS).toReversed(), count: ours.length, verdict, ...(text !== undefined && { target: text }) }))
  },
})

async function everyEntry(records: Parameters<typeof auditEntries>[0]): Promise<{ sequence: number; entry: AuditEntry }[]> {
  const all: { sequence: number; entry: AuditEntry }[] = []
  for (;;) {
    const page = await auditEntries(records, { from: all.length + 1, limit: PAGE })
    all.push(...page)
    if (page.length < PAGE) return all
  }
}
