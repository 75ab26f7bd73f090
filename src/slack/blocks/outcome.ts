import type { Baseline, ChangeRecord } from '../../fixes/record.ts'
import { buttonRow, type ButtonSpec } from './buttons.ts'
import { clean, cut, shorten } from './escape.ts'
import { fit } from './fit.ts'
import { refIn } from './proposal.ts'
import type { Part } from './part.ts'
import {
  bold,
  bullets,
  clockTime,
  code,
  line,
  lines,
  person,
  pre,
  rich,
  text,
  type Piece,
  type SlackMessage,
} from './rich.ts'

/** Characters. */
const MOST = { sentence: 1_200, cell: 40, shown: 1_300 }
const MOST_WROTE = 12
const MOST_FLAGS = 8
/** Looks that share a message of the thread, and messages. */
const LOOKS_EACH = 3
const MOST_PARTS = 6

const sentence = (value: string): Piece => text(cut(clean(value), MOST.sentence))
const isPerson = (user: string): boolean => /^[UW][A-Z0-9_]+$/.test(user)

const PROVED: Readonly<Record<NonNullable<ChangeRecord['proof']>['outcome'], readonly [string, string]>> = {
  gone: ['🟢', 'Gone'],
  'still there': ['🔴', 'Still there'],
  unclear: ['🟡', 'Unclear'],
  worse: ['🔴', 'Worse'],
}

/** Icon and words for how far an approved change has come. */
function stateOf({ state, proof, undo, wrote = [] }: ChangeRecord): readonly [string, string] {
  if (undo?.state === 'failed') return ['⚫', 'Undoing failed']
  if (state === 'undone') return ['⚪', 'Undone']
  if (state === 'undoing') return ['⏱', 'Undoing']
  if (state === 'failed') return ['⚫', wrote.length === 0 ? 'Not applied' : 'Applied in part only']
  if (state === 'superseded') return ['↪️', 'Not applied']
  if (proof !== undefined) return PROVED[proof.outcome]
  if (state === 'applied') return ['⏱', 'Applied; proof under way']
  return ['⏱', state === 'applying' ? 'Applying' : 'Approved; about to be applied']
}

/** What came of an approved change: written when and as whom, proved how, undone by whom. */
export function outcomeMessage(change: ChangeRecord, buttons: readonly ButtonSpec[]): SlackMessage {
  const { title, failure, proof, baseline, undoSays } = change
  const [icon, says] = stateOf(change)
  const facts = [...approvalFacts(change), ...undoFacts(change)]
  return fit({
    text: `${icon} ${says}: ${title}`,
    blocks: [
      rich(
        line(text(`${icon} `), bold(says), text('  '), bold(cut(clean(title), 200))),
        ...(proof === undefined ? [] : [line(sentence(proof.says))]),
      ),
      ...(facts.length === 0 ? [] : [rich(lines(facts))]),
      ...wroteBlocks(change),
      ...(failure === undefined ? [] : [rich(line(bold('It failed')), pre(failure, MOST.sentence))]),
      ...(proof === undefined ? [] : [rich(pre(comparison(baseline, proof.after)))]),
      ...(buttons.length === 0 ? [] : [rich(line(bold('Undo  '), sentence(undoSays)))]),
      rich(line(text(`change ${change.id}`))),
      ...buttonRow(buttons),
    ],
    isCut: [failure, proof?.says, undoSays].some((one = '') => one.length > MOST.sentence),
  })
}

/** What came of undoing a change, for the run that does it. */
export function undoMessage(change: ChangeRecord): SlackMessage {
  const [icon, says] = stateOf(change)
  return fit(
    {
      text: `${icon} ${says}: ${change.title}`,
      blocks: [
        rich(line(text(`${icon} `), bold(says), text('  '), bold(cut(clean(change.title), 200)))),
        rich(lines(undoFacts(change))),
        rich(line(text(`change ${change.id}`))),
      ],
    },
    { hasFile: false },
  )
}

const asPieces = ({ user, groups }: { user: string; groups: readonly string[] }): Piece[] => [
  code(cut(clean(user), 200)),
  ...(groups.length === 0 ? [] : [text(' ('), code(cut(clean(groups.join(', ')), 400)), text(')')]),
]

function approvalFacts({ decided, requester, as }: ChangeRecord): Piece[][] {
  return [
    ...(decided === undefined
      ? []
      : [
          [
            bold('Approved  '),
            text('by '),
            person(decided.user),
            text(' at '),
            clockTime(decided.at),
            text('; asked for by '),
            person(requester.user),
          ],
        ]),
    ...(as === undefined ? [] : [[bold('In Kubernetes  '), text('as '), ...asPieces(as)]]),
  ]
}

function undoFacts({ undo }: ChangeRecord): Piece[][] {
  if (undo === undefined) return []
  const word = undo.state === 'undone' ? 'Undone' : undo.state === 'undoing' ? 'Being undone' : 'Undoing failed'
  return [
    [
      bold(`${word}  `),
      ...(isPerson(undo.user) ? [text('asked for by '), person(undo.user)] : [text('automatically')]),
      text(' at '),
      clockTime(undo.at),
      text(', as '),
      ...asPieces(undo.as),
    ],
    ...(undo.why === '' || isPerson(undo.user) ? [] : [[bold('Why  '), sentence(undo.why)]]),
    ...(undo.says === undefined ? [] : [[bold('It said  '), sentence(undo.says)]]),
  ]
}

