import { z } from 'zod'
import type { Report } from '../diagnosis/report.ts'
import { examine } from '../diagnosis/examine.ts'
import { changesOf } from '../fixes/propose.ts'
import { parseTarget } from '../mesh/target-query.ts'
import { reportJson } from '../report/json.ts'
import { headline } from '../report/telling.ts'
import { shownBySteps } from '../report/what-it-showed.ts'
import { defined } from '../mesh/defined.ts'
import { formatRef } from '../mesh/ref.ts'
import { announcementHead, leftLines, probeText } from '../report/probing-text.ts'
import { recordAuditOnce } from '../store/audit.ts'
import { AskedTarget, readRun, type RunRecord } from '../store/runs.ts'
import { capturesLately } from './captures-lately.ts'
import type { CapabilityDeps } from './deps.ts'
import { noteDiagnosed } from './note-diagnosed.ts'
import { defineCapability } from './capability.ts'
import type { RunProgress } from './run-thread.ts'

const DiagnoseRequest = z.object({
  kind: z.literal('diagnose'),
  text: z.string(),
  namespace: z.string().optional(),
  target: AskedTarget.optional(),
  /** True to send requests of our own by the gateways. */
  probe: z.boolean().optional(),
  /** Seconds of traffic that count; 15 minutes when absent. */
  window: z.number().optional(),
  /** The incident that it is about; nobody asked for it then. */
  incident: z.object({ subject: z.string(), id: z.string() }).optional(),
})
export type DiagnoseRequest = z.infer<typeof DiagnoseRequest>

/** `shown` says in a few words what each step of the plan showed, by the step's id; the report's readings hold no values. */
const DiagnoseAnswer = z.object({
  kind: z.literal('diagnose'),
  report: z.custom<Report>((value) => typeof value === 'object' && value !== null && 'verdict' in value),
  shown: z.record(z.string(), z.string()),
})
export type DiagnoseAnswer = z.infer<typeof DiagnoseAnswer>

/** Diagnoses a target and tells the thread. */
export const diagnose = defineCapability({
  kind: 'diagnose',
  request: DiagnoseRequest,
  answer: DiagnoseAnswer,
  role: 'viewer',
  roleFor: ({ probe, text, namespace }) =>
    probe === true
      ? {
          role: 'operator',
          act: 'send requests into the mesh from here',
          without: [`/mesh diagnose ${text}${namespace === undefined ? '' : ` -n ${namespace}`}`],
        }
      : undefined,
  audit: {
    asked: 'diagnosis-asked',
    refused: 'probe-refused',
    facts: ({ probe }) => (probe === true ? { probe } : {}),
  },
  // What alerts begin joins nobody's diagnosis: its message is the incident's.
  claim: ({ target, incident }) => (incident === undefined ? target?.key : undefined),
  async work(deps, run, thread, signal): Promise<DiagnoseAnswer> {
    const told: RunProgress = { steps: [] }
    const { text, namespace, window } = run.request
    const query = { ...parseTarget(text, namespace), ...(window !== undefined && { window: window * 1000 }) }
    const captures = await capturesLately(deps.records, await placeOf(deps, run), deps.clients.now().getTime())
    const examined = await examine(query, deps.clients, deps.checks, {
      signal,
      onBroken: (check, error) => deps.log.error({ err: error, run: run.id, check }, 'a check failed and was left out'),
      stepTimeout: deps.stepTimeout,
      concurrency: deps.concurrency,
      captures,
      ...(run.request.probe === true && { probe: { within: deps.probeWithin } }),
      progress: {
        async probes(planned) {
          const lines = [...planned.send.map(probeText), ...leftLines(planned.left).map((one) => `Not probed: ${one}`)]
          await thread.note('probes-planned', { head: announcementHead(planned), lines })
        },
        steps(steps) {
          told.steps = steps
          thread.progress(told)
        },
        target(target) {
          told.target = target
          thread.progress(told)
        },
      },
    })
    await noteProbes(deps, run, examined)
    if (run.request.incident !== undefined) await noteDiagnosed(deps, run.request.incident, examined)
    return answerWith(examined)
  },
  outcome: ({ report }, checks) => ({ verdict: report.verdict, sentence: headline(checks, report) }),
})

/** Where a run is told: its thread may be known only since it has its message. */
async function placeOf(
  { records }: CapabilityDeps,
  { id, channel, thread }: RunRecord,
): Promise<Pick<RunRecord, 'channel' | 'thread'>> {
  const { thread: told = thread } = (await readRun(records, id)) ?? {}
  return { channel, ...(told !== undefined && { thread: told }) }
}

/** Puts on record what was sent, where to and what came back. */
async function noteProbes(
  { records }: CapabilityDeps,
  { id, asker, request: { target } }: RunRecord<DiagnoseRequest>,
  { probing }: Report,
): Promise<void> {
  if (probing === undefined || probing.sent.length === 0) return
  await recordAuditOnce(records, id, {
    event: 'probe-sent',
    by: asker,
    run: id,
    ...(target !== undefined && { target: target.key }),
    facts: {
      probes: probing.sent.map(({ id: request, pod, port, method, authority, path, code }) => ({
        request,
        pod: formatRef(pod),
        port,
        method,
        authority,
        path,
        ...defined({ code }),
      })),
    },
  })
}

/** A diagnosis as it is kept and shown: with the fixes that are proposed for it. */
export function answerWith(examined: Report): DiagnoseAnswer {
  const report = { ...examined, ...changesOf(examined) }
  return { kind: 'diagnose', report: withoutValues(report), shown: shownBySteps(report) }
}

/** A report as it is kept: its readings say what was looked at but hold nothing. */
export function withoutValues(report: Report): Report {
  // What tells a report (telling.ts) never opens a reading.
  return reportJson(report) as unknown as Report
}
