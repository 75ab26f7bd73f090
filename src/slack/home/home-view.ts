import type { HomeView, KnownBlock } from '@slack/types'
import type { LeaseRecord } from '../../leases/lease-record.ts'
import { leaseWords } from '../../leases/lease-words.ts'
import { buttonRow, type ButtonSpec } from '../blocks/buttons.ts'
import { cut } from '../blocks/escape.ts'
import { fit } from '../blocks/fit.ts'
import { bold, bullets, code, dayTime, line, lines, person, rich, shortTime, text, type Piece } from '../blocks/rich.ts'
import { runPieces, type LinkedRun } from '../blocks/run-line.ts'

/** What the Home tab of one person shows. */
export interface Home {
  /** ISO time of what is shown. */
  at: string
  /** The cluster's name, where it has one. */
  cluster: string | undefined
  /** Jobs of the whole bot; undefined when the queue does not answer. */
  jobs: { active: number; waiting: number } | undefined
  /** Under way, each with the button that cancels it. */
  running: readonly (LinkedRun & { cancel: ButtonSpec })[]
  /** What is raised now, each with the button that gives it back. */
  leases: readonly { lease: LeaseRecord; giveBack: ButtonSpec }[]
  /** Over, newest first. */
  last: readonly LinkedRun[]
  /** True for an administrator of the bot, who sees what everybody asked for. */
  isAll: boolean
}

const heading = (value: string): KnownBlock => ({
  type: 'header',
  text: { type: 'plain_text', text: value, emoji: false },
})

const empty = (says: string, command?: string): KnownBlock =>
  rich(line(text(command === undefined ? says : `${says} `), ...(command === undefined ? [] : [code(command)])))

function leasePieces({ target, until, by, kind }: LeaseRecord): Piece[] {
  return [
    text('🔎 '),
    bold(leaseWords({ kind }).titles.raised),
    text('  '),
    code(cut(target, 120)),
    text('  until '),
    shortTime(until),
    text(', by '),
    person(by.user),
  ]
}

/** The Home tab: what runs, what is lent, what was diagnosed last, and how the bot is. */
export function homeView({ at, cluster, jobs, running, leases, last, isAll }: Home): HomeView {
  const whose = isAll ? ', of everybody' : ''
  const state: Piece[] = [
    ...(cluster === undefined ? [] : [text('Cluster '), code(cluster), text('. ')]),
    text(
      jobs === undefined
        ? 'The queue does not answer; what is asked now may wait.'
        : `The bot works on ${jobs.active} ${jobs.active === 1 ? 'job' : 'jobs'}, ${jobs.waiting} waiting.`,
    ),
    text(' As of '),
    dayTime(at),
    text('.'),
  ]
  const { blocks } = fit(
    {
      text: 'Mesh Medic',
      blocks: [
        heading('Mesh Medic'),
        rich(
          lines([state, [text('Ask in any channel: '), code('/mesh diagnose TARGET'), text(', or here in Messages.')]]),
        ),
        heading(`Running now${whose}`),
        ...(running.length === 0
          ? [empty('Nothing is running.')]
          : running.flatMap(({ cancel, ...run }) => [rich(line(...runPieces(run))), ...buttonRow([cancel])])),
        heading(`Lent now${whose}`),
        ...(leases.length === 0
          ? [empty('No log level is raised, no access log is turned on.')]
          : leases.flatMap(({ lease, giveBack }) => [rich(line(...leasePieces(lease))), ...buttonRow([giveBack])])),
        heading('Your last runs'),
        last.length === 0
          ? empty('None in the last 30 days. Begin with', '/mesh diagnose TARGET')
          : rich(bullets(last.map(runPieces))),
      ],
    },
    { hasFile: false },
  )
  return { type: 'home', blocks }
}

/** The Home tab of somebody who may not ask. */
export const closedHome = (why: string): HomeView => ({
  type: 'home',
  blocks: [heading('Mesh Medic'), rich(line(text(why)))],
})
