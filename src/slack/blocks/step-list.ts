import type { PlannedStep } from '../../diagnosis/report.ts'
import type { StepGroup } from '../../evidence/step.ts'
import { shorten } from './escape.ts'
import { bold, text, type Piece } from './rich.ts'

/** Groups in the order they are shown. */
export const STEP_GROUPS: readonly StepGroup[] = ['control plane', 'objects', 'workloads', 'proxies', 'traffic']

const NAMED = 3

/** `340 ms`, `2.1 s` */
export const duration = (milliseconds: number): string =>
  milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`

/** ✓ seen, ✗ not seen, ⏱ under way. */
export const ICONS: Readonly<Record<PlannedStep['outcome'], string>> = {
  seen: '✓',
  blind: '✗',
  running: '⏱',
  waiting: '·',
}

function named(icon: string, steps: readonly PlannedStep[]): Piece[] {
  if (steps.length === 0) return []
  const titles = steps
    .slice(0, NAMED)
    .map(
      ({ title, milliseconds }) =>
        `${shorten(title, 60)}${milliseconds === undefined ? '' : ` ${duration(milliseconds)}`}`,
    )
  return [
    text(`\n      ${icon} ${titles.join(', ')}${steps.length > NAMED ? ` and ${steps.length - NAMED} more` : ''}`),
  ]
}

/** One line a group: how many steps it has and how they went; those that run or saw nothing by name. */
export function stepLines(steps: readonly PlannedStep[]): Piece[][] {
  return STEP_GROUPS.flatMap((group) => {
    const ours = steps.filter((step) => step.group === group)
    if (ours.length === 0) return []
    const of = (outcome: PlannedStep['outcome']): PlannedStep[] => ours.filter((step) => step.outcome === outcome)
    const [running, blind, done] = [
      of('running'),
      of('blind'),
      ours.filter(({ outcome }) => outcome === 'seen' || outcome === 'blind'),
    ]
    const icon =
      done.length < ours.length
        ? running.length > 0
          ? ICONS.running
          : ICONS.waiting
        : blind.length > 0
          ? ICONS.blind
          : ICONS.seen
    const slowest = Math.max(0, ...ours.map(({ milliseconds = 0 }) => milliseconds))
    return [
      [
        text(`${icon} `),
        bold(group),
        text(` ${done.length} of ${ours.length}${slowest === 0 ? '' : `, slowest ${duration(slowest)}`}`),
        ...named(ICONS.running, running),
        ...named(ICONS.blind, blind),
      ],
    ]
  })
}
