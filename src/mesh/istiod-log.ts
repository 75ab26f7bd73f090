/** One warning or error of istiod's own log. */
export interface IstiodWarning {
  /** ISO time. */
  at: string
  /** The part of istiod that says it: `model`, `ads`, `validation`. */
  scope: string
  message: string
}

/** How Istio's control plane logs: time, level, scope and message, tabs between them. */
const LINE = /^(\S+Z)\t(?:warn|error)\t([\w-]+)\t(.*)$/

/** Takes the warnings and errors out of istiod's log; all else, which is most of it, is left out. */
export function istiodWarnings(log: string): IstiodWarning[] {
  return log.split('\n').flatMap((line) => {
    const [, at, scope, message] = LINE.exec(line) ?? []
    return at === undefined || scope === undefined || message === undefined ? [] : [{ at, scope, message }]
  })
}
