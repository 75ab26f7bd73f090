import { visible } from '../mesh/visible.ts'
import { formatRef } from '../mesh/ref.ts'
import type { FollowReport, Hop } from '../diagnosis/follow/report.ts'

export const OUTCOMES: Readonly<Record<FollowReport['outcome'], string>> = {
  arrives: 'Arrives',
  dies: 'Fails',
  unclear: 'Unclear',
}

/** ✓ goes on, ✗ fails here, ? not known. */
export const markOf = ({ ok, sure }: Pick<Hop, 'ok' | 'sure'>): string => (!sure ? '?' : ok ? '✓' : '✗')

/** The hops as a table of a few words each: `['✓', 'listener', '0.0.0.0_8080', 'Gateway shop/edge']`. */
export function hopRows({
  hops,
}: Pick<FollowReport, 'hops'>): [mark: string, stage: string, name: string, objects: string][] {
  return hops.map((hop) => [markOf(hop), hop.stage, hop.name, hop.objects.map(formatRef).join(', ')])
}

/** Why the request does not go on, a sentence or two each, where the headline has no room for it. */
export const reasonsOf = ({ hops, headline }: Pick<FollowReport, 'hops' | 'headline'>): string[] => [
  ...new Set(hops.filter(({ ok, sure, says }) => !(ok && sure) && !headline.includes(says)).map(({ says }) => says)),
]

const indent = (text: string, by: string): string =>
  text
    .split('\n')
    .map((line) => `${by}${line}`)
    .join('\n')

function hopText(hop: Hop): string {
  const { stage, name, says, notes, objects, quote, command, ok, sure } = hop
  return [
    `${markOf(hop)} ${stage.padEnd(9)}  ${name}`,
    `    ${says}`,
    ...notes.map((note) => `    - ${note}`),
    ...(objects.length === 0 ? [] : [`    from ${objects.map(formatRef).join(', ')}`]),
    `    $ ${command}`,
    ...(quote !== undefined && !(ok && sure) ? [indent(quote, '    | ')] : []),
  ].join('\n')
}

/** A followed request for a terminal: the outcome, then hop by hop; the configuration itself is quoted where the request does not go on. */
export function followText(report: FollowReport): string {
  const { request, caller, clusters, hops, outcome, headline } = report
  const parts = [
    `${OUTCOMES[outcome]}: ${headline}`,
    '',
    ...(caller === undefined
      ? []
      : [
          `Caller: ${caller.kind === 'ingress' ? 'gateway' : 'sidecar of'} ${formatRef(caller.pod)}, port ${request.port}`,
        ]),
    ...(clusters.length === 0
      ? []
      : [`Clusters: ${clusters.map(({ name, weight }) => `${name} (${weight} %)`).join(', ')}`]),
    '',
    ...hops.map(hopText),
  ]
  return `${visible(parts.join('\n'))}\n`
}
