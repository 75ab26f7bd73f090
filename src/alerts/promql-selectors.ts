/** One condition of a selector. */
export interface Matcher {
  label: string
  op: '=' | '!=' | '=~' | '!~'
  value: string
}

/** What a query reads: a metric's name, and conditions on its labels. */
export interface Selector {
  metric?: string
  matchers: Matcher[]
}

/** Characters that are read; a rule is hundreds. */
const MOST = 65_536
const MOST_SELECTORS = 200
const NAME_START = /[A-Za-z_:]/
const NAME_PART = /[\w:]/
const QUOTES = new Set(['"', "'", '`'])
const ESCAPES: Readonly<Record<string, string>> = { a: '\u0007', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' }

/** The selectors of a PromQL query, in their order (Prometheus documentation, querying basics); a selector that is cut off or malformed is left out. */
export function selectorsOf(query: string): Selector[] {
  return new SelectorReader(query.slice(0, MOST)).all()
}

class SelectorReader {
  private readonly text: string
  private at = 0

  constructor(text: string) {
    this.text = text
  }

  all(): Selector[] {
    const found: Selector[] = []
    let metric: string | undefined
    while (this.at < this.text.length && found.length < MOST_SELECTORS) {
      const char = this.peek()
      if (char === '#') this.skipComment()
      else if (QUOTES.has(char)) this.string()
      else if (NAME_START.test(char)) metric = this.name()
      else if (char === '{') {
        this.at += 1
        const selector = this.braces(metric)
        if (selector !== undefined) found.push(selector)
        metric = undefined
      } else {
        if (!/\s/.test(char)) metric = undefined
        this.at += 1
      }
    }
    return found
  }

  private peek(): string {
    return this.text.charAt(this.at)
  }

  private skipComment(): void {
    const end = this.text.indexOf('\n', this.at)
    this.at = end === -1 ? this.text.length : end + 1
  }

  private skipSpace(): void {
    for (;;) {
      if (this.peek() === '#') this.skipComment()
      else if (/\s/.test(this.peek())) this.at += 1
      else return
    }
  }

  private name(): string {
    const from = this.at
    while (NAME_PART.test(this.peek())) this.at += 1
    return this.text.slice(from, this.at)
  }

  /** What stands between braces; undefined when it is no selector. The name of a metric may stand there, between quotes. */
  private braces(outer: string | undefined): Selector | undefined {
    const matchers: Matcher[] = []
    let metric = outer
    for (;;) {
      this.skipSpace()
      if (this.peek() === '}') {
        this.at += 1
        return { ...(metric !== undefined && { metric }), matchers }
      }
      const isQuoted = QUOTES.has(this.peek())
      const label = isQuoted ? this.string() : NAME_START.test(this.peek()) ? this.name() : undefined
      if (label === undefined) return undefined
      this.skipSpace()
      const op = this.operator()
      if (op === undefined) {
        if (!isQuoted) return undefined
        metric = label
      } else {
        this.skipSpace()
        const value = QUOTES.has(this.peek()) ? this.string() : undefined
        if (value === undefined) return undefined
        matchers.push({ label, op, value })
      }
      this.skipSpace()
      if (this.peek() === ',') this.at += 1
      else if (this.peek() !== '}') return undefined
    }
  }

  private operator(): Matcher['op'] | undefined {
    const [, op] = /^(=~|!~|!=|=)/.exec(this.text.slice(this.at, this.at + 2)) ?? []
    if (op === undefined) return undefined
    this.at += op.length
    return op as Matcher['op']
  }

  /** A string as Go reads it; undefined when it has no end. Whatever an escape means that is none stays as it is. */
  private string(): string | undefined {
    const quote = this.peek()
    this.at += 1
    let value = ''
    while (this.at < this.text.length) {
      const char = this.peek()
      this.at += 1
      if (char === quote) return value
      if (char !== '\\' || quote === '`') value += char
      else value += this.escape()
    }
    return undefined
  }

  private escape(): string {
    const rest = this.text.slice(this.at, this.at + 9)
    const [whole, hex = '', short = '', long = '', octal = ''] =
      /^(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3}))/.exec(rest) ?? []
    if (whole === undefined) {
      const char = this.peek()
      this.at += 1
      return ESCAPES[char] ?? char
    }
    this.at += whole.length
    const number = octal === '' ? Number.parseInt(hex + short + long, 16) : Number.parseInt(octal, 8)
    return number <= 0x10_ffff ? String.fromCodePoint(number).toWellFormed() : '\uFFFD'
  }
}
