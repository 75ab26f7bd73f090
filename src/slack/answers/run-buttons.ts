import type { ChangeRecord } from '../../fixes/record.ts'
import type { Report } from '../../diagnosis/report.ts'
import { ANSWER_KEPT_SECONDS } from '../../capabilities/kept-answer.ts'
import { mintButton } from '../../store/buttons.ts'
import type { Records } from '../../store/records.ts'
import type { RunRecord } from '../../store/runs.ts'
import type { ButtonSpec } from '../blocks/buttons.ts'
import { shorten } from '../blocks/escape.ts'
import { incidentOf } from '../blocks/incident-of.ts'
import { silenceButton } from './incident-buttons.ts'
import { raiseLogLevelButton, turnOnAccessLogsButton } from './lease-buttons.ts'
import { home, subjectOf } from './button-home.ts'
import { fullReportButton } from './report-buttons.ts'
import { defined } from '../../mesh/defined.ts'

/** Seconds in which the self-test's button is to be pressed. */
export const ROUND_TRIP_SECONDS = 120

/** Where a button may be pressed: it does nothing anywhere else. */
export interface ButtonHome {
  channel: string
  team?: string | undefined
}

export async function cancelButton(records: Records, run: RunRecord): Promise<ButtonSpec> {
  const id = await mintButton(records, { act: 'cancel-run', payload: home(run), run: run.id, uses: 'many' })
  return { action: 'cancel-run', id, label: 'Cancel', style: 'danger', spoken: `Cancel: ${subjectOf(run)}` }
}

export async function runAgainButton(records: Records, run: RunRecord): Promise<ButtonSpec> {
  const id = await mintButton(records, {
    act: 'run-again',
    payload: home(run),
    run: run.id,
    uses: 'many',
    expiresInSeconds: ANSWER_KEPT_SECONDS,
  })
  return { action: 'run-again', id, label: 'Run again', spoken: `Run again: ${subjectOf(run)}` }
}

/** Findings that an access log, or fields of another one, would explain: that it is off, and that the log does not tell why connections were cut. */
const LACK_ACCESS_LOGS: ReadonlySet<string> = new Set(['MESH0439', 'MESH0443', 'MESH0447'])

/** The buttons under a diagnosis, at most three; under an incident's, two more. What is left out can still be typed. */
export async function verdictButtons(
  records: Records,
  run: RunRecord,
  { verdict, changes, findings }: Report,
): Promise<ButtonSpec[]> {
  const [again, full] = [() => runAgainButton(records, run), () => fullReportButton(records, run)]
  const isUnlogged = findings.some(({ code }) => LACK_ACCESS_LOGS.has(code))
  const turnOn = (): Promise<ButtonSpec> => turnOnAccessLogsButton(records, run)
  const raise = isUnlogged ? turnOn : (): Promise<ButtonSpec> => raiseLogLevelButton(records, run)
  const makers =
    verdict === 'healthy' || verdict === 'starting' || verdict === 'not in the mesh'
      ? isUnlogged
        ? [turnOn, again, full]
        : [again, full]
      : verdict === 'ill' && changes.length > 0
        ? [() => proposeFixButton(records, run), raise, full]
        : [raise, full, again]
  const incident = incidentOf(run)
  if (incident === undefined) return Promise.all(makers.map((make) => make()))
  const once = makers.filter((make) => make !== again && make !== full)
  const diagnoseAgain = async (): Promise<ButtonSpec> => ({ ...(await again()), label: 'Diagnose again' })
  return Promise.all([...once, diagnoseAgain, () => silenceButton(records, run, incident), full].map((make) => make()))
}

/** `shownAt` lets the answer say how long the round trip took. */
export async function roundTripButton(records: Records, run: RunRecord): Promise<ButtonSpec> {
  const payload = { ...home(run), shownAt: new Date().toISOString() }
  const id = await mintButton(records, {
    act: 'doctor-round-trip',
    payload,
    run: run.id,
    uses: 'once',
    expiresInSeconds: ROUND_TRIP_SECONDS,
  })
  return {
    action: 'doctor-round-trip',
    id,
    label: 'Press to test',
    style: 'primary',
    spoken: 'Press to test: tests buttons',
  }
}

