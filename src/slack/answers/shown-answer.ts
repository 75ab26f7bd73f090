import type { Part } from '../blocks/part.ts'
import type { SlackMessage } from '../blocks/rich.ts'

/** A file for a thread. Its name is the run's own. */
export interface AnswerFile {
  name: string
  title: string
  content: string | Buffer
  /** What a picture shows, for those who can't see it. */
  altText?: string
}

/** All that an answer shows: the run's message, what its thread says beyond it, and the whole in a file, for when something did not fit. */
export interface ShownAnswer {
  message: SlackMessage
  parts: readonly Part[]
  file?: () => AnswerFile
  /** Shown in the thread before the parts; without it nothing is missing. */
  picture?: () => Promise<AnswerFile>
}
