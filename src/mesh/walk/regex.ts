/**
 * Whole-text matching of RE2 expressions, in time linear in the text: the expression and the text are somebody else's, and JavaScript's own
 * engine can be made to hang by them.
 */
type Char = (char: string) => boolean
interface State {
  take?: Char
  assert?: '^' | '$' | 'b' | 'B'
  next: State[]
  end?: true
}
type Build = (next: State) => State

/** An expression with syntax that is not known here. */
class UnknownSyntax extends Error {}

/** States an expression may come to: counted repetitions are written out. */
const MOST_STATES = 20_000
const POSIX: Readonly<Record<string, string>> = {
  alnum: 'a-zA-Z0-9',
  alpha: 'a-zA-Z',
  ascii: '\\x00-\\x7f',
  blank: ' \\t',
  cntrl: '\\x00-\\x1f\\x7f',
  digit: '0-9',
  graph: '!-~',
  lower: 'a-z',
  print: ' -~',
  punct: '!-\\/:-@\\[-`{-~',
  space: '\\s',
  upper: 'A-Z',
  word: '\\w',
  xdigit: '0-9a-fA-F',
}

interface Flags {
  i: boolean
  s: boolean
  m: boolean
}

class Parser {
  private at = 0
  private states = 0
  private readonly text: string
  private flags: Flags = { i: false, s: false, m: false }

  constructor(text: string) {
    this.text = unquoted(text)
  }

  whole(): State {
    const build = this.alternatives()
    if (this.at < this.text.length) throw new UnknownSyntax('unexpected )')
    return build({ next: [], end: true })
  }

  private state(state: State): State {
    this.states += 1
    if (this.states > MOST_STATES) throw new UnknownSyntax('too large')
    return state
  }

  private alternatives(): Build {
    const options = [this.sequence()]
    while (this.text[this.at] === '|') {
      this.at += 1
      options.push(this.sequence())
    }
    const [only] = options
    return only !== undefined && options.length === 1
      ? only
      : (next) => this.state({ next: options.map((option) => option(next)) })
  }

  private sequence(): Build {
    const parts: Build[] = []
    while (this.at < this.text.length && !'|)'.includes(this.text[this.at] ?? '')) parts.push(this.repeated())
    return (next) => parts.reduceRight((after, part) => part(after), next)
  }

  private repeated(): Build {
    let part = this.atom()
    for (;;) {
      const counted = /^(?:\*|\+|\?|\{(\d+)(,(\d*))?\})\??/.exec(this.text.slice(this.at, this.at + 16))
      if (counted === null) return part
      const [all, least, comma, most] = counted
      this.at += all.length
      part = this.times(
        part,
        ...(all.startsWith('*')
          ? ([0, Infinity] as const)
          : all.startsWith('+')
            ? ([1, Infinity] as const)
            : all.startsWith('?')
              ? ([0, 1] as const)
              : ([
                  Number(least),
                  comma === undefined ? Number(least) : most === '' || most === undefined ? Infinity : Number(most),
                ] as const)),
      )
    }
  }

  private times(part: Build, least: number, most: number): Build {
    if (least > 1000 || (most !== Infinity && (most > 1000 || most < least)))
      throw new UnknownSyntax('repeated too often')
    return (next) => {
      let after = next
      if (most === Infinity) {
        const loop = this.state({ next: [] })
        loop.next = [part(loop), next]
        after = loop
      } else {
        for (let i = least; i < most; i += 1) after = this.state({ next: [part(after), next] })
      }
      for (let i = 0; i < least; i += 1) after = part(after)
      return after
    }
  }

  private atom(): Build {
    const char = String.fromCodePoint(this.text.codePointAt(this.at) ?? 0)
    this.at += char.length
    if (char === '(') return this.group()
    if (char === '[') return this.one(this.charClass())
    if (char === '.') return this.one(this.flags.s ? '[^]' : '[^\\n]')
    if (char === '^' || char === '$') return this.assertion(char)
    if (char === '\\') return this.escape()
    if ('*+?'.includes(char)) throw new UnknownSyntax('nothing to repeat')
    return this.one(literal(char))
  }

  private one(pattern: string): Build {
    const expression = new RegExp(`^(?:${pattern})$`, `u${this.flags.i ? 'i' : ''}s`)
    const known = new Map<string, boolean>()
    const take: Char = (char) => {
      const before = known.get(char)
      if (before !== undefined) return before
      const found = expression.test(char)
      known.set(char, found)
      return found
    }
    return (next) => this.state({ take, next: [next] })
  }

  private assertion(assert: NonNullable<State['assert']>): Build {
    if (this.flags.m && (assert === '^' || assert === '$')) throw new UnknownSyntax('several lines')
    return (next) => this.state({ assert, next: [next] })
  }

