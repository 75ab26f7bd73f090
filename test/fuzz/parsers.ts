import { writeFileSync } from 'node:fs'
import fc, { type Arbitrary } from 'fast-check'
import { explainNotification } from '../../src/alerts/explain.ts'
import { explainText } from '../../src/alerts/explain-text.ts'
import { parseNotification, sourceOf } from '../../src/alerts/parse-notification.ts'
import { matchedLabels } from '../../src/alerts/matched-labels.ts'
import { selectorsOf } from '../../src/alerts/promql-selectors.ts'
import { explain } from '../../src/capture/capture-report.ts'
import { planCapture, tcpdumpArguments } from '../../src/capture/plan.ts'
import { CaptureReading } from '../../src/capture/read-capture.ts'
import { parseFollow } from '../../src/diagnosis/follow/question.ts'
import { UnseenError } from '../../src/evidence/clients/clients.ts'
import { missingPermission } from '../../src/evidence/clients/forbidden.ts'
import { ClusterConfigurationError, loadKubeConfig } from '../../src/evidence/clients/kubernetes.ts'
import { readRecording, RecordingFileError } from '../../src/evidence/clients/recording-file.ts'
import { replayClients } from '../../src/evidence/clients/recording.ts'
import { parseLogLevels } from '../../src/evidence/collectors/log-levels.ts'
import { inCamelCase } from '../../src/evidence/envoy-json.ts'
import { parseProxyDump } from '../../src/evidence/proxy-dump.ts'
import { redact, withoutSecrets } from '../../src/evidence/redaction.ts'
import { withoutApplications } from '../../src/evidence/redaction/objects.ts'
import { parseSecretDump } from '../../src/evidence/secret-dump.ts'
import { parseLevels } from '../../src/leases/log-levels/levels.ts'
import { countTraffic, failed, parseAccessLog } from '../../src/mesh/access-log.ts'
import { readerOf } from '../../src/mesh/access-log-format.ts'
import { parseAnalyzerMessages } from '../../src/mesh/analyzer.ts'
import { missesOf } from '../../src/mesh/authorization.ts'
import { milliseconds } from '../../src/mesh/duration.ts'
import { parseClusterName } from '../../src/mesh/envoy.ts'
import { hostMatches, hostsOverlap } from '../../src/mesh/host.ts'
import { authenticationRefusal, credentialRefusal, istiodWarnings } from '../../src/mesh/istiod-log.ts'
import { listeningIn } from '../../src/mesh/listening.ts'
import type { KubernetesObject } from '../../src/mesh/objects.ts'
import { parseProxyStatus } from '../../src/mesh/proxy-status.ts'
import { parseFlags, RESPONSE_FLAGS } from '../../src/mesh/response-flags.ts'
import { parseTarget } from '../../src/mesh/target-query.ts'
import { rawLines } from '../../src/report/timeline-lines.ts'
import { timelinePicture } from '../../src/report/timeline-picture.ts'
import { timelineText } from '../../src/report/timeline-text.ts'
import { textLog } from '../../src/timeline/log-bytes.ts'
import { LogReader } from '../../src/timeline/log-reader.ts'
import { timelineOf } from '../../src/timeline/timeline.ts'
import { UserError } from '../../src/mesh/user-error.ts'
import { visible } from '../../src/mesh/visible.ts'
import { matchesWhole } from '../../src/mesh/walk/regex.ts'
import { parseZtunnelConfig } from '../../src/mesh/ztunnel.ts'
import { parseZtunnelLog } from '../../src/mesh/ztunnel-log.ts'
import { captureText } from '../../src/report/capture-text.ts'
import { COMMANDS } from '../../src/slack/commands/index.ts'
import { readArguments, splitWords } from '../../src/slack/commands/words.ts'
import { deliveredOf, SlackRequest } from '../../src/slack/inbox/request.ts'
import { SUBMISSIONS } from '../../src/slack/modals/submissions.ts'
import { secretKinds } from '../evidence/secret-kinds.ts'
import { payload, sourceOfRule } from '../alerts/payload.ts'
import { recordingOf } from '../replay.ts'
import { asEnvoys, asJson, GATEWAY, OLD_GATEWAY, withShortIds } from '../timeline/recorded.ts'
import { nearlyCapture } from './captures.ts'
import { nearly, nearlyJson, nearlyJsonText, regex, text } from './inputs.ts'

