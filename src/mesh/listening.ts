/** An address that an application says it listens on. */
export interface Listening {
  /** `every`: all of the pod's addresses; `loopback`: only from inside the pod; `unsaid`: the text names the port alone, or some other address. */
  at: 'every' | 'loopback' | 'unsaid'
  port: number
  /** The line of the log, at most 300 characters. */
  line: string
}

/** Lines that are about listening at all; others may hold addresses of whatever the application talks to. */
const ABOUT = /\b(listen(s|ing)?|serv(e|es|ing)|server|start(ed|ing)?|running|bound|binding|up at|ready on)\b/i
const HOST = String.raw`(?<host>localhost|\[?::1?\]?|\*|0\.0\.0\.0|\d{1,3}(?:\.\d{1,3}){3})`
/** `127.0.0.1:3000`, `http://localhost:3000/`, `[::]:8080`, `:8080`. */
const ADDRESS = new RegExp(String.raw`(?:^|[\s"'(=/,])(?:${HOST})?:(?<port>\d{2,5})\b(?![.:\d])`, 'gi')
/** `port 8080`, `port(s): 8080`, `port=8080`. */
const PORT = /\bports?(?:\(s\))?[\s:='"]+(?<port>\d{2,5})\b(?!\.\d)/gi
/** `listening on 3000`. */
const ON = /\b(?:listening|listens|serving|running) (?:on|at) (?<port>\d{2,5})\b(?![.:\d])/gi

function placeOf(host: string | undefined): Listening['at'] {
  const bare = host?.toLowerCase().replace(/[[\]]/g, '')
  if (bare === undefined) return 'unsaid'
  if (bare === 'localhost' || bare === '::1' || bare.startsWith('127.')) return 'loopback'
  return ['0.0.0.0', '::', '*'].includes(bare) ? 'every' : 'unsaid'
}

/** What an application's log says of where it listens, the newest last; empty when it says nothing of it. Lines with a time of day alone say nothing. */
export function listeningIn(log: string): Listening[] {
  return log
    .split('\n')
    .filter((line) => line.length < 2000 && ABOUT.test(line))
    .flatMap((text): Listening[] => {
      const line = text.trim().slice(0, 300)
      // Times of day look like addresses without a host.
      const plain = text.replace(/\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?/g, (time) =>
        /^\d{1,2}:\d{2}:\d{2}/.test(time) ? ' ' : time,
      )
      const addresses = [...plain.matchAll(ADDRESS)].map(({ groups }): Listening => ({
        at: placeOf(groups?.host),
        port: Number(groups?.port),
        line,
      }))
      const ports =
        addresses.length > 0
          ? []
          : [...plain.matchAll(PORT), ...plain.matchAll(ON)].map(({ groups }): Listening => ({
              at: 'unsaid',
              port: Number(groups?.port),
              line,
            }))
      return [...addresses, ...ports].filter(({ port }) => port >= 1 && port <= 65_535)
    })
}
