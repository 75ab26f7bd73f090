import { UserError } from '../mesh/user-error.ts'
import { parseFilter } from './filter.ts'

/** What is captured, where, for how long and how much: all that tcpdump is told. */
export interface CapturePlan {
  interface: CaptureInterface
  /** TCP port of either side; all of them when absent. */
  port?: number
  /** Address of the other side, as IP. */
  peer?: string
  seconds: number
  /** Bytes that are kept of each packet. */
  snapLength: number
  /** What the whole capture may take. */
  bytes: number
}

export const CAPTURE_INTERFACES = ['lo', 'eth0', 'any'] as const
export type CaptureInterface = (typeof CAPTURE_INTERFACES)[number]

/** Headers of Ethernet, IPv6 and TCP with all options, and the line that a request or an answer begins with, mostly. */
export const HEADERS_ONLY = 160
/** All of it: payload. */
export const WHOLE_PACKETS = 65_535
/** Seconds and bytes of a capture, unless others are asked for. */
export const USUAL = { seconds: 30, bytes: 10 * 1024 * 1024 } as const
/** Most of both. */
export const MOST = { seconds: 300, bytes: 100 * 1024 * 1024 } as const

/** What a person types. */
export interface AskedCapture {
  interface?: string | undefined
  port?: string | number | undefined
  peer?: string | undefined
  /** `30s`, `2m`, `45`. */
  for?: string | undefined
  /** Whole packets, not their headers alone. */
  payload?: boolean | undefined
  /** Port and peer in one, as tcpdump has it: `port 3000 and host 10.1.2.3`. */
  filter?: string | undefined
}

const V4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/
const isAddress = (text: string): boolean =>
  V4.test(text) ||
  (text.includes(':') && text.length <= 39 && /^[0-9a-f:]+$/i.test(text) && URL.canParse(`http://[${text}]/`))

const refuse = (why: string, ...remedies: string[]): UserError =>
  new UserError({ why, remedies }, { code: 'capture-option' })

/** Makes a plan of what was typed. Nothing but names of interfaces, numbers and addresses passes. @throws UserError */
export function planCapture(asked: AskedCapture): CapturePlan {
  const on = asked.interface ?? 'lo'
  const known = CAPTURE_INTERFACES.find((one) => one === on)
  if (known === undefined)
    throw refuse(
      `${JSON.stringify(on.slice(0, 40))} is no interface that is captured on.`,
      `Name one of ${CAPTURE_INTERFACES.join(', ')}: lo is the application's leg in the clear, eth0 the wire.`,
    )
  return {
    interface: known,
    ...filterOf(asked),
    seconds: secondsOf(asked.for),
    snapLength: asked.payload === true ? WHOLE_PACKETS : HEADERS_ONLY,
    bytes: USUAL.bytes,
  }
}

/** Port and peer, as numbers and addresses: by themselves, or out of a filter. @throws UserError */
export function filterOf(asked: Pick<AskedCapture, 'port' | 'peer' | 'filter'>): Pick<CapturePlan, 'port' | 'peer'> {
  const typed = asked.filter === undefined ? {} : parseFilter(asked.filter)
  if ((typed.port !== undefined && asked.port !== undefined) || (typed.peer !== undefined && asked.peer !== undefined))
    throw refuse('The filter says what another option says too.', 'Give one of them.')
  const [givenPort, peer] = [typed.port ?? asked.port, typed.peer ?? asked.peer]
  const port = givenPort === undefined ? undefined : Number(givenPort)
  if (port !== undefined && !(Number.isInteger(port) && port >= 1 && port <= 65_535))
    throw refuse(`${JSON.stringify(String(givenPort).slice(0, 40))} is not a TCP port.`)
  if (peer !== undefined && !isAddress(peer))
    throw refuse(
      `${JSON.stringify(peer.slice(0, 60))} is not an IP address.`,
      'Names are not looked up: give the address.',
    )
  return { ...(port !== undefined && { port }), ...(peer !== undefined && { peer: peer.toLowerCase() }) }
}

function secondsOf(text: string | undefined): number {
  if (text === undefined) return USUAL.seconds
  const [, number, unit] = /^(\d{1,5})(s|m)?$/.exec(text.trim()) ?? []
  const seconds = Number(number) * (unit === 'm' ? 60 : 1)
  if (!(seconds >= 1 && seconds <= MOST.seconds))
    throw refuse(
      `${JSON.stringify(text.slice(0, 40))} is no time to capture for.`,
      `Give 1s to ${MOST.seconds / 60}m, as in --for 30s.`,
    )
  return seconds
}

/** The arguments of tcpdump for a plan, each by itself: none of them is text that a person typed. */
export function tcpdumpArguments({ interface: on, port, peer, snapLength, bytes }: CapturePlan): string[] {
  const filter = [
    'tcp',
    ...(port === undefined ? [] : ['port', String(port)]),
    ...(peer === undefined ? [] : ['host', peer]),
  ]
  return [
    ...['-i', on, '-s', String(snapLength), '-p', '-n', '-U', '--immediate-mode'],
    // As many packets as fit, if each had the most that is kept of it and a record header.
    ...['-c', String(Math.max(1, Math.floor(bytes / (Math.min(snapLength, 1500) + 16)))), '-w', '-'],
    filter
      .flatMap((word, index) => (index > 0 && (word === 'port' || word === 'host') ? ['and', word] : [word]))
      .join(' '),
  ]
}

/** The same in words: `lo, port 3000, for 30 s, headers only`. */
export function planText({ interface: on, port, peer, seconds, snapLength }: CapturePlan): string {
  return [
    on,
    port === undefined ? 'all TCP' : `port ${port}`,
    ...(peer === undefined ? [] : [`peer ${peer}`]),
    `for ${seconds} s`,
    snapLength === HEADERS_ONLY ? `the first ${HEADERS_ONLY} bytes of each packet` : 'whole packets',
  ].join(', ')
}
