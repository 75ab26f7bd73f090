import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { CHECKS } from '../../src/checks/index.ts'
import { examine } from '../../src/diagnosis/examine.ts'
import { formatRecording, recordClients, replayClients, type Recording } from '../../src/evidence/clients/recording.ts'
import { redact, withoutSecrets } from '../../src/evidence/redaction.ts'
import { createLog } from '../../src/log.ts'
import { reportJson } from '../../src/report/json.ts'
import { reportMarkdown } from '../../src/report/markdown.ts'
import { reportText } from '../../src/report/text.ts'
import { recordingOf } from '../replay.ts'
import { parseAsk, readSituation, SCENARIOS, situations } from '../situation.ts'
import { thread } from '../golden.ts'
import { secretKinds } from './secret-kinds.ts'

const KINDS = secretKinds('canary')
/** Two that nothing tells but the place where they stand. */
const WEAK = ['zq71hunter', 'zq72-blue-93horse']
const PLANTED = [...KINDS.map(({ text }) => text), ...WEAK]
const NOBODY_SEES = [...KINDS.map(({ secret }) => secret), ...WEAK]

/** All of them with CANARIES=all, as .ci/run does; else one for each kind of source. */
const MESHES =
  process.env.CANARIES === 'all'
    ? situations().flatMap(({ name }) =>
        ['ill', 'mended']
          .map((twin) => `${name}/${twin}`)
          .filter((from) => existsSync(join(SCENARIOS, from, 'recording.json'))),
      )
    : ['chapter-10/ill', 'chapter-10/mended', 'application-errors/ill', 'authorization-denied/ill']

type Fields = Record<string, unknown>
const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const numbered = (prefix: string): Fields => Object.fromEntries(PLANTED.map((text, at) => [`${prefix}${at}`, text]))

/** Objects with secrets in annotations, environments, arguments, headers and messages. */
function plantedObject(object: Fields): Fields {
  const metadata = object.metadata as Fields
  const spec = object.spec as Fields | undefined
  const kind = String(object.kind)
  const container = (one: Fields): Fields =>
    one.name === 'istio-proxy'
      ? one
      : {
          ...one,
          env: PLANTED.map((value, at) => ({ name: `SETTING_${at}`, value })),
          args: PLANTED.flatMap((text) => ['--token', text]),
        }
  const withContainers = (of: Fields): Fields => ({
    ...of,
    ...(Array.isArray(of.containers) && { containers: (of.containers as Fields[]).map(container) }),
    ...(isFields(of.template) && {
      template: { ...of.template, ...(isFields(of.template.spec) && { spec: withContainers(of.template.spec) }) },
    }),
  })
  return {
    ...object,
    metadata: {
      ...metadata,
      annotations: { ...(metadata.annotations as Fields | undefined), ...numbered('shop.example/a') },
    },
    ...(kind === 'Event' && { message: `it failed: ${KINDS.map(({ text }) => text).join(' ; ')}` }),
    ...(['Pod', 'Deployment', 'ReplicaSet'].includes(kind) && isFields(spec) && { spec: withContainers(spec) }),
    ...(kind === 'VirtualService' &&
      isFields(spec) && {
        spec: {
          ...spec,
          http: ((spec.http ?? []) as Fields[]).map((route) => ({
            ...route,
            headers: { request: { set: numbered('x-custom-') }, response: { add: numbered('x-other-') } },
          })),
        },
      }),
  }
}

/** Envoy's configuration with headers to add to every route. */
function plantedRoutes(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plantedRoutes)
  if (!isFields(value)) return value
  const inner = Object.fromEntries(Object.entries(value).map(([key, one]) => [key, plantedRoutes(one)]))
  return isFields(value.route) && value.match !== undefined
    ? { ...inner, requestHeadersToAdd: PLANTED.map((text, at) => ({ header: { key: `x-custom-${at}`, value: text } })) }
    : inner
}

const EVENT = {
  kind: 'Event',
  metadata: { name: 'planted', namespace: 'istioinaction' },
  type: 'Warning',
  reason: 'Failed',
  involvedObject: { kind: 'Pod', name: 'catalog', namespace: 'istioinaction' },
}

