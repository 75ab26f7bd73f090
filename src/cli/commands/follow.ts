import type { FollowOptions } from '../follow.ts'
import { defineCommand } from './command.ts'
import { context, namespace, output, record, replay } from './options.ts'

/** `mesh-medic follow`: the way of one request. */
export const follow = defineCommand({
  name: 'follow',
  summary: 'follow one request through the proxies, and say where it fails',
  description:
    "Follows a request through its caller's live Envoy (listener, route, cluster, endpoints), then through the callee's, down to the pods. Sends nothing.",
  takes: (command) =>
    command
      .argument('<host>', 'HOST[:PORT][/PATH] or a URL, as the caller would write it')
      .addOption(namespace())
      .addOption(context())
      .addOption(output('text', 'json'))
      .addOption(record())
      .addOption(replay())
      .option(
        '--from <caller>',
        'the caller: ingress, deploy/NAME or pod/NAME (default: ingress when a Gateway accepts the host, else a workload of the namespace)',
      )
      .option('--method <method>', "the request's method (default: GET)")
      .option(
        '--header <name=value>',
        'a header of the request; may be given several times',
        (header: string, before: string[] | undefined) => [...(before ?? []), header],
      ),
  notes: `Exit codes:
  0 arrives   2 fails   3 unclear: it depends on what is not known, or not everything could be seen   64 bad usage   1 mesh-medic itself failed`,
  examples: [
    'mesh-medic follow catalog.istioinaction.io/items --from ingress',
    'mesh-medic follow catalog.istioinaction/items --from deploy/webapp -n istioinaction',
    'mesh-medic follow https://shop.example.com/cart --method POST --header x-canary=yes',
    'mesh-medic follow catalog.istioinaction.io/items --record mesh.json',
    "mesh-medic follow catalog.istioinaction.io/items -o json | jq '.dies, .clusters'",
  ],
  run: async (host: string, options: FollowOptions) => (await import('../follow.ts')).follow(host, options),
})
