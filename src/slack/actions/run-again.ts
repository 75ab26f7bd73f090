import { COMMANDS } from '../commands/index.ts'
import { startRun } from '../thread/start-run.ts'
import { defineAction } from './action.ts'
import { runOf } from './run-of.ts'

/** Asks the same once more, as the person who pressed; the answer is a new message. */
export const runAgain = defineAction({
  name: 'run-again',
  async run(deps, asking, press) {
    const { request } = await runOf(deps, press)
    const command = COMMANDS.find(({ asks }) => asks.includes(request.kind))
    await (command?.again?.(deps, asking, request) ?? startRun(deps, asking, request))
  },
})