/** What a Kiali says of the target's Service, and of its application. */
const KIALI: Recording['calls'] = [
  {
    call: 'kiali validations istioinaction',
    json: {
      objects: [],
      validations: KINDS.map(({ text }) => ({
        of: { kind: 'Service', namespace: 'istioinaction', name: 'catalog' },
        code: 'KIA0601',
        severity: 'error',
        message: text,
        path: text,
      })),
    },
  },
  {
    call: 'kiali health istioinaction',
    json: [{ app: 'catalog', status: KINDS.map(({ text }) => text).join(' ; '), workloads: [] }],
  },
]

/** A mesh that has every kind of secret in every place from which something is read. */
function planted(recording: Recording): Recording {
  return {
    ...recording,
    calls: [...recording.calls, ...KIALI].map((call) => {
      const { call: name, json, text } = call
      if (name.startsWith('kubernetes list') && Array.isArray(json))
        return {
          ...call,
          json: [...(json as Fields[]), ...(name.includes('list events.') ? [EVENT] : [])].map(plantedObject),
        }
      if (name.startsWith('kubernetes log') && text !== undefined) return { ...call, text: plantedLog(text) }
      if (name.startsWith('istioctl analyze'))
        return {
          ...call,
          json: KINDS.map(({ text: message }, at) => ({
            code: `IST0${200 + at}`,
            level: 'Warning',
            message,
            origin: 'VirtualService istioinaction/catalog',
          })),
        }
      if (name.startsWith('istioctl proxy-config routes') || name.startsWith('istioctl proxy-config listeners'))
        return { ...call, json: plantedRoutes(json) }
      return call
    }),
  }
}

/** A log whose requests carry secrets in their query, and whose other lines name them. */
function plantedLog(log: string): string {
  const example = log.split('\n').find((line) => /^\[\d{4}.*" \d{3} /.test(line))
  const asked = PLANTED.flatMap((text, at) =>
    example === undefined
      ? []
      : [example.replace(/"([A-Z]+) (\S+?)(\?\S*)? HTTP/, `"$1 $2?name${at}=${encodeURIComponent(text)} HTTP`)],
  )
  const said = KINDS.map(({ text }) => `2026-11-30T00:00:00.000000Z\twarn\tads\t${text.replaceAll('\n', '\\n')}`)
  return [log, ...asked, ...said].join('\n')
}

const seenIn = (shown: string): string[] =>
  NOBODY_SEES.filter((secret) => shown.includes(secret) || shown.includes(encodeURIComponent(secret)))

describe('secrets that are planted', () => {
  it('are of 150 kinds', () => {
    expect(new Set(NOBODY_SEES).size).toBeGreaterThanOrEqual(150)
    for (const { text, secret } of KINDS) expect(text).toContain(secret)
  })

  it.each(KINDS.map(({ name, text, secret }) => [name, text, secret]))(
    'are taken out of a text: %s',
    (_, text, secret) => {
      for (const shown of [text, JSON.stringify({ message: text }), `${text}, and so on`, `{${text}}`, `- ${text}`])
        expect(redact(shown)).not.toContain(secret)
      expect(JSON.stringify(withoutSecrets({ list: [{ says: text }] }))).not.toContain(secret)
    },
  )

  it.each(MESHES)('are in nothing that a diagnosis of %s says, keeps or logs', async (from) => {
    const [name = ''] = from.split('/')
    const mesh = replayClients(planted(recordingOf(from)), { shared: true })
    // Later: what Kiali says of objects that were changed just now counts for nothing.
    const later = new Date(mesh.now().getTime() + 600_000)
    const { clients, recording } = recordClients({ ...mesh, now: () => later })
    const report = await examine(parseAsk(readSituation(name).ask), clients, CHECKS)
    const logged: string[] = []
    createLog({ level: 'info', write: (line) => logged.push(line) }).info({ report: reportJson(report) }, 'diagnosed')
    const shown = {
      text: reportText(CHECKS, report, { verbose: true }),
      json: JSON.stringify(reportJson(report)),
      markdown: reportMarkdown(CHECKS, report),
      slack: JSON.stringify(thread(report, 'catalog')),
      log: logged.join('\n'),
      recording: formatRecording(recording),
    }
    for (const [place, words] of Object.entries(shown)) expect([place, seenIn(words)]).toEqual([place, []])
    if (name === 'chapter-10') expect(shown.text).toContain('KIA0601')
    // They were planted indeed.
    expect(seenIn(JSON.stringify(planted(recordingOf(from)))).length).toBe(NOBODY_SEES.length)
  })
})
