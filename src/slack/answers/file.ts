import type { RunRecord } from '../../store/runs.ts'
import { cut } from '../blocks/escape.ts'

/** Characters of a file; a browser still opens it. */
const MOST_IN_FILE = 8_000_000

/** A file for a thread. Its name is the run's own. */
export interface AnswerFile {
  name: string
  title: string
  content: string | Buffer
  /** What a picture shows, for those who can't see it. */
  altText?: string
}

/** A word for the name of a file. */
export const fileWord = (text: string): string => text.replace(/[^A-Za-z0-9.-]+/g, '-').slice(0, 60)

/** The name of a run's files, without their ending. */
export const fileBase = ({ id, request }: RunRecord): string =>
  `mesh-medic-${fileWord(request.target?.name ?? request.kind)}-${id}`

/** As much of a text as a file takes. */
export const fileText = (text: string): string => cut(text, MOST_IN_FILE)

/** The answer for programs: of a diagnosis the same as `mesh-medic diagnose -o json`. */
export const jsonFile = (value: unknown, run: RunRecord): AnswerFile => ({
  name: `${fileBase(run)}.json`,
  title: 'The report as JSON',
  content: JSON.stringify(value, null, 2),
})
