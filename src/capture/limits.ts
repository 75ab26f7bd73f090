import { LINKS } from './decode.ts'
import type { Capture } from './read-capture.ts'
import { counted, grouped } from './words.ts'

/** A link layer in a word or two. */
export const linkName = (link: number): string => LINKS[link] ?? `link type ${link}`

/** What the capture cannot show, a sentence each. */
export function limitsOf({ file, kinds, shortened, packets, streams, notFollowed, links }: Capture): string[] {
  const said: string[] = []
  const say = (isSo: boolean, says: () => string): void => {
    if (isSo) said.push(says())
  }
  const { cut = 0, fragment = 0 } = kinds
  const unread = [...links].filter(([link]) => LINKS[link] === undefined)
  const missing = streams.reduce((sum, stream) => sum + stream.flow(0).notCaptured + stream.flow(1).notCaptured, 0)
  const begun = streams.filter(({ syn }) => syn === undefined).length
  say(
    file.damage !== undefined,
    () =>
      `The file is damaged at byte ${grouped(file.damage?.at ?? 0)} (${file.damage?.says ?? ''}): what comes after was not read.`,
  )
  say(
    file.cutBytes > 0,
    () =>
      `The file ends in the middle of a packet (${counted(file.cutBytes, 'byte')} of it are there): whatever wrote it was stopped, and what came after is missing.`,
  )
  say(
    (file.dropped ?? 0) > 0,
    () => `${counted(file.dropped ?? 0, 'packet')} were dropped while capturing: what looks lost may have been there.`,
  )
  say(
    cut > 0,
    () =>
      `${counted(cut, 'packet')} of ${grouped(packets)} were cut before the end of their headers${file.snapLength === undefined ? '' : ` (${file.snapLength} bytes of each were kept)`}: nothing can be said of them. Capture again with tcpdump -s 128 or more.`,
  )
  say(
    shortened > cut,
    () =>
      `Of ${counted(shortened - cut, 'packet')} only the beginning was kept${file.snapLength === undefined ? '' : ` (${file.snapLength} bytes)`}: headers and bodies that are not there are not judged.`,
  )
  say(missing > 0, () => `${counted(missing, 'byte')} were acknowledged but are not in the capture: it has holes.`)
  say(
    begun > 0,
    () =>
      `${counted(begun, 'stream')} of ${grouped(streams.length)} began before the capture: what went before in them is not known.`,
  )
  say(fragment > 0, () => `${counted(fragment, 'IP fragment')} were not put together.`)
  say(
    notFollowed > 0,
    () =>
      `${counted(notFollowed, 'packet')} belong to streams beyond the first ${grouped(streams.length)}, which were not followed.`,
  )
  say(
    unread.length > 0,
    () =>
      `Not read: ${unread.map(([link, count]) => `${counted(count, 'packet')} of link type ${link}`).join(', ')}. Readable are Ethernet, Linux cooked, loopback and raw IP.`,
  )
  return said
}
