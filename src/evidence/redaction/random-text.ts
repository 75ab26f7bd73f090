/** Fewest characters of a text that is taken for random, and of one in a single case, as names of pods' templates are. */
const SHORTEST = 20
const SHORTEST_IN_ONE_CASE = 24
/** Changes between classes of characters, for each character: words of a name have fewer. Of base64 it is 0.63, of hexadecimal 0.47. */
const CHANGES = 0.4
const CHANGES_IN_ONE_CASE = 0.3

/** Characters of base64, also of its form for addresses. */
const OF_RUN = Uint8Array.from({ length: 128 }, (_, code) => Number(/[A-Za-z0-9+/_-]/.test(String.fromCharCode(code))))

/** What makes a run of hexadecimal digits a digest, an identity of a container, or part of a longer name. */
const BEFORE_DIGEST =
  /(?:sha\d*:|:\/\/|@|hash|checksum|digest|serial|uid|version|revision|nonce)[/.\w-]{0,24}["':=\s]{0,4}$/i
const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/i

const classOf = (code: number): 0 | 1 | 2 | 3 =>
  code >= 97 && code <= 122 ? 1 : code >= 65 && code <= 90 ? 2 : code >= 48 && code <= 57 ? 3 : 0

/** Says whether a text looks like one that a machine drew: letters of both cases and digits, in no order. */
function isDrawn(text: string): boolean {
  const counts = [0, 0, 0, 0]
  let changes = 0
  let before = 0
  for (let i = 0; i < text.length; i += 1) {
    const now = classOf(text.charCodeAt(i))
    counts[now] = (counts[now] ?? 0) + 1
    if (now !== 0 && before !== 0 && now !== before) changes += 1
    if (now !== 0) before = now
  }
  const [others = 0, lower = 0, upper = 0, digits = 0] = counts
  const length = text.length - others
  if (digits === 0 || lower + upper === 0) return false
  return lower > 0 && upper > 0
    ? length >= SHORTEST - 2 && changes >= length * CHANGES
    : length >= SHORTEST_IN_ONE_CASE && others <= 1 && changes >= length * CHANGES_IN_ONE_CASE
}

/** Names are made of words: each part of one is looked at by itself, unless the whole is in both cases. */
const partsOf = (run: string): readonly string[] => run.match(/[^/_-]+|[/_-]+/g) ?? []

/**
 * Puts something in place of each run that might be random, from its first character to the last, with up to two `=` after it.
 * @param put gets the run, and its place in the text
 */
export function replaceRuns(text: string, put: (run: string, at: number) => string): string {
  const isOfRun = (at: number): boolean => OF_RUN[text.charCodeAt(at)] === 1
  let clean = ''
  let written = 0
  // A run covers one of every so many characters: the others need not be looked at.
  for (let at = SHORTEST - 1; at < text.length;) {
    if (!isOfRun(at)) {
      at += SHORTEST
      continue
    }
    let begin = at
    while (begin > written && isOfRun(begin - 1)) begin -= 1
    let end = at + 1
    while (end < text.length && isOfRun(end)) end += 1
    const isLong = end - begin >= SHORTEST
    for (let padding = 0; isLong && padding < 2 && text[end] === '='; padding += 1) end += 1
    if (isLong) {
      clean += text.slice(written, begin) + put(text.slice(begin, end), begin)
      written = end
    }
    at = end + SHORTEST - (isLong ? 1 : 0)
  }
  return written === 0 ? text : clean + text.slice(written)
}

/** Puts something in place of what in a run looks random; `before` is the text before it, up to some characters. */
export function withoutRandom(run: string, before: string, put: string): string {
  const slashes = /^\/+/.exec(run)?.[0] ?? ''
  return slashes + withoutRandomPart(run.slice(slashes.length), before + slashes, put)
}

function withoutRandomPart(run: string, before: string, put: string): string {
  if (UUID.test(run) && run.replace(UUID, '').length < SHORTEST) return run
  if (/^[0-9a-f]+$/.test(run) && BEFORE_DIGEST.test(before)) return run
  const isPath = run.includes('/') && run.split('/').some((part) => /^[a-z]{3,}$/.test(part))
  if (!isPath && isDrawn(run) && /[a-z]/.test(run) && /[A-Z]/.test(run)) return put
  if (run.length > 400 && isDrawn(run)) return put
  const parts = partsOf(run)
  if (parts.length === 1) return isDrawn(run) ? put : run
  return parts.map((part) => (part.length >= SHORTEST && isDrawn(part) ? put : part)).join('')
}
