import type { RichTextBlock } from '@slack/types'
import type { Finding } from '../../checks/check.ts'
import { problemOf, proofs, remedy, sentence, STANDINGS } from '../../report/telling.ts'
import { clean, cut } from './escape.ts'
import { fit } from './fit.ts'
import { bold, code, line, link, mark, pre, rich, sentencePieces, text, type Piece, type SlackMessage } from './rich.ts'
import type { TellingOptions } from './telling-options.ts'

/** Characters of one proof's sentence, command and quote. */
const MOST = { says: 700, command: 700, quote: 1_800 }
const MOST_PROOFS = 8

/** A finding's code, linked to its page when there is one. */
export function codePiece(findingCode: string, docsUrl: string | undefined): Piece {
  return docsUrl === undefined
    ? code(findingCode)
    : link(`${docsUrl.replace(/\/$/, '')}/${findingCode}.md`, findingCode)
}

/** The sentence of a finding as pieces. */
export const findingSentence = (finding: Finding, { checks }: TellingOptions): Piece[] => [
  ...sentencePieces(sentence(checks, finding, mark)),
  text('.'),
]

const ROLES = { cause: 'Cause', candidate: 'One of' }

/** One finding with its proof: each proof's sentence, the command that shows the same, and what it showed; then the remedy. */
export function findingMessage(
  finding: Finding,
  options: TellingOptions & { role?: keyof typeof ROLES | undefined; explains?: readonly Finding[] },
): SlackMessage {
  const { checks, docsUrl, role, explains = [] } = options
  const shown = proofs(finding)
  const title = `${role === undefined ? 'Finding' : ROLES[role]}: ${problemOf(checks, finding).title}`
  const elements: RichTextBlock['elements'] = [
    line(bold(title), text('  '), codePiece(finding.code, docsUrl), text(` ${finding.check}, ${finding.severity}`)),
    line(...findingSentence(finding, options)),
    line(text(`${STANDINGS[finding.standing]}.`)),
    ...shown
      .slice(0, MOST_PROOFS)
      .flatMap((proof, index) => [
        line(text(`${index + 1}. ${cut(clean(proof.says), MOST.says)}`)),
        pre(proof.source, MOST.command),
        ...(proof.quote === undefined || proof.quote === '' ? [] : [line(text('shows')), pre(proof.quote, MOST.quote)]),
      ]),
    ...(explains.length === 0
      ? []
      : [
          line(
            bold('Explains  '),
            text([...new Set(explains.map(({ code: one, check }) => `${one} ${check}`))].join(', ')),
          ),
        ]),
    line(bold('Remedy  '), ...sentencePieces(remedy(checks, finding, mark))),
  ]
  return fit({
    text: `${title}: ${sentence(checks, finding)}`,
    blocks: elements.map((element) => rich(element)),
    isCut:
      shown.length > MOST_PROOFS ||
      shown.some(
        ({ quote = '', source, says }) =>
          quote.length > MOST.quote || source.length > MOST.command || says.length > MOST.says,
      ),
  })
}
