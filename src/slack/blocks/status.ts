import type { RichTextBlock } from '@slack/types'
import type { MeshStatus, ProxyStanding } from '../../diagnosis/mesh-status.ts'
import { statusHeadline, statusVerdict } from '../../report/mesh-status-text.ts'
import { ruleFor } from '../../evidence/permission-rule.ts'
import { formatRef } from '../../mesh/ref.ts'
import type { RunRecord } from '../../store/runs.ts'
import { buttonRow, type ButtonSpec } from './buttons.ts'
import { clean, cut } from './escape.ts'
import { fit } from './fit.ts'
import type { Part } from './part.ts'
import { bold, code, line, lines, pre, rich, text, type Piece, type SlackMessage } from './rich.ts'
import { askedBy } from './running.ts'
import { VERDICT_ICONS } from './verdict.ts'

type State = ProxyStanding['state']

const STATES: readonly State[] = ['absent', 'rejected', 'stale', 'synced']
const SAYS: Readonly<Record<State, string>> = {
  absent: 'running, but connected to no istiod',
  rejected: 'rejected what istiod sent (NACK)',
  stale: 'not up to date',
  synced: 'in sync',
}
/** Proxies shown with their detail; the rest are counted. */
const MOST = 20

const of = (status: MeshStatus, state: State): ProxyStanding[] =>
  status.proxies.filter((proxy) => proxy.state === state)
/** How the mesh stands, at a glance: proxies by state, control plane, versions. */
export function statusMessage(status: MeshStatus, run: RunRecord, buttons: readonly ButtonSpec[]): SlackMessage {
  const [icon, says] = [VERDICT_ICONS[statusVerdict(status)], statusHeadline(status)]
  const counts = STATES.flatMap((state): Piece[][] => {
    const many = of(status, state).length
    return many === 0 ? [] : [[text(`${state === 'synced' ? '✓' : '✗'} ${many} ${SAYS[state]}`)]]
  })
  const plane = status.controlPlane
    .slice(0, 10)
    .map(({ pod, ready, version }): Piece[] => [
      text(`${ready ? '✓' : '✗'} `),
      code(formatRef(pod)),
      text(`${version === undefined ? '' : ` ${version}`}${ready ? '' : ', not ready'}`),
    ])
  const versions: Piece[] =
    status.versions.length > 1
      ? [
          bold('Version skew  '),
          text(status.versions.map(({ version, proxies }) => `${version}: ${proxies}`).join(', ')),
        ]
      : []
  return fit({
    text: `${icon} ${says}`,
    blocks: [
      rich(line(text(`${icon} `), bold(says))),
      ...(counts.length === 0 ? [] : [rich(lines(counts))]),
      rich(line(bold('Control plane')), plane.length === 0 ? line(text('no istiod was seen')) : lines(plane)),
      ...(versions.length === 0 ? [] : [rich(line(...versions))]),
      ...(status.unseen.length === 0
        ? []
        : [
            rich(
              line(
                text(
                  `✗ ${status.unseen.length} ${status.unseen.length === 1 ? 'look' : 'looks'} failed; see the thread`,
                ),
              ),
            ),
          ]),
      rich(line(...askedBy(run))),
      ...buttonRow(buttons.slice(0, 3)),
    ],
  })
}

/** What istiod and the proxy said about each type that is not in sync. */
function detail({ pod, version, types }: ProxyStanding): RichTextBlock {
  const off = types.filter(({ status }) => status !== 'SYNCED' && status !== 'IGNORED' && status !== 'NOT_SENT')
  return rich(
    line(
      code(formatRef(pod)),
      text(
        `${version === undefined ? '' : ` ${version}`}${off.length === 0 ? '' : `: ${off.map(({ type, status }) => `${type} ${status}`).join(', ')}`}`,
      ),
    ),
    ...off.flatMap(({ type, error }) => (error === undefined ? [] : [line(text(`${type}:`)), pre(error.trim(), 900)])),
  )
}

/** A part a state that is not well, and one for what could not be seen. */
export function statusParts(status: MeshStatus): Part[] {
  const states = STATES.filter((state) => state !== 'synced').flatMap((state): Part[] => {
    const proxies = of(status, state)
    if (proxies.length === 0) return []
    const title = `${proxies.length} ${proxies.length === 1 ? 'proxy' : 'proxies'}: ${SAYS[state]}`
    const more = proxies.length > MOST ? [rich(line(text(`and ${proxies.length - MOST} more`)))] : []
    const message = fit({
      text: title,
      blocks: [rich(line(bold(title)), pre('istioctl proxy-status')), ...proxies.slice(0, MOST).map(detail), ...more],
      isCut: proxies.length > MOST,
    })
    return [{ name: `status-${state}`, message }]
  })
  return [...states, ...unseenPart(status)]
}

function unseenPart({ unseen }: MeshStatus): Part[] {
  if (unseen.length === 0) return []
  const blocks = unseen
    .slice(0, 12)
    .flatMap(({ source, reason, detail: why, permission }) => [
      rich(line(text(`✗ ${reason}: ${cut(clean(why), 500)}`)), pre(source, 400)),
      ...(permission === undefined
        ? []
        : [
            rich(
              line(
                text(
                  `missing rule (${permission.namespace === undefined ? 'ClusterRole' : `Role in ${permission.namespace}`}):`,
                ),
              ),
              pre(ruleFor(permission), 400),
            ),
          ]),
    ])
  return [
    {
      name: 'status-unseen',
      message: fit({ text: 'Not seen', blocks: [rich(line(bold('Not seen'))), ...blocks], isCut: unseen.length > 12 }),
    },
  ]
}