/** Each write as the API server answered it. */
function wroteBlocks({ wrote = [], writes }: ChangeRecord): SlackMessage['blocks'] {
  if (wrote.length === 0) return []
  const items = wrote
    .slice(0, MOST_WROTE)
    .map(({ ref, version, at }): Piece[] => [
      code(refIn(ref)),
      text(
        version === undefined
          ? ' deleted'
          : ` written: resourceVersion ${version.resourceVersion}${version.generation === undefined ? '' : `, generation ${version.generation}`}`,
      ),
      text(', '),
      clockTime(at),
    ])
  return [
    rich(
      line(
        bold(`The API server accepted ${wrote.length} of ${writes.length} ${writes.length === 1 ? 'write' : 'writes'}`),
      ),
      bullets(items),
    ),
  ]
}

/** A baseline and what was seen after the change as a table of plain text. */
export function comparison(before: Baseline, after: Baseline): string {
  const flags = [...new Set([before, after].flatMap(({ traffic }) => Object.keys(traffic?.flags ?? {})))].toSorted()
  const rows: [string, string, string][] = [
    ['', 'before', 'after'],
    ['verdict', before.verdict, after.verdict],
    ['findings', findingsIn(before), findingsIn(after)],
    ['requests', requestsIn(before), requestsIn(after)],
    ['failed', failedIn(before), failedIn(after)],
    ...flags
      .slice(0, MOST_FLAGS)
      .map((flag): [string, string, string] => [flag, flagIn(before, flag), flagIn(after, flag)]),
  ]
  const cells = rows.map((row) => row.map((cell) => shorten(clean(cell).replace(/\s+/g, ' '), MOST.cell)))
  const widths = [0, 1].map((column) => Math.max(...cells.map((row) => (row[column] ?? '').length)))
  const more = flags.length > MOST_FLAGS ? `\nand ${flags.length - MOST_FLAGS} more codes and flags` : ''
  return (
    cells
      .map((row) =>
        row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join('  ')
          .trimEnd(),
      )
      .join('\n') + more
  )
}

const findingsIn = ({ findings }: Baseline): string =>
  findings.length === 0
    ? 'none'
    : [...new Set(findings.map(({ code: one, standing }) => `${one} ${standing}`))].join(', ')
const requestsIn = ({ traffic }: Baseline): string => (traffic === undefined ? 'none seen' : String(traffic.requests))
const failedIn = ({ traffic }: Baseline): string =>
  traffic === undefined
    ? '-'
    : `${traffic.failed}${traffic.requests === 0 ? '' : ` (${Math.round((100 * traffic.failed) / traffic.requests)} %)`}`
const flagIn = ({ traffic }: Baseline, flag: string): string =>
  traffic === undefined ? '-' : String(traffic.flags[flag] ?? 0)

/** One look at the mesh, before the change and after it. */
interface Look {
  command: string
  before?: string
  after?: string
}

/** What was looked at before and after a change, the same look side by side. */
export function looksOf({ baseline, proof }: ChangeRecord): Look[] {
  const after = proof?.after.shown ?? []
  const both = baseline.shown.map(({ command, says }): Look => {
    const same = after.find((look) => look.command === command)
    return { command, before: says, ...(same !== undefined && { after: same.says }) }
  })
  const fresh = after
    .filter(({ command }) => baseline.shown.every((look) => look.command !== command))
    .map(({ command, says }): Look => ({ command, after: says }))
  return [...both, ...fresh]
}

/** What analyze, describe, clusters and endpoints showed before and after, for the thread, and that it was undone by itself; none before the proof. */
export function outcomeParts(change: ChangeRecord): Part[] {
  if (change.proof === undefined) return []
  const looks = looksOf(change)
  const groups = Array.from({ length: Math.min(MOST_PARTS, Math.ceil(looks.length / LOOKS_EACH)) }, (_, index) =>
    looks.slice(index * LOOKS_EACH, (index + 1) * LOOKS_EACH),
  )
  const parts = groups.map((group, index): Part => ({
    name: `looks-${index + 1}`,
    message: fit({
      text: 'Before and after',
      blocks: [rich(line(bold('Before and after'))), ...group.map(lookBlock)],
      isCut:
        (index === MOST_PARTS - 1 && looks.length > MOST_PARTS * LOOKS_EACH) ||
        group.some(({ before = '', after = '' }) => before.length > MOST.shown || after.length > MOST.shown),
    }),
  }))
  // An update of the outcome tells nobody; that something was taken back unasked, people hear.
  const isUnasked = change.undo !== undefined && change.undo.state !== 'undoing' && !isPerson(change.undo.user)
  return isUnasked ? [...parts, { name: 'undone-by-itself', message: undoMessage(change) }] : parts
}

/** Tells whoever asked for a change how it ended: an edit of a message tells nobody. None before the proof. */
export function askerTold(change: ChangeRecord): Part[] {
  const { requester, proof, title } = change
  if (proof === undefined) return []
  const [icon, says] = PROVED[proof.outcome]
  const message = fit(
    {
      text: `${icon} ${says}: ${title}`,
      blocks: [
        rich(
          line(
            person(requester.user),
            text(` ${icon} `),
            bold(cut(clean(title), 200)),
            text(`: ${says.toLowerCase()}. `),
            sentence(proof.says),
          ),
        ),
      ],
    },
    { hasFile: false },
  )
  return [{ name: 'asker-told', message }]
}

function lookBlock({ command, before, after }: Look): SlackMessage['blocks'][number] {
  const head = line(code(cut(clean(command), 300)))
  if (before !== undefined && before === after)
    return rich(head, line(text('the same before and after')), pre(before, MOST.shown))
  const shown = (when: string, says: string | undefined): Parameters<typeof rich> =>
    says === undefined ? [line(text(`${when}: not looked at`))] : [line(text(when)), pre(says, MOST.shown)]
  return rich(head, ...shown('before', before), ...shown('after', after))
}
