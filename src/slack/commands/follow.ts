import { parseFollow } from '../../diagnosis/follow/question.ts'
import { UserError } from '../../mesh/user-error.ts'
import { startRun } from '../thread/start-run.ts'
import { defineCommand } from './command.ts'
import { readArguments } from './words.ts'
import { defined } from '../../mesh/defined.ts'

const usage =
  'follow HOST[:PORT][/PATH] [-n NAMESPACE] [--from ingress|deploy/NAME|pod/NAME] [--method METHOD] [--header NAME=VALUE]'
const EXAMPLES = [
  '/mesh follow catalog.istioinaction.io/items --from ingress',
  '/mesh follow catalog -n istioinaction --from deploy/webapp --header x-user=ana',
]

/** Follows one request through Envoy, hop by hop. */
export const follow = defineCommand({
  name: 'follow',
  usage,
  about:
    'follows one request through Envoy: listener, route, cluster, endpoints, the callee’s side; says at which hop it fails',
  asks: ['follow'],
  async run(deps, asking, words) {
    const {
      words: [text, ...more],
      namespace,
      values,
    } = readArguments(words, usage, {
      '--from': { value: 'caller: ingress, deploy/NAME or pod/NAME' },
      '--method': { value: 'method' },
      '--header': { value: 'header, NAME=VALUE', many: true },
    })
    if (text === undefined) throw new UserError({ why: 'No host was given.', commands: EXAMPLES })
    if (more.length > 0)
      throw new UserError({
        why: `One request at a time: ${JSON.stringify(more[0]?.slice(0, 60))} is one too many.`,
        commands: [`/mesh ${usage}`],
      })
    const { '--from': [from] = [], '--method': [method] = [], '--header': headers } = values
    parseFollow(text, { namespace, from, method, headers })
    await startRun(deps, asking, {
      kind: 'follow',
      text,
      ...defined({ namespace }),
      follow: { ...defined({ from, method }), ...(headers !== undefined && { headers: [...headers] }) },
    })
  },
})
