import { ANSWER_KEPT_SECONDS } from '../jobs/processors/kept-answer.ts'
import { mintButton } from '../store/buttons.ts'
import type { Records } from '../store/records.ts'
import type { RunRecord } from '../store/runs.ts'
import type { ButtonSpec } from './blocks/buttons.ts'

/** Seconds in which the self-test's button is to be pressed. */
export const ROUND_TRIP_SECONDS = 120

/** Where a button may be pressed: it does nothing anywhere else. */
export interface ButtonHome {
  channel: string
  team?: string | undefined
}

const home = ({ channel, asker }: RunRecord): Record<string, unknown> => ({ channel, ...(asker.team !== undefined && { team: asker.team }) })

export async function cancelButton(records: Records, run: RunRecord): Promise<ButtonSpec> {
  const id = await mintButton(records, { act: 'cancel-run', payload: home(run), run: run.id, uses: 'many' })
  return { action: 'cancel-run', id, label: 'Cancel', style: 'danger' }
}

export async function runAgainButton(records: Records, run: RunRecord): Promise<ButtonSpec> {
  const id = await mintButton(records, { act: 'run-again', payload: home(run), run: run.id, uses: 'many', expiresInSeconds: ANSWER_KEPT_SECONDS })
  return { action: 'run-again', id, label: 'Run again' }
}

export async function fullReportButton(records: Records, run: RunRecord): Promise<ButtonSpec> {
  const id = await mintButton(records, { act: 'full-report', payload: home(run), run: run.id, uses: 'many', expiresInSeconds: ANSWER_KEPT_SECONDS })
  return { action: 'full-report', id, label: 'Full report' }
}

/** `shownAt` lets the answer say how long the round trip took. */
export async function roundTripButton(records: Records, run: RunRecord): Promise<ButtonSpec> {
  const payload = { ...home(run), shownAt: new Date().toISOString() }
  const id = await mintButton(records, { act: 'doctor-round-trip', payload, run: run.id, uses: 'once', expiresInSeconds: ROUND_TRIP_SECONDS })
  return { action: 'doctor-round-trip', id, label: 'Press me', style: 'primary' }
}

/** One of several targets of a name; `index` tells the buttons of one message apart. */
export async function chooseTargetButton(records: Records, where: ButtonHome & { thread?: string | undefined }, request: { text: string; namespace: string }, index: number): Promise<ButtonSpec> {
  const { channel, team, thread } = where
  const payload = { channel, ...(team !== undefined && { team }), ...(thread !== undefined && { thread }), ...request }
  const id = await mintButton(records, { act: 'choose-target', payload, uses: 'many' })
  return { action: `choose-target:${index}`, id, label: request.namespace }
}
