import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'

/** A rule as it is written. */
export interface Rule {
  alert: string
  expr: string
  labels: Record<string, string>
}

/** A Prometheus with rules and an Alertmanager, both real, that end with the test. */
export interface AlertStack {
  alertmanager: string
  prometheus: string
  stop(): Promise<void>
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

async function ready(url: string): Promise<void> {
  const late = Date.now() + 60_000
  for (;;) {
    const response = await fetch(url).catch(() => undefined)
    if (response?.ok === true) return
    if (Date.now() > late) throw new Error(`${url} is not ready`)
    await sleep(300)
  }
}

/**
 * Starts both. Prometheus takes the counts of requests from the lab's own one (`/federate`), and evaluates the rules every two seconds; what fires goes to Alertmanager, and
 * from there to the webhook.
 */
export async function startAlertStack(
  lab: string,
  rules: readonly Rule[],
  webhook: { url: string; token: string; receiver: string },
): Promise<AlertStack> {
  const folder = mkdtempSync(join(tmpdir(), 'mesh-medic-alert-stack-'))
  const [alertmanager, prometheus] = [await freePort(), await freePort()]
  const write = (name: string, content: unknown): string => {
    const file = join(folder, name)
    // JSON is YAML.
    writeFileSync(file, JSON.stringify(content))
    return file
  }
  const rulesFile = write('rules.yml', {
    groups: [
      {
        name: 'mesh',
        rules: rules.map((rule) => ({ ...rule, annotations: { summary: `${rule.alert} of the live suite` } })),
      },
    ],
  })
  const prometheusFile = write('prometheus.yml', {
    global: { scrape_interval: '2s', evaluation_interval: '2s' },
    rule_files: [rulesFile],
    alerting: { alertmanagers: [{ static_configs: [{ targets: [`127.0.0.1:${alertmanager}`] }] }] },
    scrape_configs: [
      {
        job_name: 'lab',
        honor_labels: true,
        metrics_path: '/federate',
        params: { 'match[]': ['istio_requests_total'] },
        static_configs: [{ targets: [new URL(lab).host] }],
      },
    ],
  })
  const alertmanagerFile = write('alertmanager.yml', {
    route: {
      receiver: webhook.receiver,
      group_by: ['alertname'],
      group_wait: '1s',
      group_interval: '3s',
      repeat_interval: '1h',
    },
    receivers: [
      {
        name: webhook.receiver,
        webhook_configs: [
          { url: webhook.url, send_resolved: true, http_config: { authorization: { credentials: webhook.token } } },
        ],
      },
    ],
  })
  const started = [
    execa(
      'prometheus-alertmanager',
      [
        `--config.file=${alertmanagerFile}`,
        `--storage.path=${join(folder, 'alertmanager')}`,
        `--web.listen-address=127.0.0.1:${alertmanager}`,
        '--cluster.listen-address=',
      ],
      { reject: false, all: true },
    ),
    execa(
      'prometheus',
      [
        `--config.file=${prometheusFile}`,
        `--storage.tsdb.path=${join(folder, 'prometheus')}`,
        `--web.listen-address=127.0.0.1:${prometheus}`,
      ],
      { reject: false, all: true },
    ),
  ]
  const stack: AlertStack = {
    alertmanager: `http://127.0.0.1:${alertmanager}`,
    prometheus: `http://127.0.0.1:${prometheus}`,
    async stop() {
      for (const one of started) one.kill()
      await Promise.all(started)
      rmSync(folder, { recursive: true, force: true })
    },
  }
  try {
    await Promise.all([ready(`${stack.alertmanager}/-/ready`), ready(`${stack.prometheus}/-/ready`)])
  } catch (error) {
    await stack.stop()
    throw error
  }
  return stack
}
