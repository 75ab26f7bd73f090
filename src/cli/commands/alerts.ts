import { Option } from 'commander'
import { ALERT_SOURCES } from '../../alerts/alert.ts'
import type { ExplainOptions } from '../alerts-explain.ts'
import { defineCommand, defineGroup } from './command.ts'
import { output } from './options.ts'

/** `mesh-medic alerts`: what is made of alerts. */
export const alerts = defineGroup({
  name: 'alerts',
  summary: 'what is made of an alert: its target, and where it is told',
  description: 'Shows how alerts of Alertmanager, Grafana and PagerDuty are understood.',
  commands: [
    defineCommand({
      name: 'explain',
      summary: 'which target the alerts of a payload have, why, and where they would be posted',
      description:
        'Reads the body that Alertmanager (version 4), Grafana (version 1) or PagerDuty (V3) posts to a webhook, and says of each alert which workload it is about, by which label, and which channel it goes to. Exit code 0: every alert has a target and a channel; 3: some do not.',
      takes: (command) =>
        command
          .argument('<file>', 'a file with the JSON body; - for standard input')
          .addOption(
            new Option('--source <source>', 'who sent it (default: seen from the body)').choices(ALERT_SOURCES),
          )
          .addOption(output('text', 'json')),
      examples: [
        'mesh-medic alerts explain payload.json',
        'amtool alert query -o json | jq \'{version: "4", receiver: "team", status: "firing", groupKey: "", alerts: [.[] | {status: "firing", labels, annotations, startsAt, generatorURL, fingerprint}]}\' | mesh-medic alerts explain -',
      ],
      run: async (file: string, options: ExplainOptions) =>
        (await import('../alerts-explain.ts')).explainAlerts(file, options),
    }),
  ],
})
