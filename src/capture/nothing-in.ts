import type { CaptureReport } from './capture-report.ts'
import { counted, grouped, span } from './words.ts'

/** Why there is nothing to explain; undefined when there are TCP streams. */
export function nothingIn({
  packets,
  kinds,
  streamCount,
  links,
  lasts,
  only,
}: CaptureReport): { why: string; remedies: string[] } | undefined {
  if (streamCount > 0) return undefined
  if (only !== undefined && only.leftOut > 0)
    return {
      why: `None of the ${counted(only.leftOut, 'TCP stream')} of this capture is of ${only.says}.`,
      remedies: ['Without --port, --peer and --filter all of them are explained.'],
    }
  if (packets === 0)
    return {
      why: 'No packets: nothing passed while this was captured. Is this the right leg?',
      remedies: [
        "The application's leg is on lo, in the clear; what goes between pods is on eth0, encrypted. -i any shows both.",
        'Compare port and address of the filter with the request, and let requests pass while it captures.',
      ],
    }
  const others = Object.entries(kinds).filter(([kind]) => kind !== 'tcp' && kind !== 'cut')
  const cut = kinds.cut ?? 0
  if (cut > 0 && cut === packets)
    return {
      why: `All ${grouped(packets)} packets were cut before the end of their headers: too little of each was kept.`,
      remedies: ['Capture again with tcpdump -s 128 or more.'],
    }
  return {
    why: `${counted(packets, 'packet')} in ${span(lasts)} and no TCP among them (${[...others.map(([kind, count]) => `${grouped(count)} ${kind}`), ...(cut > 0 ? [`${grouped(cut)} cut short`] : []), links.join(', ')].join('; ')}).`,
    remedies: ['Is this the right interface, and the right filter?'],
  }
}