/** A parser of foreign text: what it is given, and what must hold of whatever it makes of that. */
export interface Fuzzed<T = unknown> {
  inputs: Arbitrary<T>
  /** Throws when it does not hold. `file` is where a parser of files may read from. */
  holds(input: T, file: string): void | Promise<void>
}
const fuzzed = <T>(one: Fuzzed<T>): Fuzzed => one

function require(holds: boolean, says: string): void {
  if (!holds) throw new Error(says)
}

/** What a collector may throw: the reading is *unparsable* then. */
const UNPARSABLE = [SyntaxError, TypeError, UnseenError]

/** Does something that may throw errors of some kinds only. */
function mayThrow(kinds: readonly (abstract new (...args: never[]) => Error)[], act: () => unknown): void {
  try {
    act()
  } catch (error) {
    if (!kinds.some((kind) => error instanceof kind)) throw error
  }
}

const calls = (from: string) => recordingOf(from).calls
const MESHES = ['chapter-10/ill', 'token-issuer/ill', 'authorization-denied/ill', 'chapter-10/mended']
/** The answers to calls that begin so. */
const answers = (prefix: string): unknown[] =>
  MESHES.flatMap((from) =>
    calls(from).flatMap(({ call, json, text: printed }) => (call.startsWith(prefix) ? [json ?? printed] : [])),
  )
const lines = (prefix: string): string[] =>
  answers(prefix)
    .flatMap((log) => String(log).split('\n'))
    .filter((line) => line !== '')
const some = <T>(list: readonly T[], most: number): T[] =>
  list.filter((_, index) => index % Math.max(1, Math.floor(list.length / most)) === 0).slice(0, most)
/** Parts of a list, so that a change meets what matters and takes no time. */
const parts = (list: readonly unknown[]): unknown[] =>
  list.flatMap((one) => (Array.isArray(one) ? some(one as unknown[], 2) : [one]))
const small = (list: readonly unknown[]): unknown[] => list.filter((one) => JSON.stringify(one).length < 20_000)

const RULES = [
  'sum(rate(istio_requests_total{destination_service_name="catalog",response_code=~"5.."}[5m])) / sum(rate(istio_requests_total{destination_service_name="catalog"}[5m])) > 0.05',
  String.raw`{"http.requests", a='\'\x41', b=` + '`}`} # comment\n or up{job!~"a|b",} offset 5m',
]

const accessLines = some(lines('kubernetes log Pod '), 40).filter((line) => line.startsWith('['))
const istiodLines = some(lines('kubernetes log Pod istio-system/istiod'), 20)
const accessLog = nearly(...accessLines)
/** Messages of the recorded log, and all of it: in each form. */
const debugLog = nearly(
  GATEWAY,
  asJson(GATEWAY),
  ...[GATEWAY, OLD_GATEWAY, asJson(GATEWAY), asEnvoys(GATEWAY), withShortIds(GATEWAY)].flatMap((log) =>
    some(
      log.split('\n').map((_, index, all) => all.slice(index, index + 6).join('\n')),
      12,
    ),
  ),
)
const listeners = small(parts(answers('istioctl proxy-config listeners'))).slice(0, 6)
const routes = small(parts(answers('istioctl proxy-config routes'))).slice(0, 6)
const clusters = small(parts(answers('istioctl proxy-config clusters'))).slice(0, 6)
const objects = small(answers('kubernetes list').flatMap((list) => some(list as unknown[], 1)))
const kubeconfig = {
  apiVersion: 'v1',
  kind: 'Config',
  'current-context': 'lab',
  clusters: [{ name: 'lab', cluster: { server: 'https://10.0.0.1:6443', 'certificate-authority-data': 'YWJj' } }],
  users: [
    { name: 'reader', user: { token: 'a', exec: { command: 'aws', args: ['eks'], env: [{ name: 'A', value: 'b' }] } } },
  ],
  contexts: [{ name: 'lab', context: { cluster: 'lab', user: 'reader', namespace: 'shop' } }],
}
const recording = (() => {
  const whole = recordingOf('chapter-10/ill')
  return {
    ...whole,
    looks: whole.looks?.slice(0, 2),
    calls: whole.calls.filter(({ json }) => JSON.stringify(json ?? '').length < 500).slice(0, 3),
  }
})()
const snake = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value).replace(
      /"([a-z]+(?:[A-Z][a-z]+)+)":/g,
      (_, key: string) => `"${key.replace(/[A-Z]/g, (one) => `_${one.toLowerCase()}`)}":`,
    ),
  )
