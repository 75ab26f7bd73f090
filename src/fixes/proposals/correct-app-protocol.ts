import { formatRef } from '../../mesh/ref.ts'
import { textArg } from '../drafting/finding-args.ts'
import { applyTo } from '../manifest.ts'
import type { Proposal } from '../proposal.ts'
import { defineFix } from '../proposal.ts'
import { undoText } from '../drafting/undo-text.ts'

/** What a port may speak instead, the likeliest first. */
const OTHERS: Readonly<Record<'one' | 'two', readonly { appProtocol: string; words: string }[]>> = {
  one: [
    { appProtocol: 'http2', words: 'HTTP/2' },
    { appProtocol: 'tcp', words: 'bytes that are not HTTP' },
  ],
  two: [
    { appProtocol: 'http', words: 'HTTP/1.1' },
    { appProtocol: 'tcp', words: 'bytes that are not HTTP' },
  ],
}

/** Says by appProtocol what a Service's port speaks, where its name or appProtocol says something that failed requests disprove. */
export const correctAppProtocol = defineFix({
  act: 'correct-app-protocol',
  about: "sets the appProtocol of a Service's port, where requests contradict its name",
  codes: ['MESH0120'],
  propose(finding, evidence) {
    const { subject, code, args } = finding
    const service =
      subject.kind === 'Service' ? evidence.object('services', subject.namespace ?? '', subject.name) : undefined
    const port = (service?.spec?.ports ?? []).find((one) => one.port === Number(args.port))
    if (service === undefined || port === undefined) return []
    const claimed = textArg(finding, 'protocol')
    return OTHERS[claimed.includes('HTTP/2') ? 'two' : 'one'].map(({ appProtocol, words }): Proposal => {
      const write = applyTo(service, {
        spec: { ports: [{ port: port.port, protocol: port.protocol ?? 'TCP', appProtocol }] },
      })
      return {
        act: 'correct-app-protocol',
        for: code,
        title: `Declare that port ${port.port} of ${subject.name} speaks ${appProtocol}`,
        why: `${formatRef(subject)} says that its port ${port.port} speaks ${claimed}, and its pods answer something else. appProtocol tells the proxies ${words}, whatever the port's name says.`,
        effect: `All proxies in the mesh speak ${words} to ${subject.name}:${port.port}${appProtocol === 'tcp' ? '; routes, retries and metrics of HTTP no longer apply to it' : ''}.`,
        risk: {
          level: 'medium',
          says: `Requests to ${subject.name}:${port.port} that work today, if any, are sent with the new protocol too.`,
        },
        undo: undoText([write]),
        writes: [write],
        choice: appProtocol,
      }
    })
  },
})
