import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { CHECKS } from '../../../src/checks/index.ts'
import type { Finding } from '../../../src/checks/check.ts'
import { examine } from '../../../src/diagnosis/examine.ts'
import type { Report } from '../../../src/diagnosis/report.ts'
import { replayClients } from '../../../src/evidence/clients/recording.ts'
import { Evidence } from '../../../src/evidence/evidence.ts'
import { proposalsFor } from '../../../src/fixes/propose.ts'
import { candidatesMessage } from '../../../src/slack/blocks/candidates.ts'
import type { SlackMessage } from '../../../src/slack/blocks/rich.ts'
import { shownReport, thread } from '../../golden.ts'
import { recordingOf, replay } from '../../replay.ts'
import { parseAsk, readSituation } from '../../situation.ts'
import { expectPostable } from './postable.ts'
import { RUN } from './samples.ts'

const GOLDENS = join(import.meta.dirname, 'goldens')

/** JSON with everything on one line that fits: a piece of text is a line. */
function json(value: unknown, indent = ''): string {
  const flat = JSON.stringify(value)
  if (typeof value !== 'object' || value === null || indent.length + flat.length <= 120) return flat
  const deeper = `${indent}  `
  const inner = Array.isArray(value)
    ? value.map((item) => `${deeper}${json(item, deeper)}`)
    : Object.entries(value).map(([key, item]) => `${deeper}${JSON.stringify(key)}: ${json(item, deeper)}`)
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}']
  return `${open}\n${inner.join(',\n')}\n${indent}${close}`
}

/** The messages of a report's thread, the root first. */
function messagesOf(report: Report): SlackMessage[] {
  const { root, replies } = thread(shownReport(report), report.target.asked)
  return [root, ...replies.map(({ message }) => message)]
}

/** A mesh whose proxies may not be looked into. */
async function withoutProxies(name: string): Promise<Report> {
  const { madeAt, calls } = recordingOf(`${name}/mended`)
  const clients = replayClients({
    madeAt,
    calls: calls.map(({ call, ...answer }) =>
      call.startsWith('istioctl proxy-config ')
        ? { call, failed: { reason: 'forbidden' as const, detail: 'pods/portforward is forbidden' } }
        : { call, ...answer },
    ),
  })
  return examine(parseAsk(readSituation(name).ask), clients, CHECKS)
}

/** The same findings again and again, about objects of other names, with quotes longer than a message takes. */
const repeated = (findings: readonly Finding[], times: number): Finding[] =>
  Array.from({ length: times }, (_, index) =>
    findings.map((one): Finding => ({
      ...one,
      subject: { ...one.subject, name: `${one.subject.name}-${index}` },
      because: [{ ...one.because[0], quote: 'a line of an access log\n'.repeat(400) }],
    })),
  ).flat()

async function candidates(name: string): Promise<SlackMessage> {
  const { cause, readings, target } = await replay(`${name}/ill`)
  const { proposals } = proposalsFor(cause === undefined ? [] : [cause.finding], new Evidence(readings), target)
  return candidatesMessage(
    proposals.map(({ choice = '', title, why }) => ({ choice, title, why })),
    RUN,
    proposals.map(({ choice = '' }, index) => ({ action: `choose-fix:${index}`, id: RUN.id, label: choice })),
  )
}

/** The blocks themselves of a few telling threads; what all others say is in test/scenarios/NAME/golden.md. */
const THREADS: Readonly<Record<string, () => Promise<SlackMessage[]>>> = {
  ill: async () => messagesOf(await replay('chapter-10/ill')),
  healthy: async () => messagesOf(await replay('no-sidecar-warning/ill')),
  unclear: async () => messagesOf(await withoutProxies('chapter-10')),
  candidates: async () => [await candidates('unnamed-port')],
  long: async () => {
    const report = await replay('chapter-10/ill')
    return messagesOf({ ...report, findings: repeated(report.findings, 4) })
  },
}

it.each(Object.entries(THREADS))('%s', async (name, messages) => {
  const shown = await messages()
  for (const message of shown) expectPostable(message, name === 'candidates' ? 2 : 0)
  await expect(`${json(shown)}\n`).toMatchFileSnapshot(join(GOLDENS, `${name}.json`))
})

it('has no golden that nothing compares', () => {
  expect(readdirSync(GOLDENS).filter((file) => !Object.keys(THREADS).includes(file.replace(/\.json$/, '')))).toEqual([])
})
