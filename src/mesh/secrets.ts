/** One secret of a proxy's secret discovery, without anything secret. */
export interface ProxySecret {
  /** `default` (its own certificate), `ROOTCA`, `kubernetes://NAME` for a Gateway's credential. */
  name: string
  type?: 'Cert Chain' | 'CA'
  /** `WARMING`: asked for and not had; what waits for it waits too. */
  status: string
  /** Of the first certificate: serial number in hexadecimal, and the times (ISO) between which it is valid. */
  serial?: string
  notBefore?: string
  notAfter?: string
}

const COLUMNS = { name: 'RESOURCE NAME', type: 'TYPE', status: 'STATUS', serial: 'SERIAL NUMBER', notAfter: 'NOT AFTER', notBefore: 'NOT BEFORE' } as const

/**
 * Reads the table that `istioctl proxy-config secret POD` prints. Its JSON form would hold certificates and, masked, keys.
 *
 * @throws {SyntaxError} when there is no such table
 */
export function parseSecretTable(text: string): ProxySecret[] {
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  const header = lines.findIndex((line) => line.startsWith(COLUMNS.name))
  if (header === -1) {
    if (/^No (?:active or warming )?secrets/im.test(text)) return []
    throw new SyntaxError('expected a table of secrets')
  }
  const heads = [...(lines[header] ?? '').matchAll(/\S+(?: \S+)*/g)].map((match) => ({ title: match[0], from: match.index }))
  const cell = (line: string, title: string): string => {
    const index = heads.findIndex((head) => head.title === title)
    return index === -1 ? '' : line.slice(heads[index]?.from, heads[index + 1]?.from).trim()
  }
  return lines.slice(header + 1).map((line): ProxySecret => {
    const type = cell(line, COLUMNS.type)
    const [serial, notBefore, notAfter] = ([COLUMNS.serial, COLUMNS.notBefore, COLUMNS.notAfter] as const).map((title) => cell(line, title))
    return {
      name: cell(line, COLUMNS.name), status: cell(line, COLUMNS.status), ...((type === 'Cert Chain' || type === 'CA') && { type }),
      ...(serial && { serial }), ...(notBefore && { notBefore }), ...(notAfter && { notAfter }),
    }
  })
}
