import { createWriteStream, mkdtempSync, rmSync, statSync } from 'node:fs'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import type { Measured } from './logs-child.ts'
import { median, round, timed } from './figures.ts'

const LINES = 1_000_000
/** One in so many lines is a request to the target, and each other one of these was answered 504: a gateway's log holds the requests of many. */
const OF_TARGET = 125
const PAIRS = 3

type Format = 'json' | 'text'

/** A line as Istio writes it, by its number. */
function lineOf(format: Format, n: number): string {
  const isTarget = n % OF_TARGET === 0
  const isCut = n % (2 * OF_TARGET) === 0
  const at = new Date(Date.parse('2026-11-30T11:45:00Z') + Math.floor((n * 900_000) / LINES)).toISOString()
  const name = isTarget ? 'catalog' : `service-${n % 40}`
  const id = `${(n * 2_654_435_761).toString(16).padStart(12, '0').slice(0, 12)}-4b3c-9d2e-8f1a-${String(n).padStart(12, '0')}`
  const host = isTarget ? `10.244.0.${17 + (n % 3)}:3000` : `10.244.1.${n % 250}:8080`
  const cluster = `outbound|80|version-v2|${name}.istioinaction.svc.cluster.local`
  const [code, flags, details, duration, service] = isCut
    ? [504, 'UT', 'response_timeout', 501, undefined]
    : [200, '-', 'via_upstream', 3 + (n % 40), 2 + (n % 40)]
  if (format === 'text')
    return `[${at}] "GET /items/${n % 1000} HTTP/1.1" ${code} ${flags} ${details} - "-" 0 ${isCut ? 24 : 502} ${duration} ${service ?? '-'} "172.17.0.1" "curl/8.5.0" "${id}" "${name}.istioinaction.io" "${host}" ${cluster} 172.17.0.14:${30_000 + (n % 20_000)} 172.17.0.14:8080 172.17.0.1:${10_000 + (n % 50_000)} - -`
  return JSON.stringify({
    authority: `${name}.istioinaction.io`,
    bytes_received: 0,
    bytes_sent: isCut ? 24 : 502,
    connection_termination_details: null,
    downstream_local_address: '172.17.0.14:8080',
    downstream_remote_address: `172.17.0.1:${10_000 + (n % 50_000)}`,
    duration,
    method: 'GET',
    path: `/items/${n % 1000}`,
    protocol: 'HTTP/1.1',
    request_id: id,
    requested_server_name: null,
    response_code: code,
    response_code_details: details,
    response_flags: flags,
    route_name: null,
    start_time: at,
    upstream_cluster: cluster,
    upstream_host: host,
    upstream_local_address: `172.17.0.14:${30_000 + (n % 20_000)}`,
    upstream_service_time: service === undefined ? null : String(service),
    upstream_transport_failure_reason: null,
    user_agent: 'curl/8.5.0',
    x_forwarded_for: '172.17.0.1',
  })
}

async function write(file: string, format: Format): Promise<void> {
  const out = createWriteStream(file)
  const piece = 5000
  for (let n = 0; n < LINES; n += piece) {
    const lines = Array.from({ length: piece }, (_, index) => lineOf(format, n + index))
    if (!out.write(`${lines.join('\n')}\n`)) await once(out, 'drain')
  }
  out.end()
  await once(out, 'finish')
}

/**
 * A gateway's access log of 1,000,000 lines, read as a diagnosis reads it for one target, against `jq -c 'select(.response_code==504)'` over the same JSON: both find the
 * same lines. And the same as the log of a target's own proxy, of which all lines matter and the newest are kept.
 */
export async function benchLogs(): Promise<Record<string, unknown>> {
  const folder = mkdtempSync(join(tmpdir(), 'mesh-medic-bench-'))
  try {
    const files = { json: join(folder, 'json.log'), text: join(folder, 'text.log') }
    await write(files.json, 'json')
    await write(files.text, 'text')
    const printed = join(folder, 'printed')
    const jq = () =>
      execa('jq', ['-c', 'select(.response_code==504)', files.json], { stdin: 'ignore', stdout: { file: printed } })
    const child = async (how: 'target' | 'all', file: string): Promise<Measured> => {
      const { stdout } = await execa(process.execPath, [join(import.meta.dirname, 'logs-child.ts'), how, file], {
        stdin: 'ignore',
      })
      return JSON.parse(stdout) as Measured
    }
    const times: { jq: number; json: Measured; text: Measured; allJson: Measured; allText: Measured }[] = []
    for (let pair = 0; pair < PAIRS; pair += 1)
      times.push({
        json: await child('target', files.json),
        text: await child('target', files.text),
        allJson: await child('all', files.json),
        allText: await child('all', files.text),
        jq: await timed(jq),
      })
    const { stdout: found } = await execa('wc', ['-l', printed])
    const expected = Number(found.split(' ')[0])
    for (const one of times)
      for (const kind of ['json', 'text'] as const)
        if (one[kind].found !== expected) throw new Error(`${kind} found ${one[kind].found} lines, jq ${expected}`)
    const of = (kind: Exclude<keyof (typeof times)[number], 'jq'>): Record<string, number> => ({
      milliseconds: Math.round(median(times.map((one) => one[kind].milliseconds))),
      timesFasterThanJq: round(median(times.map((one) => one.jq / one[kind].milliseconds))),
      residentMegabytes: Math.round(Math.max(...times.map((one) => one[kind].resident))),
      blockedMilliseconds: round(median(times.map((one) => one[kind].blocked))),
    })
    return {
      lines: LINES,
      pairs: PAIRS,
      megabytes: {
        json: Math.round(statSync(files.json).size / 1e6),
        text: Math.round(statSync(files.text).size / 1e6),
      },
      jqMilliseconds: Math.round(median(times.map((one) => one.jq))),
      asADiagnosisReads: { json: of('json'), text: of('text') },
      ofWhichAllLinesMatter: { json: of('allJson'), text: of('allText') },
      textAgainstJson: round(median(times.map(({ json, text }) => text.milliseconds / json.milliseconds))),
      wanted: 'json >= 5 times faster than jq, text as fast as json, resident < 200, blocked <= 50',
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
