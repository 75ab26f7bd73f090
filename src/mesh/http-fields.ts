import type { AuthorizationRule } from './objects.ts'

const HTTP = ['hosts', 'notHosts', 'methods', 'notMethods', 'paths', 'notPaths']
const HTTP_SOURCES = ['requestPrincipals', 'notRequestPrincipals', 'remoteIpBlocks', 'notRemoteIpBlocks']
const HTTP_KEYS = /^(request\.|remote\.ip|connection\.sni)/

/** The fields of a rule that are about requests: what acts on connections alone cannot see them. */
export function httpFields({ from = [], to = [], when = [] }: AuthorizationRule): string[] {
  return [
    ...to.flatMap(({ operation = {} }) => Object.keys(operation).filter((field) => HTTP.includes(field))),
    ...from.flatMap(({ source = {} }) => Object.keys(source).filter((field) => HTTP_SOURCES.includes(field))),
    ...when.flatMap(({ key }) => (HTTP_KEYS.test(key) ? [key] : [])),
  ]
}

/** True when a rule asks for something that a connection shows. */
export const hasOtherConditions = ({ from = [], to = [], when = [] }: AuthorizationRule): boolean =>
  to.some(({ operation = {} }) => Object.keys(operation).some((field) => !HTTP.includes(field))) ||
  from.some(({ source = {} }) => Object.keys(source).some((field) => !HTTP_SOURCES.includes(field))) ||
  when.some(({ key }) => !HTTP_KEYS.test(key))
