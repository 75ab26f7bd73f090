/** Between which differences, in milliseconds, the API server's clock is ahead of this machine's. */
interface Bounds {
  least: number
  most: number
}

/** The header knows whole seconds. */
const SECOND = 1000

/**
 * The API server's clock, read from the `Date` header of its answers. Log lines, certificates and objects carry the cluster's times, so they are
 * judged by its clock and not by the clock of the machine that looks. While nothing was heard, or the two clocks agree as far as the header can
 * tell, it is the machine's own.
 */
export class ServerClock {
  private bounds: Bounds | undefined

  /** Takes in one answer's `Date` header; times are the machine's when the request was sent and when its answer came. */
  heard(header: string | undefined, sentAt: number, receivedAt: number): void {
    const said = Date.parse(header ?? '')
    if (Number.isNaN(said)) return
    const fresh = { least: said - receivedAt, most: said + SECOND - sentAt }
    const both = {
      least: Math.max(fresh.least, this.bounds?.least ?? -Infinity),
      most: Math.min(fresh.most, this.bounds?.most ?? Infinity),
    }
    // Nothing in common: one of the clocks was set, or has drifted.
    this.bounds = both.least > both.most ? fresh : both
  }

  /** True when the API server has said what time it is. */
  get isKnown(): boolean {
    return this.bounds !== undefined
  }

  /** Milliseconds that the API server's clock is ahead of the machine's; 0 while they may agree. */
  get ahead(): number {
    if (this.bounds === undefined) return 0
    const { least, most } = this.bounds
    return least <= 0 && most >= 0 ? 0 : Math.round((least + most) / 2)
  }

  /** What time it is at the API server, now or when the machine's clock said `machineTime`. */
  now(machineTime: number = Date.now()): Date {
    return new Date(machineTime + this.ahead)
  }
}
