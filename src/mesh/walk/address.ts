import type { AddressRange } from '../envoy.ts'

/** An IPv4 or IPv6 address as its bits; undefined when the text is none. */
function bitsOf(address: string): string | undefined {
  if (/^\d{1,3}(\.\d{1,3}){3}$/.test(address)) {
    const octets = address.split('.').map(Number)
    return octets.some((octet) => octet > 255)
      ? undefined
      : octets.map((octet) => octet.toString(2).padStart(8, '0')).join('')
  }
  if (!/^[0-9a-f:]+$/i.test(address) || !address.includes(':')) return undefined
  const [head = '', tail] = address.split('::')
  const groups = (text: string): string[] => (text === '' ? [] : text.split(':'))
  const before = groups(head)
  const after = tail === undefined ? [] : groups(tail)
  const gap = 8 - before.length - after.length
  if (gap < 0 || (tail === undefined && gap > 0)) return undefined
  return [...before, ...Array.from({ length: gap }, () => '0'), ...after]
    .map((group) => Number.parseInt(group, 16).toString(2).padStart(16, '0'))
    .join('')
}

/** True for an IP address. */
export const isAddress = (text: string): boolean => bitsOf(text) !== undefined

/** True when a CIDR range holds the address. */
export function inRange(address: string, { addressPrefix = '', prefixLen = 0 }: AddressRange): boolean {
  const [bits, range] = [bitsOf(address), bitsOf(addressPrefix)]
  return bits !== undefined && bits.length === range?.length && range.startsWith(bits.slice(0, prefixLen))
}
