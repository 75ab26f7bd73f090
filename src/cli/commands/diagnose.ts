import { Option } from 'commander'
import type { DiagnoseOptions } from '../diagnose-and-tell.ts'
import { defineCommand } from './command.ts'
import { context, namespace, output, record, replay, seconds } from './options.ts'

/** `mesh-medic diagnose`: why a workload misbehaves. */
export const diagnose = defineCommand({
  name: 'diagnose',
  summary: 'find out why a workload misbehaves',
  description:
    'Looks at a target through istioctl, the API server, its proxies and their logs, and names the cause. Changes nothing; sends nothing unless --probe is given.',
  takes: (command) =>
    command
      .argument('<target>', 'a service (catalog, catalog.shop), deploy/NAME, pod/NAME, a host or a URL')
      .addOption(namespace())
      .addOption(context())
      .addOption(output('text', 'json', 'markdown'))
      .option(
        '--timeout <seconds>',
        'how long one read may take; what takes longer is reported as not seen (default: 20)',
        seconds,
      )
      .option(
        '--window <duration>',
        'how far back requests count, if nothing was changed since: 30s to 24h (default: 15m)',
      )
      .option(
        '-v, --verbose',
        'list everything: each finding with its proofs, each class of requests that was followed, what was read and ruled out',
      )
      .addOption(record())
      .addOption(replay())
      .addOption(
        new Option(
          '--probe',
          'send a GET or HEAD through the gateway for kinds of requests that were not seen in the logs (default: send nothing)',
        ).conflicts('record'),
      ),
  notes: `What --probe does:
  Without it nothing is sent, and where there is no traffic, only the configuration is known. With it, for each kind of request that comes through a gateway
  and was not seen, one GET or HEAD goes through a port-forward to the gateway's own pod, and is then looked for in the access logs. At most 8
  requests; what is sent, and what is not and why, is written to standard error first. Requests between workloads are not probed.
  It needs permission to create pods/portforward. The application gets a real request, with the header x-mesh-medic-probe.

What --record and --replay do:
  A recording is one JSON file with everything that was read; it gives the same report anywhere, without a cluster. The contents of Secrets, tokens, keys,
  the environment of applications and what they log are left out; names, addresses and configuration are included. \`follow\` takes such a file too.`,
  examples: [
    'mesh-medic diagnose catalog -n istioinaction',
    'mesh-medic diagnose catalog -n istioinaction --probe',
    'mesh-medic diagnose catalog.istioinaction -o json | jq .cause.finding',
    'mesh-medic diagnose catalog -n istioinaction --window 1h',
    'mesh-medic diagnose deploy/catalog -n istioinaction --context staging',
    'mesh-medic diagnose http://catalog.istioinaction.io/items -o markdown > report.md',
    'mesh-medic diagnose catalog -n istioinaction --record mesh.json.gz',
    'mesh-medic diagnose catalog -n istioinaction --replay mesh.json.gz',
  ],
  run: async (target: string, options: DiagnoseOptions) => (await import('../diagnose.ts')).diagnose(target, options),
})
