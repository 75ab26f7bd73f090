import { createServer, type Server } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import type { PortForward } from '../../src/evidence/clients/clients.ts'

/** Level of each target, as `tracing_subscriber::filter::Targets` keeps them: one for each, the most specific first. */
type Targets = Map<string, string>

const LEVELS = ['off', 'error', 'warn', 'info', 'debug', 'trace']
const USAGE = '\nusage: POST /logging\t\t\t\t\t\t(To list current level)\n'

function parse(text: string): Targets {
  const targets: Targets = new Map()
  for (const part of text.split(',')) {
    const at = part.lastIndexOf('=')
    targets.set(at === -1 ? '' : part.slice(0, at), part.slice(at + 1))
  }
  return targets
}
const print = (targets: Targets): string =>
  [...targets]
    .toSorted(([a], [b]) => b.length - a.length || a.localeCompare(b, 'en'))
    .map(([target, level]) => (target === '' ? level : `${target}=${level}`))
    .join(',')

/**
 * The `/logging` of a ztunnel's admin interface, as src/admin.rs and src/telemetry.rs of ztunnel have it: POST only; a level adds to what is there;
 * `reset` goes back to RUST_LOG first. Before it took modules (`former`), it took one level alone.
 */
export class ZtunnelStandIn {
  readonly asked: string[] = []
  /** Answers nothing. */
  silent = false
  private now: Targets
  private readonly former: boolean
  private readonly start: string
  private readonly server: Server

  constructor({ rustLog = 'info', former = false } = {}) {
    this.start = `hickory_server::server::server_future=off,${rustLog}`
    this.now = parse(this.start)
    this.former = former
    this.server = createServer((request, response) => {
      const { url = '', method = '' } = request
      if (this.silent) {
        response.socket?.destroy()
        return
      }
      this.asked.push(`${method} ${url}`)
      const [status, text] = this.answer(method, url)
      response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(text)
    })
  }

  get levels(): string {
    return print(this.now)
  }
  /** As somebody else sets them. */
  set(level: string): void {
    this.now = parse(`${this.levels},${level}`)
  }

  private answer(method: string, url: string): [number, string] {
    const { pathname, searchParams } = new URL(url, 'http://localhost')
    if (pathname !== '/logging') return [404, 'Not Found\n']
    if (method !== 'POST') return [405, `Invalid HTTP method\n ${USAGE}`]
    const listed: () => [number, string] = () => [200, `current log level is ${this.levels}\n`]
    const [level, reset] = [searchParams.get('level'), searchParams.has('reset')]
    if (level === null && !reset) return listed()
    const wanted = level ?? ''
    if (!this.former && !reset && wanted === '') return listed()
    const isValid = (clause: string): boolean =>
      LEVELS.includes(clause) ||
      (!this.former && clause.includes('=') && LEVELS.includes(clause.split('=').at(-1) ?? ''))
    const clauses = this.former ? [wanted] : wanted.split(',')
    if (wanted !== '' && !clauses.every(isValid)) return [400, `Invalid level provided: ${wanted}\n${USAGE}`]
    this.now = parse([reset ? this.start : this.levels, ...(wanted === '' ? [] : [wanted])].join(','))
    return listed()
  }

  /** Starts it, and gives the way to it. */
  async listen(): Promise<PortForward> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve))
    const { port } = this.server.address() as AddressInfo
    return (_pod, asked) =>
      new Promise((resolve, reject) => {
        if (asked !== 15000) {
          reject(new Error(`nothing listens on ${asked}`))
          return
        }
        const socket = connect(port, '127.0.0.1', () => resolve(socket))
        socket.on('error', reject)
      })
  }

  async close(): Promise<void> {
    this.server.closeAllConnections()
    await new Promise((resolve) => this.server.close(resolve))
  }
}