const configDump = {
  configs: [
    {
      '@type': 'type.googleapis.com/envoy.admin.v3.ListenersConfigDump',
      dynamic_listeners: [
        { name: 'l', active_state: { last_updated: '2026-11-30T00:00:00Z', listener: snake(listeners[0] ?? {}) } },
      ],
    },
    {
      '@type': 'type.googleapis.com/envoy.admin.v3.RoutesConfigDump',
      dynamic_route_configs: [{ route_config: snake(routes[0] ?? {}) }],
    },
    {
      '@type': 'type.googleapis.com/envoy.admin.v3.ClustersConfigDump',
      dynamic_active_clusters: [{ cluster: snake(clusters[0] ?? {}) }],
    },
    {
      '@type': 'type.googleapis.com/envoy.admin.v3.SecretsConfigDump',
      dynamic_active_secrets: [
        { name: 'default', secret: { tls_certificate: { certificate_chain: { inline_bytes: 'YWJj' } } } },
      ],
    },
  ],
}
const statuses = {
  cluster_statuses: [
    {
      name: 'outbound|80||a',
      host_statuses: [
        {
          address: { socket_address: { address: '10.0.0.1', port_value: 80 } },
          health_status: { eds_health_status: 'HEALTHY' },
        },
      ],
    },
  ],
}

const person = { id: 'U1', team_id: 'T1' }
const press = { type: 'block_actions', user: person, team: { id: 'T1' }, channel: { id: 'C1' }, container: { is_ephemeral: false }, message: { ts: '1.1', thread_ts: '1.0' }, actions: [{ action_id: 'cancel-run:1', value: 'abcdefghijkl' }], trigger_id: 't1', response_url: 'https://hooks.example/1' } // prettier-ignore
const slackBodies = [
  {
    command: '/mesh',
    text: 'diagnose catalog',
    user_id: 'U1',
    team_id: 'T1',
    channel_id: 'C1',
    trigger_id: 't1',
    response_url: 'https://hooks.example/1',
  },
  {
    type: 'event_callback',
    event_id: 'E1',
    team_id: 'T1',
    event: { type: 'app_mention', user: 'U1', channel: 'C1', text: '<@UBOT> status', ts: '1.1' },
  },
  {
    type: 'event_callback',
    event_id: 'E2',
    event: { type: 'message', channel_type: 'im', user: 'U1', channel: 'D1', text: 'help' },
  },
  press,
  ...Object.keys(SUBMISSIONS).map((callback) => ({
    type: 'view_submission',
    user: person,
    team: { id: 'T1' },
    trigger_id: 't2',
    view: { callback_id: callback, private_metadata: '{}', state: { values: {} } },
  })),
]

const SECRETS = secretKinds('fuzz')
const DNS = /^[a-z0-9.*-]+$/
const glob = nearly('/items/{*}', '/a/{**}/b', 'catalog.*', '*.shop', '*', '/{**}/{**}/{**}/{**}/{**}/{**}')
const host = nearly('catalog.shop.svc.cluster.local', '*.example.com', '*', 'shop/*.example.com', 'a.b')

