import { showChange } from './diff.ts'
import { parseEdited } from './manifest.ts'
import type { Proposal, Write } from './proposal.ts'
import type { ChangeRecord } from './record.ts'
import { writesOf } from './apply.ts'

/** Between the documents of a change with several writes. */
const BETWEEN = '---\n'

/** The YAML of a change that a person may edit; undefined when it has none (it only deletes). */
export function editableText({ writes }: Pick<ChangeRecord, 'writes'>): string | undefined {
  const manifests = writes.flatMap((write) =>
    write.verb === 'apply' ? [write.manifest.endsWith('\n') ? write.manifest : `${write.manifest}\n`] : [],
  )
  return manifests.length === 0 ? undefined : manifests.join(BETWEEN)
}

/** Places of that YAML whose values are shown to nobody but who may approve: secrets. */
export const hiddenIn = ({ writes }: Pick<ChangeRecord, 'writes'>): string[] =>
  writes.flatMap((write) =>
    write.verb === 'apply' ? showChange(write.ref.name, undefined, write.manifest).hidden : [],
  )

/**
 * A change as a person edited it: the same objects, other contents.
 * @throws EditError when the text is no YAML, or speaks of other objects
 */
export function editProposal(change: ChangeRecord, text: string): Proposal {
  const writes = writesOf(change.writes)
  const edited = parseEdited(
    text,
    writes.flatMap((write) => (write.verb === 'apply' ? [write] : [])),
  )
  const rest = [...edited]
  const next = writes.map((write): Write =>
    write.verb === 'apply' ? { ...write, manifest: rest.shift() ?? write.manifest } : write,
  )
  const [first, ...more] = next
  if (first === undefined) throw new TypeError(`change ${change.id} has no writes`)
  return {
    act: change.act,
    for: change.for as Proposal['for'],
    title: `${change.title.replace(/ \(edited\)$/, '')} (edited)`,
    why: change.why,
    effect: change.effect,
    risk: change.risk,
    undo: change.undoSays,
    writes: [first, ...more],
  }
}
