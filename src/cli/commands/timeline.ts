import type { TimelineOptions } from '../timeline.ts'
import { defineCommand } from './command.ts'
import { context, namespace, output } from './options.ts'

/** `mesh-medic timeline`: what happened to one request, told from proxies' debug logs. */
export const timeline = defineCommand({
  name: 'timeline',
  summary: "what happened to one request, step by step, from proxies' debug logs",
  description:
    "Finds one request in the debug logs of Envoy, of a target's proxies and the ingress gateways or saved ones, and tells what happened to it in each proxy: connections and streams, route, waiting, timeout or reset, who closed what and when. Without --request-id, --status or --path it shows the latest failed request. What two proxies logged is joined by the request's id and by the connection between them, never by a guess.",
  takes: (command) =>
    command
      .argument('[target]', 'a service (catalog, catalog.shop), deploy/NAME or pod/NAME')
      .addOption(namespace())
      .addOption(context())
      .option(
        '--file <log>',
        "a saved log of a proxy, the caller's first; may be given several times",
        (file: string, before: string[] | undefined) => [...(before ?? []), file],
      )
      .option(
        '--capture <pcap>',
        'packets that were captured meanwhile: streams with the ports of its connections are told too; may be given several times',
        (file: string, before: string[] | undefined) => [...(before ?? []), file],
      )
      .option('--request-id <id>', 'the request with this x-request-id')
      .option('--status <code>', 'a request that was answered so; 0 for one whose caller went away')
      .option('--path <path>', 'a request for this path')
      .option('--window <duration>', 'how far back the logs of a target are read: 30s to 24h (default: 5m)')
      .option('--wait <time>', 'wait so long for such a request: 2m (default: not at all)')
      .option('--lines <file>', 'write the lines of the request to a file, redacted')
      .option('--picture <file>', 'draw it to a file, as SVG')
      .addOption(output('text', 'json')),
  examples: [
    'mesh-medic timeline catalog -n istioinaction --status 504 --wait 2m',
    'mesh-medic timeline --file ingress.log --file sidecar.log',
    'mesh-medic timeline --file ingress.log --file sidecar.log --capture lo.pcap',
    'mesh-medic timeline --file ingress.log --status 504 --path /items',
    'mesh-medic timeline --file ingress.log --request-id 6611c73c-d8ae-4175-b487-4c2ce30844b1 --lines request.log',
  ],
  run: async (target: string | undefined, options: TimelineOptions) =>
    (await import('../timeline.ts')).timeline(target, options),
})
