import { defined } from '../../mesh/defined.ts'
import { oneLine } from '../../mesh/visible.ts'
import type { Answers, KialiConfigAnswer, KialiHealthAnswer } from '../answers.ts'
import type { KialiApp, KialiObjects, KialiValidation } from '../kiali.ts'
import { redact } from '../redaction.ts'
import { answered } from './answered.ts'
import { beginningOf, ByteBudget, textOf } from './byte-budget.ts'
import type { Kiali } from './clients.ts'
import { UnseenError } from './clients.ts'

/** Bytes of an answer: all objects of a namespace. */
const MOST_ANSWER = 32 * 1024 * 1024
const MOST_ERROR = 1024
/** Validations of one object that are kept: Kiali has about a hundred codes. */
const MOST_OF_ONE = 100
/** Milliseconds that an answer may take: it only advises. */
const WAITS = 10_000
/** Characters of an error that are shown. */
const MOST_SHOWN = 200

/** The path of a namespace's objects with what Kiali holds against them, and of its applications' health. */
export const validationsPath = (namespace: string): string =>
  `/api/namespaces/${encodeURIComponent(namespace)}/istio?validate=true`
export const healthPath = (namespace: string): string =>
  `/api/clusters/health?namespaces=${encodeURIComponent(namespace)}&type=app&rateInterval=60s`

/**
 * Asks a Kiali at its address with its web root: `http://kiali.istio-system:20001/kiali`.
 *
 * @param token answers the bearer token to send, read anew for each question; undefined for a Kiali with anonymous login
 */
export function kialiApi(
  url: string,
  token: () => Promise<string | undefined> = () => Promise.resolve(undefined),
  budget = new ByteBudget(),
): Kiali {
  const base = url.replace(/\/+$/, '')

  async function ask<K extends 'kiali configuration' | 'kiali health'>(
    answer: K,
    path: string,
    stop: AbortSignal,
  ): Promise<Answers[K]> {
    const signal = AbortSignal.any([stop, AbortSignal.timeout(WAITS)])
    let response: Response
    let text = ''
    const reading = budget.begin('the answer of Kiali', { most: MOST_ANSWER, signal })
    try {
      const bearer = await token()
      // Wherever it is redirected to is not who the token is for.
      response = await fetch(`${base}${path}`, {
        headers: { accept: 'application/json', ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }) },
        redirect: 'manual',
        signal,
      })
      if (response.body !== null)
        text = response.ok ? await textOf(response.body, reading) : await beginningOf(response.body, MOST_ERROR)
    } catch (error) {
      if (error instanceof UnseenError) throw error
      if (signal.aborted) throw new UnseenError('timeout', 'Kiali did not answer in time', { cause: error })
      const why = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error)
      throw new UnseenError('unavailable', `Kiali could not be reached (${redact(why)})`, { cause: error })
    } finally {
      reading.drop()
    }
    if (!response.ok) throw refused(response, text)
    let body: Answers[K]
    try {
      body = JSON.parse(text) as Answers[K]
    } catch (error) {
      throw new UnseenError(
        'unparsable',
        text.trimStart().startsWith('<')
          ? 'Kiali answered with a page instead of JSON: does KIALI_URL end in its web root (/kiali)?'
          : 'Kiali answered something that is not JSON',
        { cause: error },
      )
    }
    return answered(answer, body)
  }

  return {
    validations: async (namespace, signal) =>
      validationsOf(namespace, await ask('kiali configuration', validationsPath(namespace), signal)),
    health: async (namespace, signal) => appsOf(namespace, await ask('kiali health', healthPath(namespace), signal)),
  }
}

function refused({ status, headers }: Response, text: string): UnseenError {
  if (status === 401)
    return new UnseenError('forbidden', 'Kiali wants a login (401): set KIALI_TOKEN or KIALI_TOKEN_FILE')
  if (status === 403) return new UnseenError('forbidden', 'Kiali does not let its token see this (403)')
  if (status >= 300 && status < 400)
    return new UnseenError(
      'unavailable',
      `Kiali redirects to ${redact(headers.get('location') ?? 'nowhere').slice(0, MOST_SHOWN)}: does KIALI_URL end in its web root (/kiali), and does it take a token?`,
    )
  return new UnseenError(
    'unavailable',
    `Kiali answered ${status}: ${oneLine(redact(text.trim())).slice(0, MOST_SHOWN)}`,
  )
}

const SEVERITIES: readonly string[] = ['error', 'warning']

/** What of Kiali's answer is used: objects are read from the API server, not from it. */
function validationsOf(namespace: string, { resources = {}, validations }: KialiConfigAnswer): KialiObjects {
  return {
    validations: Object.values(validations)
      .flatMap((byName) => Object.values(byName))
      .flatMap(({ name, namespace: within = namespace, objectGVK, objectType, checks = [] }) =>
        checks.slice(0, MOST_OF_ONE).flatMap(({ code, message = '', severity = '', path = '' }): KialiValidation[] =>
          name === undefined || code === undefined
            ? []
            : [
                {
                  of: { kind: objectGVK?.Kind ?? objectType ?? '', namespace: within, name },
                  code: oneLine(code),
                  severity: SEVERITIES.includes(severity) ? (severity as 'error' | 'warning') : 'unknown',
                  message: oneLine(message),
                  path: oneLine(path),
                },
              ],
        ),
      ),
    objects: Object.values(resources)
      .flat()
      .flatMap(({ kind, metadata: { name, namespace: within = namespace, generation } = {} }) =>
        kind === undefined || name === undefined
          ? []
          : [{ of: { kind, namespace: within, name }, ...defined({ generation }) }],
      ),
  }
}

const appsOf = (namespace: string, { namespaceAppHealth }: KialiHealthAnswer): KialiApp[] =>
  Object.entries(namespaceAppHealth[namespace] ?? {}).map(([app, { status, workloadStatuses = [] }]) => ({
    app,
    status: oneLine(status?.status ?? 'unknown'),
    // Kiali says -1 where there were no requests.
    ...(status?.errorRatio !== undefined && status.errorRatio >= 0 && { errorRatio: status.errorRatio }),
    workloads: workloadStatuses.map(({ name = '', availableReplicas = 0, desiredReplicas = 0 }) => ({
      name,
      available: availableReplicas,
      desired: desiredReplicas,
    })),
  }))
