import { parseFollow } from '../diagnosis/follow/question.ts'
import { follow as followRequest } from '../diagnosis/follow.ts'
import { carryOut } from './carry-out.ts'
import type { Processor, ProcessorDeps } from './processor.ts'

/** Follows one request through its proxies and tells the thread, hop by hop. */
export function follow(deps: ProcessorDeps): Processor {
  return carryOut(deps, async ({ request: { text, namespace, follow: words = {} } }, _thread, signal) => {
    const question = parseFollow(text, { namespace, ...words })
    return {
      kind: 'follow',
      report: await followRequest(question, deps.clients, {
        signal,
        stepTimeout: deps.stepTimeout,
        concurrency: deps.concurrency,
      }),
    }
  })
}
