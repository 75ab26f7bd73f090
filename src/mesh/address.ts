/** The IP address of `10.244.0.9:3000` or `[fd00::9]:3000`; undefined for anything else, such as a pipe. */
export function ipOf(address: string | undefined): string | undefined {
  const [, v6, v4] = /^(?:\[([0-9a-f:.]+)\]|(\d+\.\d+\.\d+\.\d+)):\d+$/i.exec(address ?? '') ?? []
  return v6 ?? v4
}

/** The port of an address. */
export function portOf(address: string | undefined): number | undefined {
  const port = /:(\d+)$/.exec(address ?? '')?.[1]
  return port === undefined ? undefined : Number(port)
}