/** One of several targets of a name; `index` tells the buttons of one message apart. */
export async function chooseTargetButton(
  records: Records,
  where: ButtonHome & { thread?: string | undefined },
  request: { text: string; namespace: string; probe?: boolean; window?: number },
  index: number,
): Promise<ButtonSpec> {
  const { channel, team, thread } = where
  const payload = { channel, ...defined({ team, thread }), ...request }
  const id = await mintButton(records, { act: 'choose-target', payload, uses: 'many' })
  return {
    action: `choose-target:${index}`,
    id,
    label: request.namespace,
    spoken: `${request.namespace}: choose ${request.text} there`,
  }
}

/** Seconds that a button of a change is answered with what its record says, after it could last do something. */
const AFTERWARDS = 24 * 3600
/** Seconds in which an applied change can be undone by its button. */
const UNDO_SECONDS = 30 * 24 * 3600

const CHANGE_LABELS = {
  'approve-change': { label: 'Approve', style: 'primary' },
  'edit-change': { label: 'Edit' },
  'reject-change': { label: 'Reject', style: 'danger' },
  'download-patch': { label: 'Download patch' },
  'undo-change': { label: 'Undo', style: 'danger' },
} as const satisfies Record<string, Pick<ButtonSpec, 'label' | 'style'>>

/** What is asked before the cluster is written to. */
const QUESTIONS: Readonly<Partial<Record<keyof typeof CHANGE_LABELS, { title: string; text: string }>>> = {
  'approve-change': {
    title: 'Approve this change?',
    text: 'It is written to the cluster now, as your Kubernetes user, and then proved.',
  },
  'undo-change': {
    title: 'Undo this change?',
    text: 'The former state is written to the cluster now, as your Kubernetes user.',
  },
}

/** What can be pressed on a change. */
export type ChangeVerb = keyof typeof CHANGE_LABELS

/** A button on a change. Used often: a press by somebody who may not must not burn it; the change's own record decides once. */
export async function changeButton(
  records: Records,
  { id, channel, run, expiresAt, title, requester: { team } }: ChangeRecord,
  verb: ChangeVerb,
): Promise<ButtonSpec> {
  const open = Math.max(0, (Date.parse(expiresAt) - Date.now()) / 1000)
  const payload = { channel, ...defined({ team }), change: id }
  const button = await mintButton(records, {
    act: verb,
    payload,
    run,
    uses: 'many',
    expiresInSeconds: verb === 'undo-change' ? UNDO_SECONDS : open + AFTERWARDS,
  })
  const spec = { action: verb, id: button, ...CHANGE_LABELS[verb] }
  const question = QUESTIONS[verb]
  return {
    ...spec,
    spoken: `${spec.label}: ${title}`,
    ...(question !== undefined && {
      confirm: { title: question.title, text: `${shorten(title, 180)}. ${question.text}` },
    }),
  }
}

export async function proposeFixButton(records: Records, run: RunRecord): Promise<ButtonSpec> {
  const id = await mintButton(records, {
    act: 'propose-fix',
    payload: home(run),
    run: run.id,
    uses: 'many',
    expiresInSeconds: ANSWER_KEPT_SECONDS,
  })
  return {
    action: 'propose-fix',
    id,
    label: 'Propose fix',
    style: 'primary',
    spoken: `Propose fix: ${subjectOf(run)}`,
  }
}

/** One of several candidates for a fix. */
export async function chooseFixButton(
  records: Records,
  run: RunRecord,
  choice: string,
  index: number,
): Promise<ButtonSpec> {
  const id = await mintButton(records, {
    act: 'choose-fix',
    payload: { ...home(run), choice },
    run: run.id,
    uses: 'once',
    expiresInSeconds: ANSWER_KEPT_SECONDS,
  })
  return { action: `choose-fix:${index}`, id, label: choice, spoken: `${choice}: choose this fix` }
}
