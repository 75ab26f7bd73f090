import type { Finding } from '../../checks/check.ts'
import { sentence } from '../../report/telling.ts'
import { code, link, mark, sentencePieces, text, type Piece } from './rich.ts'
import type { TellingOptions } from './telling-options.ts'

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