  private group(): Build {
    const opening = /^\?(?:P?<[A-Za-z_]\w*>|([imsU]*(?:-[imsU]+)?)([:)]))/.exec(this.text.slice(this.at))
    if (opening === null && this.text[this.at] === '?') throw new UnknownSyntax('group')
    const before = { ...this.flags }
    if (opening !== null) {
      this.at += opening[0].length
      if (opening[1] !== undefined) this.setFlags(opening[1])
      // Flags without a colon hold until the end of the group around them.
      if (opening[2] === ')') return (next) => next
    }
    const inside = this.alternatives()
    if (this.text[this.at] !== ')') throw new UnknownSyntax('missing )')
    this.at += 1
    this.flags = before
    return inside
  }

  private setFlags(text: string): void {
    let value = true
    for (const flag of text) {
      if (flag === '-') value = false
      else if (flag === 'i' || flag === 's' || flag === 'm') this.flags = { ...this.flags, [flag]: value }
    }
  }

  private escape(): Build {
    const char = this.text[this.at] ?? ''
    if (char === 'A' || char === 'z') {
      this.at += 1
      return this.assertion(char === 'A' ? '^' : '$')
    }
    if (char === 'b' || char === 'B') {
      this.at += 1
      return this.assertion(char)
    }
    return this.one(this.escaped())
  }

  /** What follows a backslash, as JavaScript writes it. */
  private escaped(): string {
    const rest = this.text.slice(this.at)
    const known = /^(?:[dDwWsS]|[pP](?:\{\^?\w+\}|[A-Z])|x[0-9A-Fa-f]{2}|x\{[0-9A-Fa-f]+\}|[nrtfv]|a|0[0-7]{0,2})/.exec(
      rest,
    )?.[0]
    if (known === undefined) {
      const char = rest[0] ?? ''
      if (char === '' || /[A-Za-z0-9]/.test(char)) throw new UnknownSyntax(`\\${char}`)
      this.at += 1
      return literal(char)
    }
    this.at += known.length
    if (known === 'a') return '\\x07'
    // RE2's \s has no vertical tab and no Unicode spaces.
    if (known === 's') return '[\\t\\n\\f\\r ]'
    if (known === 'S') return '[^\\t\\n\\f\\r ]'
    if (known.startsWith('x{')) return `\\u${known.slice(1)}`
    if (known.startsWith('0')) return `\\u{${Number.parseInt(known, 8).toString(16)}}`
    return /^[pP]/.test(known) ? unicodeClass(known) : `\\${known}`
  }

  private charClass(): string {
    let inside = ''
    if (this.text[this.at] === '^') {
      inside += '^'
      this.at += 1
    }
    for (let first = true; ; first = false) {
      const char = this.text[this.at]
      if (char === undefined) throw new UnknownSyntax('missing ]')
      if (char === ']' && !first) {
        this.at += 1
        return `[${inside}]`
      }
      const posix = char === '[' ? /^\[:(\^?)(\w+):\]/.exec(this.text.slice(this.at)) : null
      if (posix !== null) {
        const set = POSIX[posix[2] ?? '']
        if (set === undefined || posix[1] === '^') throw new UnknownSyntax(posix[0])
        inside += set
        this.at += posix[0].length
      } else if (char === '\\') {
        this.at += 1
        const one = this.escaped()
        if (one.startsWith('[^')) throw new UnknownSyntax('\\S in a class')
        inside += one.startsWith('[') ? one.slice(1, -1) : one
      } else {
        const whole = String.fromCodePoint(this.text.codePointAt(this.at) ?? 0)
        inside += char === '-' ? '-' : literal(whole)
        this.at += whole.length
      }
    }
  }
}

/** Writes `\Q…\E` out, character by character. */
const unquoted = (text: string): string =>
  text.replace(
    /\\Q(.*?)(?:\\E|$)|\\./gs,
    (all: string, quoted: string | undefined) => quoted?.replace(/[^\w\s]/gu, '\\$&') ?? all,
  )

const literal = (char: string): string => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`

function unicodeClass(text: string): string {
  const [, p = 'p', not = '', name = ''] = /^([pP])\{?(\^?)(\w+)\}?$/.exec(text) ?? []
  const letter = (not === '^') === (p === 'p') ? 'P' : 'p'
  // Scripts are named bare in RE2.
  for (const property of [name, `Script=${name}`]) {
    try {
      return new RegExp(`\\${letter}{${property}}`, 'u').source
    } catch {
      // Not a property of that name.
    }
  }
  throw new UnknownSyntax(text)
}

const isWord = (char: string | undefined): boolean => char !== undefined && /^\w$/.test(char)

function holds(assert: NonNullable<State['assert']>, chars: readonly string[], at: number): boolean {
  if (assert === '^') return at === 0
  if (assert === '$') return at === chars.length
  return (isWord(chars[at - 1]) !== isWord(chars[at])) === (assert === 'b')
}

/** Every state that can be reached without taking a character. */
function closure(states: Iterable<State>, chars: readonly string[], at: number): Set<State> {
  const reached = new Set<State>()
  const waiting = [...states]
  for (let state = waiting.pop(); state !== undefined; state = waiting.pop()) {
    if (reached.has(state)) continue
    reached.add(state)
    if (state.take === undefined && (state.assert === undefined || holds(state.assert, chars, at)))
      waiting.push(...state.next)
  }
  return reached
}

const compiled = new Map<string, State | null>()
/** Expressions kept compiled, at most: a mesh has few, a process may see many meshes. */
const MOST_KEPT = 500

function compile(expression: string): State | null {
  const known = compiled.get(expression)
  if (known !== undefined) return known
  if (compiled.size >= MOST_KEPT) compiled.clear()
  let start: State | null = null
  try {
    start = new Parser(expression).whole()
  } catch (error) {
    if (!(error instanceof UnknownSyntax || error instanceof SyntaxError || error instanceof RangeError)) throw error
  }
  compiled.set(expression, start)
  return start
}

/** True when the whole text matches, as Envoy asks of RE2; undefined for syntax that is not known here. */
export function matchesWhole(expression: string, text: string): boolean | undefined {
  const start = compile(expression)
  if (start === null) return undefined
  const chars = Array.from(text)
  let states = closure([start], chars, 0)
  for (let at = 0; at < chars.length && states.size > 0; at += 1) {
    const char = chars[at] ?? ''
    states = closure(
      [...states].flatMap((state) => (state.take?.(char) === true ? state.next : [])),
      chars,
      at + 1,
    )
  }
  return [...states].some(({ end }) => end === true)
}
