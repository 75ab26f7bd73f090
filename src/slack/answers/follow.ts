import { follow, type FollowAnswer } from '../../capabilities/follow.ts'
import { CallerError } from '../../diagnosis/follow/caller.ts'
import { AmbiguousTargetError, UnknownTargetError } from '../../diagnosis/target-errors.ts'
import { UserError } from '../../mesh/user-error.ts'
import { followText } from '../../report/follow-text.ts'
import type { RunRecord } from '../../store/runs.ts'
import { followMessage, followParts } from '../blocks/follow.ts'
import { defineAnswer } from './answer.ts'
import { fileBase, fileText, type AnswerFile } from './file.ts'
import { pictureFile } from './picture-file.ts'
import { fullReportButton } from './report-buttons.ts'
import { runAgainButton } from './run-buttons.ts'

/** The path of a request, hop by hop, and as a picture. */
export const followAnswer = defineAnswer(follow, {
  doing: 'Following a request to',
  async shown({ records }, answer, run) {
    const { report } = answer
    const buttons = [await runAgainButton(records, run), await fullReportButton(records, run)]
    return {
      message: followMessage(report, run, buttons),
      parts: followParts(report),
      file: () => readable(answer, run),
      picture: () => pictureFile(report, run),
    }
  },
  full: { readable, json: ({ report }) => report },
  refused: (error, request) => {
    const commands = commandsFor(error, request)
    return commands && new UserError({ why: error.why, commands }, { code: error.code, cause: error })
  },
})

function readable({ report }: FollowAnswer, run: RunRecord): AnswerFile {
  return { name: `${fileBase(run)}.txt`, title: 'The whole path', content: fileText(followText(report)) }
}

type FollowRequest = Parameters<NonNullable<typeof followAnswer.refused>>[1]

/** Lines that ask for the same with what would work. */
function commandsFor(error: UserError, request: FollowRequest): string[] | undefined {
  if (error instanceof CallerError) return error.callers.slice(0, 5).map((from) => followCommand(request, { from }))
  if (error instanceof AmbiguousTargetError)
    return error.choices.slice(0, 10).map(({ namespace = '' }) => followCommand(request, { namespace }))
  if (!(error instanceof UnknownTargetError)) return undefined
  const { form } = error.query
  const isCaller = form === 'deploy' || form === 'pod'
  return error.nearest
    .slice(0, 5)
    .map((name) => followCommand(request, isCaller ? { from: `${form}/${name}` } : { text: name }))
}

/** `/mesh follow` as it was typed, but for what is given otherwise. */
function followCommand(
  { text, namespace, follow: { from, method, headers = [] } = {} }: FollowRequest,
  otherwise: { text?: string; namespace?: string; from?: string } = {},
): string {
  const caller = otherwise.from ?? from
  const scope = otherwise.namespace ?? namespace
  const added = headers.map((header) => ` --header ${/\s/.test(header) ? `'${header}'` : header}`)
  return `/mesh follow ${otherwise.text ?? text}${scope === undefined ? '' : ` -n ${scope}`}${caller === undefined ? '' : ` --from ${caller}`}${method === undefined ? '' : ` --method ${method}`}${added.join('')}`
}