/** Every parser of text that comes from a mesh, a person, Slack or a file. */
export const PARSERS: Readonly<Record<string, Fuzzed>> = {
  'access log format': fuzzed({
    inputs: fc.record({
      format: nearly(
        '[%START_TIME(%d/%b/%Y:%H:%M:%S %z)%] "%REQ(:METHOD)% %REQ(:PATH)%" %RESPONSE_CODE% %RESPONSE_FLAGS% "%REQ(USER-AGENT)%" %DURATION% "%REQ(X-TEAM)%"',
        '%START_TIME(%s.%3f)%|%RESPONSE_CODE%|%RESPONSE_FLAGS_LONG%|%CEL(request.path)%',
      ),
      line: nearly(
        '[01/Dec/2026:10:25:32 +0000] "GET /items" 504 UT "curl 8" 12 "a b"',
        '1796120732.123|504|UpstreamRequestTimeout|/items',
      ),
    }),
    holds({ format, line }) {
      const entry = readerOf(format)?.(line)
      if (entry !== undefined && entry !== null) new Date(entry.at).toISOString()
    },
  }),
  'access log': fuzzed({
    inputs: fc.oneof(
      accessLog,
      fc.array(accessLog, { maxLength: 4 }).map((all) => all.join('\n')),
    ),
    holds(log) {
      const read = parseAccessLog(log)
      countTraffic(read.lines)
      read.lines.forEach(failed)
      require(read.lines.length <= log.split('\n').length, 'more lines than there are')
    },
  }),
  "Envoy's debug log": fuzzed({
    inputs: fc.oneof(
      debugLog,
      fc.array(debugLog, { maxLength: 6 }).map((all) => all.join('\n')),
    ),
    async holds(log) {
      let lines = 0
      const reader = new LogReader({
        entry: ({ raw, at }) => {
          lines += raw.split('\n').length
          require(Number.isFinite(at), `no time: ${raw}`)
        },
        request: () => (lines += 1),
        other: () => (lines += 1),
      })
      const all = log.split('\n')
      all.forEach((line, index) => reader.line(line, index))
      reader.end()
      require(lines <= all.length, 'more lines than there are')
      try {
        const found = await timelineOf([textLog('a', log), textLog('b', log)], {})
        timelineText(found)
        timelinePicture(found)
        rawLines(found)
      } catch (error) {
        if (!(error instanceof UserError)) throw error
      }
    },
  }),
  'istiod log': fuzzed({
    inputs: nearly(
      ...istiodLines,
      '2026-11-30T00:00:00.000000Z\twarn\tads\tADS:LDS: ACK ERROR router~10.0.0.1~a-1.shop~shop.svc.cluster.local Internal:Error adding/updating listener',
    ),
    holds(log) {
      for (const { message } of istiodWarnings(log)) {
        credentialRefusal(message)
        authenticationRefusal(message)
      }
    },
  }),
  'ztunnel log': fuzzed({
    inputs: nearly(
      '2026-11-30T00:00:00.000000Z\terror\taccess\tconnection complete\tsrc.addr=10.0.0.1:5 src.workload="a" dst.addr=10.0.0.2:80 dst.hbone_addr=10.0.0.2:80 dst.service="b.shop.svc.cluster.local" direction="outbound" bytes_sent=0 bytes_recv=0 duration="0ms" error="connection closed"',
    ),
    holds: (log) => void parseZtunnelLog(log),
  }),
  'application log': fuzzed({
    inputs: nearly(
      'Server listening on port 3000',
      'listening on http://127.0.0.1:8080',
      'Tomcat started on port(s): 8080 (http)',
      '[::]:9090',
    ),
    holds: (log) => void listeningIn(log),
  }),
  'response flags': fuzzed({
    inputs: nearly('UF,URX', '-', 'DC', 'NR,UAEX'),
    holds(field) {
      for (const flag of parseFlags(field)) {
        const known = RESPONSE_FLAGS[flag] as { meaning?: unknown } | undefined
        require(known === undefined || typeof known.meaning === 'string', `what is no flag has a meaning: ${flag}`)
      }
    },
  }),
  'istioctl proxy-status': fuzzed({
    inputs: nearlyJsonText(...small(parts(answers('istioctl proxy-status')))),
    holds: (printed) => mayThrow(UNPARSABLE, () => parseProxyStatus(printed)),
  }),
  'istioctl analyze': fuzzed({
    inputs: nearlyJsonText(...small(answers('istioctl analyze')), [
      { code: 'IST0101', level: 'Error', message: 'no', origin: 'Pod a', documentationUrl: 'x', reference: 'y' },
    ]),
    holds: (printed) => mayThrow(UNPARSABLE, () => parseAnalyzerMessages(printed)),
  }),
  'istioctl ztunnel-config': fuzzed({
    inputs: nearlyJsonText({
      workloads: { a: { name: 'a', namespace: 'b', workloadIps: ['10.0.0.1'], protocol: 'HBONE', services: {} } },
      services: { s: { name: 's', namespace: 'b', vips: ['/10.1.1.1'], ports: { 80: 80 }, endpoints: {} } },
      policies: {
        p: {
          name: 'p',
          namespace: 'b',
          scope: 'Namespace',
          action: 'Allow',
          rules: [[{ principals: [{ Exact: 'a' }] }]],
        },
      },
      certificates: [],
      workloadState: {},
    }),
    holds: (printed) => mayThrow(UNPARSABLE, () => parseZtunnelConfig(printed)),
  }),
  'istioctl proxy-config secret': fuzzed({
    inputs: nearlyJsonText(...small(answers('istioctl proxy-config secret')), {
      dynamicActiveSecrets: [
        {
          name: 'default',
          lastUpdated: '2026-11-30T00:00:00Z',
          secret: {
            name: 'default',
            tlsCertificate: { certificateChain: { inlineBytes: 'LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCg==' } },
          },
        },
      ],
    }),
    holds: (printed) => mayThrow(UNPARSABLE, () => parseSecretDump(printed)),
  }),
  'istioctl proxy-config log': fuzzed({
    inputs: nearly('catalog-1.shop:\nactive loggers:\n  admin: warning\n  http: debug\n'),
    holds: (printed) => mayThrow(UNPARSABLE, () => parseLogLevels(printed)),
  }),
  'Envoy config dump': fuzzed({
    inputs: fc.tuple(nearlyJsonText(configDump), nearlyJsonText(statuses)),
    async holds(printed) {
      try {
        await parseProxyDump(printed)
      } catch (error) {
        if (!UNPARSABLE.some((kind) => error instanceof kind)) throw error
      }
    },
  }),
  'Envoy configuration, renamed': fuzzed({
    inputs: nearlyJson(...[...listeners, ...routes, ...clusters].map(snake)),
    holds: (value) => void inCamelCase(value),
  }),
  'cluster names': fuzzed({
    inputs: nearly(
      'outbound|80|v1|catalog.shop.svc.cluster.local',
      'inbound|3000||',
      'outbound_.80_._.a',
      'PassthroughCluster',
    ),
    holds: (name) => void parseClusterName(name),
  }),
  durations: fuzzed({
    inputs: nearly('15s', '0.250s', '1h2m3s', '-1s', 's'),
    holds(duration) {
      const read = milliseconds(duration)
      require(read === undefined || !Number.isNaN(read), `not a number: ${duration}`)
    },
  }),
  'refusals of the API server': fuzzed({
    inputs: nearly(
      'pods is forbidden: User "reader" cannot list resource "pods" in API group "" in the namespace "shop"',
      'Error: pods "x" is forbidden: User "r" cannot get resource "pods/portforward" in API group "" in the namespace "shop"',
    ),
    holds: (message) => void missingPermission(message),
  }),
  'objects, without applications': fuzzed({
    inputs: nearlyJson(...objects),
    holds: (value) => mayThrow([TypeError], () => withoutApplications(value as KubernetesObject, '[redacted]')),
  }),
  'redaction of texts': fuzzed({
    inputs: fc.tuple(
      nearly(
        ...some(accessLines, 3),
        ...some(istiodLines, 3),
        'postgres://user:pass@db/x?password=1 token: abc',
        'Authorization: Bearer abcdefghijklmnopqrstuvwxyz0123456789',
        '{"password":"a\\"b","pwd":"x"}',
        '-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----',
      ),
      fc.nat({ max: 400 }),
      fc.constantFrom(...SECRETS),
    ),
    holds([around, place, { text: planted, secret }]) {
      const at = place % (around.length + 1)
      const given = `${around.slice(0, at)} ${planted} ${around.slice(at)}`
      require(!redact(given).includes(secret), `it shows ${secret}`)
    },
  }),
  'redaction of values': fuzzed({
    inputs: nearlyJson(...objects.slice(0, 8), ...routes.slice(0, 2)),
    holds: (value) => void withoutSecrets(value),
  }),
  'visible text': fuzzed({
    inputs: text,
    holds(given) {
      const shown = visible(given)
      // eslint-disable-next-line no-control-regex -- this is about them
      require(!/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u200b-\u200f]/.test(shown) &&
        shown.isWellFormed(), 'something is not seen')
    },
  }),
  'slash command': fuzzed({
    inputs: nearly(
      'diagnose catalog.shop -n istioinaction --probe',
      'follow http://shop.example.com/items?x=1 --from deploy/front --header a=b',
      'log-level catalog http:debug,router:debug --for 10m --pods 2',
      'audit “catalog”',
      '<http://shop.example.com|shop.example.com> &amp; ‘x’',
    ),
    holds(line) {
      mayThrow([UserError], () => {
        const [name = '', ...words] = splitWords(line)
        COMMANDS.find((one) => one.name === name)
        const { words: rest, namespace } = readArguments(words, 'x', {
          '--for': { value: 'time' },
          '--header': { value: 'header', many: true },
          '--probe': {},
        })
        for (const word of rest) {
          mayThrow([UserError], () => {
            const query = parseTarget(word, namespace)
            require(DNS.test(query.name.toLowerCase()) &&
              (query.namespace === undefined || DNS.test(query.namespace)), `a name that is none passes: ${query.name}`)
          })
          mayThrow([UserError], () => parseLevels(word))
        }
      })
    },
  }),
  'request to follow': fuzzed({
    inputs: fc.record({
      typed: nearly('shop.example.com:8080/items?a=b#c', 'https://10.0.0.1/', 'catalog'),
      from: nearly('ingress', 'deploy/front.shop', 'pod/a-1', 'constructor/a'),
      method: nearly('GET', 'POST'),
      header: nearly('a=b', 'x-y: z'),
    }),
    holds({ typed, from, method, header }) {
      for (const words of [{}, { from }, { method }, { headers: [header] }])
        mayThrow([UserError], () => {
          const question = parseFollow(typed, words)
          require(question.from === undefined ||
            ['ingress', 'pod', 'deploy'].includes(
              question.from.kind,
            ), `a caller of no kind: ${String(question.from?.kind)}`)
        })
    },
  }),
  'Slack payloads': fuzzed({
    inputs: fc.oneof(
      nearlyJson(...slackBodies),
      fc
        .tuple(fc.constantFrom(...Object.keys(press)), nearly('x', 'constructor'))
        .map(([key, value]) => ({ ...press, [key]: value })),
      nearly('view', 'toString').map((callback) => ({
        ...slackBodies.at(-1),
        view: { callback_id: callback, private_metadata: '', state: {} },
      })),
    ),
    holds(body) {
      const delivered = deliveredOf(body, 'UBOT', ['/mesh'])
      if (delivered === undefined) return
      require(SlackRequest.safeParse(JSON.parse(JSON.stringify(delivered.request)))
        .success, 'what is kept cannot be read again')
      if (delivered.request.kind === 'submission')
        require(Object.hasOwn(SUBMISSIONS, delivered.request.callbackId), 'a modal that is none')
    },
  }),
  kubeconfig: fuzzed({
    inputs: nearlyJsonText(kubeconfig),
    holds(config, file) {
      writeFileSync(file, config)
      mayThrow([ClusterConfigurationError], () => loadKubeConfig({ kubeconfig: file }))
    },
  }),
  recording: fuzzed({
    inputs: nearlyJsonText(recording),
    holds(config, file) {
      writeFileSync(file, config)
      mayThrow([RecordingFileError], () => replayClients(readRecording(file)))
    },
  }),
  'capture filter': fuzzed({
    inputs: fc.oneof(text, nearly('tcp port 3000 and host 10.1.2.3', 'host 2001:db8::1', 'PORT 80')),
    holds: (filter) =>
      mayThrow([UserError], () => {
        const words = tcpdumpArguments(planCapture({ filter })).at(-1) ?? ''
        require(/^tcp(?: and port \d{1,5})?(?: and host [0-9a-f:.]+)?$/.test(
          words,
        ), `more than numbers and addresses: ${words}`)
      }),
  }),
  'packet capture': fuzzed({
    inputs: nearlyCapture,
    holds: ({ bytes, piece }) =>
      mayThrow([UserError], () => {
        const [whole, inPieces] = [new CaptureReading(), new CaptureReading()]
        whole.push(bytes)
        for (let at = 0; at < bytes.length; at += piece) inPieces.push(bytes.slice(at, at + piece))
        const report = explain(whole.end())
        require(JSON.stringify(report) === JSON.stringify(explain(inPieces.end())), 'the pieces make a difference')
        captureText(report, { isVerbose: true })
        for (const stream of report.streams)
          require(stream.bytes.client >= 0 && stream.bytes.server >= 0 && stream.notCaptured >= 0, 'less than no bytes')
      }),
  }),
  'alert payloads': fuzzed({
    inputs: fc.tuple(
      fc.constantFrom('alertmanager' as const, 'grafana' as const, 'pagerduty' as const),
      nearlyJson(payload('alertmanager'), payload('grafana'), payload('pagerduty')),
    ),
    holds([source, body]) {
      mayThrow([UserError], () => {
        const notification = parseNotification(sourceOf(body) ?? source, body)
        const explained = explainNotification(notification, {}, { channels: [{ channel: 'C1' }] })
        explainText(notification, explained)
        for (const { alert } of explained) {
          require(!Number.isNaN(Date.parse(alert.startsAt)), 'a time that is none')
          require(Object.values(alert.links).every((url) => /^https?:/.test(url)), 'a link of another kind')
        }
      })
    },
  }),
  'selectors of PromQL': fuzzed({
    inputs: nearly(...RULES),
    holds(query) {
      for (const { matchers } of selectorsOf(query))
        require(matchers.every(
          ({ label, op, value }) =>
            typeof value === 'string' && label.length <= query.length && ['=', '!=', '=~', '!~'].includes(op),
        ), 'a matcher that is none')
      matchedLabels(selectorsOf(query))
      new URL(sourceOfRule(query.toWellFormed()))
    },
  }),
  'regular expressions': fuzzed({
    inputs: fc.tuple(regex, text),
    holds: ([expression, value]) => void matchesWhole(expression, value),
  }),
  globs: fuzzed({
    inputs: fc.tuple(glob, nearly('/a/b/c/d/e/f', '/items/42', '')),
    holds: ([pattern, path]) =>
      void missesOf(
        { to: [{ operation: { paths: [pattern], notHosts: [pattern], methods: [pattern] } }] },
        { path, host: path, method: 'GET', principal: 'cluster.local/ns/a/sa/b', port: 80 },
      ),
  }),
  hosts: fuzzed({
    inputs: fc.tuple(host, host),
    holds([one, other]) {
      hostMatches(one, other)
      require(hostsOverlap(one, other) ===
        hostsOverlap(other, one), `which comes first tells whether they overlap: ${one} ${other}`)
    },
  }),
}
